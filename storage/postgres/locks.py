"""Advisory locks: one number each. Migrations take a lock of their own (`storage.postgres.migrate`)."""

FEED = 3250
"""Feed entries in commit order; taken by the SQL function `place_entries` (migration 0003) and by bulk import."""
SIGNING_KEYS = 3250_0001
AUDIT_CHAIN = 3250_0002
LOST_CHANNELS = 3250_0003
INBOX = 3250_0004
"""Inbox entries in commit order; taken before the feed lock."""
