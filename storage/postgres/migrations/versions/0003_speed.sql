-- A document is read far more often than written: up to one page of it stays in its row, and nothing is compressed.
ALTER TABLE editions ALTER document SET STORAGE EXTERNAL;
ALTER TABLE editions SET (toast_tuple_target = 8160);

-- The change as it is sent: of an upsert all that stands before its document, of a tombstone the whole.
ALTER TABLE entries ADD line bytea;
-- A first page leaves tombstones out, however many lie at the start of an old channel.
CREATE INDEX entries_live ON entries (channel_id, seq) WHERE reason IS NULL;

-- Goes up with every change to who may read what; whoever remembers answers asks for it.
ALTER TABLE feed_epoch ADD access bigint NOT NULL DEFAULT 0;
CREATE FUNCTION access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE feed_epoch SET access = access + 1;
  PERFORM pg_notify('feed', '*');
  RETURN NULL;
END
$$;
CREATE TRIGGER channels_access AFTER INSERT OR UPDATE OR DELETE ON channels
  FOR EACH STATEMENT EXECUTE FUNCTION access_changed();
CREATE TRIGGER grants_access AFTER INSERT OR UPDATE OR DELETE ON grants
  FOR EACH STATEMENT EXECUTE FUNCTION access_changed();

-- The end of a transaction that changes the feed, in one round trip: the lock is held for one WAL flush.
CREATE FUNCTION place_entries(
  channels uuid[], materials uuid[], versions int[], times timestamptz[], reasons text[], notes text[], tails text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(3250);
  INSERT INTO entries (channel_id, material_id, seq, first_seq, version, changed_at, reason, note, line)
  SELECT t.channel_id, t.material_id, t.seq, t.seq, t.version, t.changed_at, t.reason, t.note,
         convert_to('{"seq":' || t.seq || t.tail, 'UTF8')
    FROM (SELECT u.*, nextval('feed_seq') AS seq
            FROM unnest(channels, materials, versions, times, reasons, notes, tails)
                 AS u (channel_id, material_id, version, changed_at, reason, note, tail)) AS t
      ON CONFLICT (channel_id, material_id) DO UPDATE
     SET seq = EXCLUDED.seq, version = EXCLUDED.version, changed_at = EXCLUDED.changed_at,
         reason = EXCLUDED.reason, note = EXCLUDED.note, line = EXCLUDED.line;
  -- A notification may have 8,000 bytes; `*` is everything.
  PERFORM pg_notify('feed', (SELECT CASE WHEN count(DISTINCT c) > 200 THEN '*' ELSE string_agg(DISTINCT c::text, ',') END
                               FROM unnest(channels) AS c));
END
$$;
