"""Importing an archive: materials, versions and feed entries by COPY, at most 1,000 entries in a transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from domain.content.material import Material
from domain.distribution.archive import ArchiveLine, read_line, take_over
from domain.distribution.channel import Channel
from domain.distribution.ports import Markup, Signer
from domain.distribution.publication import Signature
from domain.errors import FieldError, InvalidContent, NotReady
from domain.events import Event
from domain.identity.organization import Organization
from storage.distribution.feed_entries import EncodedEntry, encoded_entry, entry_suffix
from storage.postgres.connections import as_uuid
from storage.postgres.listener import FEED_NOTIFY
from storage.postgres.locks import FEED
from storage.postgres.unit_of_work import PostgresUnitOfWork

MAX_ENTRIES = 1000
ACTIVITY = "archive.take_over"
HISTORY_ACTION = "take_over"
_MATERIALS = (
    "id", "owner_id", "revision", "state", "kind", "title", "content", "attachments", "version", "live_version",
    "edited_by", "approved_by", "note", "live_expires_at", "scheduled_for", "due_at", "expires_at",
    "first_published_at", "published_at", "created_at", "updated_at",
)  # fmt: skip
_VERSIONS = ("material_id", "version", "document", "sha256", "signature", "kid", "published_at", "hidden")
_HISTORY = ("material_id", "at", "by", "verb", "state", "version", "revision", "note")
_ENTRIES = ("channel_id", "material_id", "seq", "first_seq", "version", "changed_at", "reason", "note", "line")
_KNOWN = "SELECT id FROM materials WHERE id = ANY($1)"
LOCK_FEED = f"SELECT pg_advisory_xact_lock({FEED})"
LAST_SEQ = "SELECT setval('feed_seq', nextval('feed_seq') + $1 - 1)"
"""Take $1 places at once and give the last; whoever takes places holds the feed lock."""
_NOTIFY = "SELECT pg_notify($1, $2)"
_NOTIFICATION_BYTES = 8000
"""PostgreSQL's limit for a notification; `*` stands for every channel."""

T = TypeVar("T")
U = TypeVar("U")
RefusedLine = tuple[int, tuple[FieldError, ...]]
"""A line's number, and why it was refused."""


class Imported(msgspec.Struct, frozen=True):
    """Counts of lines that were added and that were there already; refused ones with their reasons."""

    added: int = 0
    known: int = 0
    refused: tuple[RefusedLine, ...] = ()


class _Ready(msgspec.Struct, frozen=True):
    """A published material with its signed document."""

    material: Material
    document: bytes
    signature: Signature


class ArchiveImporter:
    """Imports lines in units of work of its own, in the name of `by`."""

    def __init__(
        self,
        work: PostgresUnitOfWork,
        owner: Organization,
        codes: Mapping[str, Sequence[str]],
        *,
        by: str,
        markup: Markup,
        signer: Signer,
    ) -> None:
        self._work = work
        self._owner = owner
        self._codes = codes
        self._by = by
        self._markup = markup
        self._signer = signer

    async def take(self, first: int, lines: Sequence[bytes]) -> Imported:
        """Import lines; `first` is the number of the first. Refused ones are left out, the others are committed."""
        refused: list[RefusedLine] = []
        read = _step(self._read, enumerate(lines, first), refused)
        rendered = _step(self._rendered, read, refused)
        made = _step(self._made, rendered, refused)
        ready = [_Ready(material, document, self._signer.sign(document)) for _, (material, document) in made]
        added = known = 0
        async with self._work as work:
            channels = await work.channels.list()
        for portion in _portions(ready, channels):
            try:
                new = await self._store(portion)
            except asyncpg.UniqueViolationError:  # another process imports the same lines
                new = await self._store(portion)
            added, known = added + new, known + len(portion) - new
        return Imported(added, known, tuple(sorted(refused, key=lambda each: each[0])))

    def _read(self, raw: bytes) -> tuple[ArchiveLine, UUID]:
        return read_line(raw, self._codes)

    def _rendered(self, read: tuple[ArchiveLine, UUID]) -> tuple[ArchiveLine, UUID, str]:
        line, material_id = read
        return line, material_id, self._markup.html(line.content.body) if line.content.body else ""

    def _made(self, rendered: tuple[ArchiveLine, UUID, str]) -> tuple[Material, bytes]:
        line, material_id, body_html = rendered
        at = self._work.clock.now()
        return take_over(line, material_id, body_html, owner=self._owner, by=self._by, at=at)

    async def _store(self, portion: Sequence[_Ready]) -> int:
        """Commit materials that are not there yet, with their entries; gives how many."""
        async with self._work as work:
            db = await work.connection()
            known = {as_uuid(row["id"]) for row in await db.fetch(_KNOWN, [each.material.id for each in portion])}
            new = [each for each in portion if each.material.id not in known]
            if not new:
                return 0
            copy = db.copy_records_to_table
            await copy("materials", records=[_material(each.material) for each in new], columns=_MATERIALS)
            await copy("editions", records=[_version(each) for each in new], columns=_VERSIONS)
            await copy("history", records=[_history(each.material, self._by) for each in new], columns=_HISTORY)
            await self._place(db, new, await work.channels.list())
            detail: dict[str, object] = {"count": len(new)}
            await work.commit(Event(actor=self._by, activity=ACTIVITY, target="materials", detail=detail))
        return len(new)

    async def _place(
        self, db: "asyncpg.Connection[asyncpg.Record]", new: Sequence[_Ready], channels: Sequence[Channel]
    ) -> None:
        """Do what `place_entries` does, by COPY: no entry of a new material can exist yet."""
        at = self._work.clock.now()
        placed = [
            (channel.id, each.material.id, suffix)
            for each, suffix in zip(new, [_suffix(each, at) for each in new], strict=True)
            for channel in channels
            if channel.rule.matches(each.material.content)
        ]
        if not placed:
            return
        await db.execute(LOCK_FEED)
        last: int = await db.fetchval(LAST_SEQ, len(placed))
        records = [
            (channel_id, material_id, seq, seq, 1, at, None, "", encoded_entry(seq, suffix))
            for seq, (channel_id, material_id, suffix) in enumerate(placed, last - len(placed) + 1)
        ]
        await db.copy_records_to_table("entries", records=records, columns=_ENTRIES)
        moved = ",".join(str(each) for each in {channel_id for channel_id, _, _ in placed})
        await db.execute(_NOTIFY, FEED_NOTIFY, moved if len(moved) < _NOTIFICATION_BYTES else "*")


def _step(step: Callable[[T], U], numbered: Iterable[tuple[int, T]], refused: list[RefusedLine]) -> list[tuple[int, U]]:
    """Apply one step to every line before the next step: switching steps for each line is a fifth slower."""
    done = []
    for number, value in numbered:
        try:
            done.append((number, step(value)))
        except (InvalidContent, NotReady) as error:
            refused.append((number, tuple(error.errors)))
    return done


def _portions(ready: Sequence[_Ready], channels: Sequence[Channel]) -> Iterator[list[_Ready]]:
    """Cut where another material would make more entries than a transaction may have; each material once."""
    portion: dict[UUID, _Ready] = {}
    entries = 0
    for each in ready:
        matching = sum(channel.rule.matches(each.material.content) for channel in channels)
        if portion and (entries + matching > MAX_ENTRIES or each.material.id in portion):
            yield list(portion.values())
            portion, entries = {}, 0
        portion[each.material.id] = each
        entries += matching
    if portion:
        yield list(portion.values())


def _material(m: Material) -> tuple[object, ...]:
    content = msgspec.json.encode(m.content).decode()
    return (
        m.id, m.owner_id, m.revision, m.state, m.content.kind, m.content.title, content, "[]", m.version,
        m.live_version, m.edited_by, m.approved_by, m.note, m.live_expires_at, m.scheduled_for, m.due_at,
        m.content.expires_at, m.first_published_at, m.published_at, m.created_at, m.updated_at,
    )  # fmt: skip


def _version(each: _Ready) -> tuple[object, ...]:
    material, signature = each.material, each.signature
    about = (signature.sha256, signature.value, signature.kid)
    return material.id, 1, each.document, *about, material.published_at, False


def _history(m: Material, by: str) -> tuple[UUID, datetime, str, str, str, int, int, str]:
    return m.id, m.updated_at, by, HISTORY_ACTION, m.state, m.version, m.revision, m.approved_by or ""


def _suffix(each: _Ready, at: datetime) -> bytes:
    entry = EncodedEntry(material_id=each.material.id, version=1, changed_at=at, signature=each.signature)
    return entry_suffix(entry).encode()
