-- A registration's repeat is compared with what is stored. Its key has no day, so its bucket is 0; other events
-- there are those without a readable time, which are few.
CREATE INDEX events_timeless ON events (hash16) WHERE bucket = 0;
