"""Feed entries in PostgreSQL. Their bytes, as they are sent (openapi/sync.md), are made once, when they are placed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select, text

from domain.distribution.change import KEPT_FOR_GOOD, FeedEntry
from domain.distribution.document import instant
from domain.distribution.publication import Signature
from storage.distribution.publications import PublicationStore
from storage.distribution.tables import feed_entries
from storage.postgres.statements import Sql, Statement

_LIVE_BY_CHANNEL = Statement(
    select(feed_entries.c.channel_id, feed_entries.c.reason).where(feed_entries.c.material_id == bindparam("wanted"))
)
_PLACE = Statement(text("SELECT place_entries(:channels, :materials, :versions, :times, :reasons, :notes, :suffixes)"))
# A channel remembers how far it was purged: cursors before that place get 410 and start again.
_PURGE = Statement(
    text("""
WITH gone AS (
  DELETE FROM entries WHERE reason IS NOT NULL AND NOT reason = ANY(CAST(:kept AS text[]))
     AND changed_at < CAST(:before AS timestamptz)
  RETURNING channel_id, seq
), last AS (SELECT channel_id, max(seq) AS seq, count(*) AS removed FROM gone GROUP BY channel_id
), moved AS (
  UPDATE channels c SET purged_seq = greatest(c.purged_seq, last.seq) FROM last WHERE c.id = last.channel_id)
SELECT coalesce(sum(removed), 0)::bigint FROM last
""")
)


class EncodedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a change beside its `seq`. `signature` is that of the published version; a tombstone has none."""

    material_id: UUID
    version: int
    changed_at: datetime
    reason: str | None = None
    note: str = ""
    signature: Signature | None = None


def entry_suffix(entry: EncodedEntry) -> str:
    """The JSON text that follows `{"seq":123`. An upsert ends where its document's bytes begin; `}` closes it."""
    about = f'"id":"{entry.material_id}","version":{entry.version},"changed_at":"{instant(entry.changed_at)}"'
    signed = entry.signature
    if entry.reason is None:
        assert signed is not None
        proof = f'"sha256":"{signed.sha256}","signature":"{signed.value}","kid":"{signed.kid}"'
        return f',"op":"upsert",{about},{proof},"item":'
    note = f',"note":{msgspec.json.encode(entry.note).decode()}' if entry.note else ""
    return f',"op":"tombstone",{about},"reason":"{entry.reason}"{note}'


def encoded_entry(seq: int, suffix: bytes) -> bytes:
    """The whole encoded entry with its place in the feed."""
    return b'{"seq":%d%b' % (seq, suffix)


class FeedEntryStore:
    def __init__(self, sql: Sql, publications: PublicationStore) -> None:
        self._sql = sql
        self._publications = publications
        self._waiting: list[FeedEntry] = []

    async def live_by_channel(self, material_id: UUID) -> dict[UUID, bool]:
        rows = await self._sql.rows(_LIVE_BY_CHANNEL, wanted=material_id)
        return {row["channel_id"]: row["reason"] is None for row in rows}

    def add(self, entries: Sequence[FeedEntry]) -> None:
        self._waiting.extend(entries)

    async def purge(self, before: datetime) -> int:
        row = await self._sql.row(_PURGE, kept=sorted(KEPT_FOR_GOOD), before=before)
        assert row is not None
        return int(row[0])

    async def defer_placing(self) -> frozenset[UUID]:
        """Defer the placing of all entries as the transaction's last statement; gives the channels that move.

        It takes the feed lock, inserts and notifies (sync.md, "Order without losing rows"). Deferred writes go in the
        same round trip: one more would cost more than the lock's waiting for them.
        """
        entries, self._waiting = self._waiting, []
        if not entries:
            return frozenset()
        live = [(e.material_id, e.version) for e in entries if e.reason is None]
        signatures = await self._publications.signatures(live)
        encoded = [
            EncodedEntry(
                material_id=e.material_id,
                version=e.version,
                changed_at=e.changed_at,
                reason=e.reason,
                note=e.note,
                signature=None if e.reason else signatures[e.material_id, e.version],
            )
            for e in entries
        ]
        self._sql.defer(
            _PLACE,
            channels=[e.channel_id for e in entries],
            materials=[e.material_id for e in entries],
            versions=[e.version for e in entries],
            times=[e.changed_at for e in entries],
            reasons=[e.reason for e in entries],
            notes=[e.note for e in entries],
            suffixes=[entry_suffix(each) for each in encoded],
        )
        return frozenset(e.channel_id for e in entries)
