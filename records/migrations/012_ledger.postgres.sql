CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: write a correcting entry', TG_TABLE_NAME;
END $$;
CREATE FUNCTION ledger_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_periods WHERE ends_at > NEW.booked_at) THEN
        RAISE EXCEPTION 'the period is closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_periods_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_periods
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_settlements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_settlements
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_closed();
-- Also while a session replays the changes of another server.
ALTER TABLE ledger_entries ENABLE ALWAYS TRIGGER ledger_entries_append_only;
ALTER TABLE ledger_periods ENABLE ALWAYS TRIGGER ledger_periods_append_only;
ALTER TABLE ledger_settlements ENABLE ALWAYS TRIGGER ledger_settlements_append_only;
