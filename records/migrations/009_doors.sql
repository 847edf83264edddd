-- Which attempt told an event: the fence of the write that brought it. What
-- was told anew has a higher one than what it replaced, and so a follower
-- finds it. 0: told before this was kept.
ALTER TABLE order_events ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
