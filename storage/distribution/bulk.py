"""Taking over an archive: materials, editions and feed entries by COPY, a transaction for at most 1,000 entries."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from domain.content.material import Material
from domain.distribution.archive import ArchiveLine, read_line, take_over
from domain.distribution.channel import Channel, Rule
from domain.errors import Fault, InvalidContent, NotReady
from domain.identity.organization import Organization
from domain.ports import Clock, Event, Markup, Signature, Signer
from storage.distribution.feed_entries import Line, opened, tail_of
from storage.postgres.connections import as_uuid
from storage.postgres.unit_of_work import FEED_LOCK, FEED_NOTIFY

MAX_ENTRIES = 1000
_MATERIALS = (
    "id", "owner_id", "revision", "state", "kind", "title", "content", "attachments", "version", "live_version",
    "edited_by", "approved_by", "note", "live_expires_at", "due_at", "expires_at", "first_published_at",
    "published_at", "created_at", "updated_at",
)  # fmt: skip
_EDITIONS = ("material_id", "version", "document", "sha256", "signature", "kid", "published_at", "hidden")
_HISTORY = ("material_id", "at", "by", "verb", "state", "version", "revision", "note")
_CHANNELS = "SELECT id, slug, title, rule FROM channels"
_KNOWN = "SELECT id FROM materials WHERE id = ANY($1)"
_AUDIT = "INSERT INTO audit (at, actor, verb, thing, detail) VALUES ($1, $2, $3, $4, $5)"
_ENTRIES = ("channel_id", "material_id", "seq", "first_seq", "version", "changed_at", "reason", "note", "line")
LOCK_FEED = f"SELECT pg_advisory_xact_lock({FEED_LOCK})"
LAST_SEQ = "SELECT setval('feed_seq', nextval('feed_seq') + $1 - 1)"
"""Takes as many places at once and gives the last; whoever takes any holds the lock."""
_TELL = "SELECT pg_notify($1, $2)"
_VERB = "take_over"
_NOTICE_BYTES = 8000
"""What a notification may have; `*` is every channel."""

T = TypeVar("T")
U = TypeVar("U")
_Refusal = tuple[int, tuple[Fault, ...]]
"""A line's number, and why it was refused."""


class Taken(msgspec.Struct, frozen=True):
    """What became of some lines: taken over, there already, and refused with their numbers and reasons."""

    added: int = 0
    known: int = 0
    refused: tuple[_Refusal, ...] = ()


class _Ready(msgspec.Struct, frozen=True):
    """A published material with its signed document."""

    material: Material
    document: bytes
    seal: Signature


class Archivist:
    """Takes lines over on one connection, in the name of `by`."""

    def __init__(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        owner: Organization,
        codes: dict[str, frozenset[str]],
        *,
        by: str,
        clock: Clock,
        markup: Markup,
        signer: Signer,
    ) -> None:
        self._db = connection
        self._owner = owner
        self._codes = codes
        self._by = by
        self._clock = clock
        self._markup = markup
        self._signer = signer

    async def take(self, first: int, lines: Sequence[bytes]) -> Taken:
        """Take lines over; `first` is the number of the first. Refused ones are left out, the others are committed."""
        refused: list[_Refusal] = []
        read = _step(self._read, enumerate(lines, first), refused)
        rendered = _step(self._rendered, read, refused)
        made = _step(self._made, rendered, refused)
        ready = [_Ready(material, document, self._signer.sign(document)) for _, (material, document) in made]
        added = known = 0
        for some in _portions(ready, await self._channels()):
            try:
                new = await self._store(some)
            except asyncpg.UniqueViolationError:  # the same lines are under way beside us
                new = await self._store(some)
            added, known = added + new, known + len(some) - new
        return Taken(added, known, tuple(sorted(refused)))

    def _read(self, raw: bytes) -> tuple[ArchiveLine, UUID]:
        return read_line(raw, self._codes)

    def _rendered(self, read: tuple[ArchiveLine, UUID]) -> tuple[ArchiveLine, UUID, str]:
        line, material_id = read
        return line, material_id, self._markup.html(line.content.body) if line.content.body else ""

    def _made(self, rendered: tuple[ArchiveLine, UUID, str]) -> tuple[Material, bytes]:
        line, material_id, body_html = rendered
        at = self._clock.now()
        return take_over(line, material_id, body_html, owner=self._owner, by=self._by, at=at)

    async def _channels(self) -> list[Channel]:
        return [
            Channel(
                id=as_uuid(row["id"]),
                slug=row["slug"],
                title=row["title"],
                rule=msgspec.json.decode(row["rule"], type=Rule),
            )
            for row in await self._db.fetch(_CHANNELS)
        ]

    async def _store(self, some: Sequence[_Ready]) -> int:
        """Commit materials that are not there yet, with their entries; gives how many."""
        async with self._db.transaction():
            known = {as_uuid(row["id"]) for row in await self._db.fetch(_KNOWN, [each.material.id for each in some])}
            new = [each for each in some if each.material.id not in known]
            if not new:
                return 0
            copy = self._db.copy_records_to_table
            await copy("materials", records=[_material(each.material) for each in new], columns=_MATERIALS)
            await copy("editions", records=[_edition(each) for each in new], columns=_EDITIONS)
            await copy("history", records=[_history(each.material, self._by) for each in new], columns=_HISTORY)
            event = Event(actor=self._by, verb="archive.take_over", thing="materials", detail={"count": len(new)})
            detail = msgspec.json.encode(event.detail).decode()
            await self._db.execute(_AUDIT, self._clock.now(), event.actor, event.verb, event.thing, detail)
            await self._place(new, await self._channels())
        return len(new)

    async def _place(self, new: Sequence[_Ready], channels: Sequence[Channel]) -> None:
        """What `place_entries` does, by COPY: nothing of a new material can be there already. Ends the transaction."""
        at = self._clock.now()
        placed = [
            (channel.id, each.material.id, tail)
            for each, tail in zip(new, [_tail(each, at) for each in new], strict=True)
            for channel in channels
            if channel.rule.matches(each.material.content)
        ]
        if not placed:
            return
        await self._db.execute(LOCK_FEED)
        last: int = await self._db.fetchval(LAST_SEQ, len(placed))
        records = [
            (channel_id, material_id, seq, seq, 1, at, None, "", opened(seq, tail))
            for seq, (channel_id, material_id, tail) in enumerate(placed, last - len(placed) + 1)
        ]
        await self._db.copy_records_to_table("entries", records=records, columns=_ENTRIES)
        moved = ",".join(str(each) for each in {channel_id for channel_id, _, _ in placed})
        await self._db.execute(_TELL, FEED_NOTIFY, moved if len(moved) < _NOTICE_BYTES else "*")


def _step(step: Callable[[T], U], numbered: Iterable[tuple[int, T]], refused: list[_Refusal]) -> list[tuple[int, U]]:
    """Take one step with every line before the next step: processors are slower by a fifth that change for each."""
    done = []
    for number, value in numbered:
        try:
            done.append((number, step(value)))
        except (InvalidContent, NotReady) as error:
            refused.append((number, tuple(error.errors)))
    return done


def _portions(ready: Sequence[_Ready], channels: Sequence[Channel]) -> Iterator[list[_Ready]]:
    """Cut where another material would make it more entries than a transaction may have; each material once."""
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
        m.live_version, m.edited_by, m.approved_by, m.note, m.live_expires_at, m.due_at, m.content.expires_at,
        m.first_published_at, m.published_at, m.created_at, m.updated_at,
    )  # fmt: skip


def _edition(each: _Ready) -> tuple[object, ...]:
    material, seal = each.material, each.seal
    return material.id, 1, each.document, seal.sha256, seal.value, seal.kid, material.published_at, False


def _history(m: Material, by: str) -> tuple[UUID, datetime, str, str, str, int, int, str]:
    return m.id, m.updated_at, by, _VERB, m.state, m.version, m.revision, m.approved_by or ""


def _tail(each: _Ready, at: datetime) -> bytes:
    seal = each.seal
    tail = tail_of(
        Line(
            material_id=each.material.id, version=1, changed_at=at,
            sha256=seal.sha256, signature=seal.value, kid=seal.kid,
        )
    )  # fmt: skip
    return tail.encode()
