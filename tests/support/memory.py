"""The ports in memory: a unit of work whose writes are seen by others when it commits.

It implements what the actions under test and the contract suite use; `tests/contract` proves that it behaves as
PostgreSQL does.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from msgspec.structs import replace

from adapters.recurrence import expand_rule
from domain.content.material import HistoryEntry
from domain.distribution.change import FeedEntry
from domain.distribution.publication import PublishedVersion, Release, Signature
from domain.errors import CodeTaken, IdTaken, NotFound, SlotTaken, StaleVersion
from domain.events import Event
from domain.media.asset import Asset
from domain.reactions import react
from domain.read_access import ReadAccess
from domain.timing import MAX_EXCLUDED

START = datetime(2026, 11, 26, 8, tzinfo=UTC)
CODES = {"topics": ["online_scams"], "audiences": ["general_public"], "languages": ["vi"], "tasks": []}


class FakeClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class FakeIds:
    """Counted ids and secrets."""

    def __init__(self) -> None:
        self.count = 0

    def new(self) -> UUID:
        self.count += 1
        return UUID(int=7 << 76 | 2 << 62 | self.count)

    def secret(self, size_bytes: int = 32) -> str:
        self.count += 1
        return f"secret-{self.count}".ljust(size_bytes, "x")

    def hex_secret(self, size_bytes: int) -> str:
        self.count += 1
        return f"{self.count:0{2 * size_bytes}x}"


class Database:
    """What has been committed: a table of rows for each store, and the events."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Any, Any]] = {}
        self.events: list[Event] = []
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.recipients: dict[UUID, list[UUID]] = {}
        self.entries: list[FeedEntry] = []
        self.inbox: list[Any] = []

    def work(self) -> "MemoryUnitOfWork":
        return MemoryUnitOfWork(self)


class Store:
    """Nouns by key; `unique` names further fields that no two rows may share."""

    def __init__(
        self, work: "MemoryUnitOfWork", table: str, key: Callable[[Any], Any], unique: Sequence[str] = ()
    ) -> None:
        self._work, self._table, self._key, self._unique = work, table, key, unique

    @property
    def _committed(self) -> dict[Any, Any]:
        return self._work.database.tables.setdefault(self._table, {})

    def _rows(self) -> Mapping[Any, Any]:
        return {**self._committed, **self._work.written.get(self._table, {})}

    def _write(self, noun: Any) -> None:
        self._work.written.setdefault(self._table, {})[self._key(noun)] = noun

    async def find(self, *key: Any, shared: bool = False) -> Any:
        return self._rows().get(key[0] if len(key) == 1 else key)

    async def get(self, *key: Any, lock: bool = False, shared: bool = False) -> Any:
        if (found := await self.find(*key)) is None:
            raise NotFound
        return found

    async def list(self, keys: Sequence[Any] | None = None) -> Any:
        rows = self._rows()
        return list(rows.values()) if keys is None else {key: rows[key] for key in keys if key in rows}

    async def add(self, noun: Any) -> None:
        rows = self._rows()
        taken = self._key(noun) in rows or any(
            getattr(noun, name) == getattr(row, name) for name in self._unique for row in rows.values()
        )
        if taken:
            raise IdTaken
        self._write(noun)

    async def save(self, noun: Any) -> Any:
        current = self._rows().get(self._key(noun))
        if current is None:
            raise NotFound
        if current.revision != noun.revision:
            raise StaleVersion(current=current.revision)
        saved = replace(noun, revision=noun.revision + 1)
        self._write(saved)
        return saved


class Credentials(Store):
    async def get(self, *key: Any, lock: bool = False, shared: bool = False) -> Any:
        from domain.identity.credential import Credential

        return await self.find(*key) or Credential(member_id=key[0])

    async def save(self, noun: Any) -> Any:
        if noun.revision:
            return await super().save(noun)
        if (current := await self.find(noun.member_id)) is not None:
            raise StaleVersion(current=current.revision)
        saved = replace(noun, revision=1)
        self._write(saved)
        return saved


class Devices(Store):
    async def add(self, code_hash: bytes, user_code_hash: bytes, device: Any) -> None:  # type: ignore[override]
        self._write(device)


class Materials(Store):
    async def list_due(self, at: datetime, limit: int) -> list[UUID]:
        due = [m for m in self._rows().values() if m.due_at is not None and m.due_at <= at]
        return [m.id for m in sorted(due, key=lambda m: m.due_at)][:limit]

    async def add_history(self, material_id: UUID, entry: HistoryEntry) -> None:
        self._work.history.append((material_id, entry))


class Takedowns(Store):
    async def find_of_material(self, material_id: UUID) -> Any:
        return next((t for t in self._rows().values() if t.material_id == material_id), None)


class Outlets(Store):
    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        for row in [r for r in self._rows().values() if r.owner_id == leaving_id]:
            await self.save(replace(row, owner_id=successor_id))


class Slots(Store):
    async def list_of_outlet(self, outlet_id: UUID) -> list[Any]:
        return [s for s in self._rows().values() if s.outlet_id == outlet_id and s.removed_at is None]


class Bookings(Store):
    """Refuses overlapping live bookings, as the exclusion constraint does."""

    def _live(self) -> list[Any]:
        live = [b for b in self._rows().values() if b.cancelled_at is None]
        return sorted(live, key=lambda b: (b.starts_at, b.id))

    def _check(self, noun: Any) -> None:
        for other in self._live() if noun.cancelled_at is None else ():
            overlap = other.starts_at < noun.ends_at and noun.starts_at < other.ends_at
            if overlap and other.id != noun.id and other.outlet_id == noun.outlet_id:
                raise SlotTaken

    async def add(self, noun: Any) -> None:
        self._check(noun)
        await super().add(noun)

    async def save(self, noun: Any) -> Any:
        self._check(noun)
        return await super().save(noun)

    async def list_between(self, outlet_id: UUID, start: datetime, end: datetime) -> list[Any]:
        return [b for b in self._live() if b.outlet_id == outlet_id and b.starts_at < end and b.ends_at > start]

    async def list_of_material_at(self, outlet_id: UUID, material_id: UUID) -> list[Any]:
        return [b for b in self._live() if (b.outlet_id, b.material_id) == (outlet_id, material_id)]

    async def list_future_of_material(self, material_id: UUID, after: datetime) -> list[Any]:
        return [b for b in self._live() if b.material_id == material_id and b.ends_at > after]

    async def list_future_of_activity(self, activity_id: UUID, after: datetime) -> list[Any]:
        return [b for b in self._live() if b.activity_id == activity_id and b.ends_at > after]

    async def list_future_of_outlet(self, outlet_id: UUID, after: datetime) -> list[Any]:
        return [b for b in self._live() if b.outlet_id == outlet_id and b.ends_at > after]


class Placements(Store):
    async def list_booked(self, booking_ids: Sequence[UUID]) -> set[UUID | None]:
        return {each.booking_id for each in self._rows().values()} & set(booking_ids)


class Campaigns(Store):
    async def find_by_code(self, code: str) -> Any:
        return next((c for c in self._rows().values() if c.plan.code == code), None)

    async def add(self, noun: Any) -> None:
        if await self.find_by_code(noun.plan.code) is not None:
            raise CodeTaken(value=noun.plan.code)
        await super().add(noun)


class Activities(Store):
    async def add(self, noun: Any, occurrences: Sequence[Any] = (), horizon: Any = None) -> None:  # type: ignore[override]
        await super().add(noun)
        self._work.written.setdefault("occurrences", {})[noun.id] = list(occurrences)

    async def save_expanded(self, noun: Any, occurrences: Sequence[Any], horizon: Any) -> Any:
        saved = await self.save(noun)
        self._work.written.setdefault("occurrences", {})[noun.id] = list(occurrences)
        return saved

    async def find_by_uid(self, owner_id: UUID, uid: str) -> Any:
        return next((a for a in self._rows().values() if (a.owner_id, a.external_uid) == (owner_id, uid)), None)

    async def is_cut(self, activity_id: UUID) -> bool:
        return any(each.split_from == activity_id for each in self._rows().values())

    async def list_with_cancelled(self, before: datetime, limit: int) -> list[Any]:
        return [
            each
            for each in self._rows().values()
            if each.cancelled_at is None
            and each.plan.timing.recurrence is not None
            and len(each.plan.timing.recurrence.excluded) < MAX_EXCLUDED
            and any(o.cancelled_at and o.cancelled_at < before for o in each.overrides)
        ][:limit]

    async def list_open_of_campaign(self, campaign_id: UUID) -> list[Any]:
        found = [a for a in self._rows().values() if a.plan.campaign_id == campaign_id]
        return [a for a in found if a.state in ("planned", "confirmed", "postponed")]


class Coverages(Store):
    async def list_of_activity(self, activity_id: UUID) -> list[Any]:
        return [c for c in self._rows().values() if c.activity_id == activity_id]

    async def list_live_of_material(self, material_id: UUID) -> list[Any]:
        return [c for c in self._rows().values() if c.plan.material_id == material_id and c.state != "cancelled"]


class Assignments(Store):
    def _open(self) -> list[Any]:
        return [a for a in self._rows().values() if a.state in ("assigned", "accepted", "in_progress")]

    async def is_assigned(self, activity_id: UUID, organization_id: UUID) -> bool:
        parts = await self._parts(activity_id)
        return any(
            a.terms.activity_id in parts and a.assignee.organization_id == organization_id
            for a in self._rows().values()
            if a.state != "cancelled"
        )

    async def _parts(self, activity_id: UUID) -> set[UUID]:
        activities = (await self._work.activities.list()) or []
        roots = {each.id: each.split_from or each.id for each in activities}
        return {each for each, root in roots.items() if root == roots.get(activity_id)}

    async def list_organizations(self, activity_id: UUID) -> set[UUID]:
        parts = await self._parts(activity_id)
        return {each.assignee.organization_id for each in self._open() if each.terms.activity_id in parts}

    async def list_open_of_activity(self, activity_id: UUID) -> list[Any]:
        return [a for a in self._open() if a.terms.activity_id == activity_id]

    async def follow_coverage(self, coverage_id: UUID, activity_id: UUID) -> None:
        for each in list(self._rows().values()):
            if each.terms.coverage_id == coverage_id:
                await self.save(replace(each, terms=replace(each.terms, activity_id=activity_id)))

    async def list_open_of_parent(self, parent_id: UUID) -> list[Any]:
        return [each for each in self._open() if each.parent_id == parent_id]

    async def list_open_of_coverage(self, coverage_id: UUID) -> list[Any]:
        return [a for a in self._open() if a.terms.coverage_id == coverage_id]


class Inbox:
    def __init__(self, work: "MemoryUnitOfWork") -> None:
        self._work = work

    def add(self, entries: Sequence[Any]) -> None:
        self._work.inbox_entries.extend(entries)


class Publications:
    def __init__(self, work: "MemoryUnitOfWork") -> None:
        self._work = work

    async def get_release(self, material_id: UUID) -> Release:
        work = self._work
        material = await work.materials.get(material_id)
        assets: dict[UUID, Asset] = await work.assets.list([a.asset_id for a in material.attachments])
        return Release(
            material=material,
            owner=await work.organizations.get(material.owner_id),
            channels=tuple(await work.channels.list()),
            live_by_channel=await work.feed_entries.live_by_channel(material_id),
            assets=assets,
        )

    async def get_document(self, material_id: UUID, version: int) -> bytes:
        found: PublishedVersion = await self._work.versions.get(material_id, version)
        return found.document

    async def add(self, version: PublishedVersion) -> None:
        await self._work.versions.add(version)

    async def is_readable(self, material_id: UUID, access: ReadAccess) -> bool:
        return any(entry.material_id == material_id for entry in self._work.database.entries)

    async def hide(self, material_id: UUID) -> None:
        self._work.hidden.append(material_id)


class FeedEntries:
    def __init__(self, work: "MemoryUnitOfWork") -> None:
        self._work = work

    async def live_by_channel(self, material_id: UUID) -> dict[UUID, bool]:
        return {e.channel_id: e.reason is None for e in self._work.database.entries if e.material_id == material_id}

    def add(self, entries: Sequence[FeedEntry]) -> None:
        self._work.entries.extend(entries)


class Recipients:
    def __init__(self, work: "MemoryUnitOfWork") -> None:
        self._work = work

    async def list_of_material(self, material_id: UUID) -> Sequence[UUID]:
        return self._work.database.recipients.get(material_id, [])


class Vocabularies:
    async def codes(self) -> Mapping[str, Sequence[str]]:
        return CODES


class MemoryUnitOfWork:
    """Reads see what is committed and its own writes; leaving the block without `commit` forgets the writes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock, self.ids, self.vocabularies = database.clock, database.ids, Vocabularies()
        self.expand_rule = expand_rule
        self.organizations = Store(self, "organizations", lambda n: n.id, ["code"])
        self.members = Store(self, "members", lambda n: n.id, ["login"])
        self.invitations = Store(self, "invitations", lambda n: n.code_hash, ["id"])
        self.clients = Store(self, "clients", lambda n: n.id)
        self.credentials = Credentials(self, "credentials", lambda n: n.member_id)
        self.devices = Devices(self, "devices", lambda n: n.hash)
        self.assets = Store(self, "assets", lambda n: n.id)
        self.uploads = Store(self, "uploads", lambda n: n.id)
        self.materials = Materials(self, "materials", lambda n: n.id)
        self.channels = Store(self, "channels", lambda n: n.slug, ["id"])
        self.grants = Store(self, "grants", lambda n: (n.channel_id, n.organization_id))
        self.takedowns = Takedowns(self, "takedowns", lambda n: n.id)
        self.versions = Store(self, "versions", lambda n: (n.material_id, n.version))
        self.outlets = Outlets(self, "outlets", lambda n: n.id)
        self.slots = Slots(self, "slots", lambda n: n.id)
        self.bookings = Bookings(self, "bookings", lambda n: n.id)
        self.placements = Placements(self, "placements", lambda n: n.id)
        self.campaigns = Campaigns(self, "campaigns", lambda n: n.id)
        self.activities = Activities(self, "activities", lambda n: n.id)
        self.coverages = Coverages(self, "coverages", lambda n: n.id)
        self.assignments = Assignments(self, "assignments", lambda n: n.id)
        self.calendar_feeds = Store(self, "calendar_feeds", lambda n: n.id)
        self.inbox = Inbox(self)
        self.publications, self.feed_entries, self.recipients = Publications(self), FeedEntries(self), Recipients(self)
        self._forget()

    def _forget(self) -> None:
        self.written: dict[str, dict[Any, Any]] = {}
        self.entries: list[FeedEntry] = []
        self.history: list[tuple[UUID, HistoryEntry]] = []
        self.hidden: list[UUID] = []
        self.inbox_entries: list[Any] = []
        self.recorded: list[Event] = []

    async def __aenter__(self) -> Self:
        self._forget()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def record(self, event: Event) -> None:
        self.recorded.append(event)

    async def commit(self, *events: Event) -> None:
        happened: list[Event] = []
        self.recorded.extend(events)
        while self.recorded:
            recorded, self.recorded = self.recorded, []
            await react(self, recorded)  # type: ignore[arg-type]
            happened += recorded
        for table, rows in self.written.items():
            self.database.tables.setdefault(table, {}).update(rows)
        self.database.tables.setdefault("history", {}).update(
            {(material_id, e.revision): e for material_id, e in self.history}
        )
        self.database.entries.extend(self.entries)
        self.database.events.extend(happened)
        self.database.inbox.extend(self.inbox_entries)
        self._forget()


class FakeMarkup:
    def html(self, commonmark: str) -> str:
        return f"<p>{commonmark}</p>"


class FakeSigner:
    def sign(self, document: bytes) -> Signature:
        return Signature(sha256=f"{len(document):064x}", value="signature", kid="key")
