-- A finished campaign can run another round for recipients whose outcome stayed
-- unknown. A recipient's generation counts the decisions to write to them.

ALTER TABLE campaigns ADD COLUMN round BIGINT NOT NULL DEFAULT 1;
ALTER TABLE campaign_recipients ADD COLUMN generation BIGINT NOT NULL DEFAULT 1;
