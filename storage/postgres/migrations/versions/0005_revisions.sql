-- Every stored noun has a revision, and is saved only where it is still the one that was read.
ALTER TABLE grants ADD revision integer NOT NULL DEFAULT 1;
ALTER TABLE takedowns ADD revision integer NOT NULL DEFAULT 1;
ALTER TABLE uploads ADD revision integer NOT NULL DEFAULT 1;
ALTER TABLE invitations ADD revision integer NOT NULL DEFAULT 1;
ALTER TABLE devices ADD revision integer NOT NULL DEFAULT 1;
ALTER TABLE credentials ADD revision integer NOT NULL DEFAULT 1;

-- Only a version that a coordinator scheduled goes live by the clock: an approval alone no longer does.
ALTER TABLE materials ADD scheduled_for timestamptz;
UPDATE materials SET due_at = live_expires_at WHERE state = 'approved' AND due_at IS DISTINCT FROM live_expires_at;

-- Vocabularies have titles in both languages.
ALTER TABLE vocabulary ADD title_en text NOT NULL DEFAULT '';
