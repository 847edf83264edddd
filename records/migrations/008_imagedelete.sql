-- An image that is to be deleted has the status deleting until all its files
-- are deleted, then deleted. The sweep looks for images whose workflow never
-- started.

CREATE INDEX uploads_deleting ON uploads (updated_at, id) WHERE status = 'deleting';

-- The images of products that were deleted before are deleted too.
DELETE FROM renditions WHERE upload_id IN (
    SELECT u.id FROM uploads u JOIN products p ON p.sku = u.sku WHERE p.deleted = 1 AND u.status <> 'ready');
UPDATE uploads SET status = 'deleting' WHERE sku IN (SELECT sku FROM products WHERE deleted = 1);
