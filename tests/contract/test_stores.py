"""One suite for every port that saves nouns, on the stores in memory and on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.ids import SystemIds
from domain.content.content import Content
from domain.content.material import Material
from domain.coordination.activity import Activity, ActivityPlan
from domain.coordination.assignment import Assignee, Assignment, AssignmentTerms
from domain.coordination.calendar_feed import CalendarFeed, CalendarFeedRequest
from domain.coordination.campaign import Campaign, CampaignPlan
from domain.coordination.coverage import Coverage, CoveragePlan
from domain.distribution.channel import Channel, Grant
from domain.distribution.takedown import Takedown
from domain.errors import NotFound, StaleVersion
from domain.identity.client import Client
from domain.identity.credential import Credential
from domain.identity.invitation import Invitation
from domain.identity.member import Member
from domain.identity.oauth_grant import Device
from domain.identity.organization import Organization
from domain.media.upload import Upload
from domain.outlets.booking import Booking
from domain.outlets.outlet import Outlet, OutletProfile, Slot, SlotPlan
from domain.outlets.placement import Placement, PlacementReport
from domain.timing import Timing
from harness.installation import Installation, finished
from runtime.services import open_services
from storage.postgres.metadata import metadata
from tests.support.memory import Database

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
OpenWork = Callable[[], Any]
new = SystemIds().new


class Port(NamedTuple):
    """A store of the unit of work: how a noun is made and added, read again, and changed."""

    table: str
    make: Callable[[Any, UUID], Any]
    """From the id of its owner (an organization, a member or a client) and that of a channel."""
    key: Callable[[Any], tuple[Any, ...]]
    change: dict[str, Any]
    add: Callable[[Any, Any], Awaitable[Any]] = lambda store, noun: store.add(noun)
    read: str = "get"


def _device(owner: Any, _: UUID) -> Device:
    return Device(hash=new().bytes, client_id=str(owner), scope="content:read", expires_at=NOW)


FM = OutletProfile(kind="fm_frequency", name="FM 92,3")
MORNING = Timing(start="2026-12-01T05:00:00", end="2026-12-01T05:30:00")
MATERIAL = Material(
    id=new(),
    owner_id=new(),
    content=Content(kind="article", title="Bài"),
    edited_by="x",
    created_at=NOW,
    updated_at=NOW,
)


def _activity(owner: Any) -> Activity:
    plan = ActivityPlan(kind="seminar", title="Hội nghị", timing=MORNING)
    return Activity(id=new(), owner_id=owner, plan=plan, created_at=NOW, updated_at=NOW)


PORTS: dict[str, Port] = {
    "organizations": Port(
        "organizations",
        lambda o, c: Organization(id=new(), code=f"to{new().hex[-12:]}", kind="school", name="Trường"),
        lambda n: (n.id,),
        {"name": "Trường mới"},
    ),
    "members": Port(
        "members",
        lambda o, c: Member(id=new(), login=f"ai.{new().hex[-12:]}", name="Ai", organization_id=o, roles=("editor",)),
        lambda n: (n.id,),
        {"active": False},
    ),
    "clients": Port(
        "clients",
        lambda o, c: Client(id=f"c-{new().hex[-12:]}", name="Máy", organization_id=o, scopes=frozenset()),
        lambda n: (n.id,),
        {"secret_hashes": (b"a" * 32,)},
    ),
    "invitations": Port(
        "invitations",
        lambda o, c: Invitation(
            id=new(), code_hash=new().bytes, organization_id=o, roles=("editor",), invited_by="x", expires_at=NOW
        ),
        lambda n: (n.code_hash,),
        {"email": "a@example.org"},
        read="find",
    ),
    "credentials": Port(
        "credentials",
        lambda o, c: Credential(member_id=o, password_hash="x"),
        lambda n: (n.member_id,),
        {"totp_step": 7},
        add=lambda store, noun: store.save(noun),
    ),
    "devices": Port(
        "devices",
        _device,
        lambda n: (n.hash,),
        {"state": "denied"},
        add=lambda store, noun: store.add(noun.hash, new().bytes, noun),
        read="find",
    ),
    "uploads": Port(
        "uploads",
        lambda o, c: Upload(id=new(), owner_id=o, created_by="x", length=5, expires_at=NOW),
        lambda n: (n.id,),
        {"offset": 3},
    ),
    "materials": Port(
        "materials",
        lambda o, c: Material(
            id=new(),
            owner_id=o,
            content=Content(kind="article", title="Bài"),
            edited_by="x",
            created_at=NOW,
            updated_at=NOW,
        ),
        lambda n: (n.id,),
        {"note": "Sửa"},
    ),
    "channels": Port(
        "channels",
        lambda o, c: Channel(id=new(), slug=f"kenh-{new().hex[-12:]}", title="Kênh"),
        lambda n: (n.slug,),
        {"title": "Kênh mới"},
    ),
    "grants": Port(
        "grants",
        lambda o, c: Grant(channel_id=c, organization_id=o, granted_at=NOW),
        lambda n: (n.channel_id, n.organization_id),
        {"revoked_at": NOW},
        read="find",
    ),
    "takedowns": Port(
        "takedowns",
        lambda o, c: Takedown(id=new(), reason="killed", opened_at=NOW),
        lambda n: (n.id,),
        {"closed_at": NOW},
    ),
    "outlets": Port(
        "outlets",
        lambda o, c: Outlet(id=new(), owner_id=o, profile=FM, created_at=NOW, updated_at=NOW),
        lambda n: (n.id,),
        {"active": False},
    ),
    "slots": Port(
        "slots",
        lambda o, c: Slot(id=new(), outlet_id=o, plan=SlotPlan(title="Sáng", timing=MORNING)),
        lambda n: (n.id,),
        {"removed_at": NOW},
    ),
    "bookings": Port(
        "bookings",
        lambda o, c: Booking(
            id=new(), owner_id=c, outlet_id=o, start="2026-12-01T05:00:00", duration_seconds=60, starts_at=NOW,
            ends_at=NOW + timedelta(minutes=1), created_at=NOW, updated_at=NOW,
        ),
        lambda n: (n.id,),
        {"state": "confirmed"},
    ),
    "placements": Port(
        "placements",
        lambda o, c: Placement(
            id=new(), owner_id=c, version=1, on_day=NOW.date(), created_at=NOW,
            report=PlacementReport(outlet_id=o, material_id=MATERIAL.id, starts_at=NOW),
        ),
        lambda n: (n.id,),
        {"late_seconds": 60},
    ),
    "campaigns": Port(
        "campaigns",
        lambda o, c: Campaign(
            id=new(), owner_id=o, created_at=NOW, updated_at=NOW,
            plan=CampaignPlan(code=f"c{new().hex[-12:]}", title="Tháng", starts_on=NOW.date(), ends_on=NOW.date()),
        ),
        lambda n: (n.id,),
        {"state": "running"},
    ),
    "activities": Port(
        "activities",
        lambda o, c: _activity(o),
        lambda n: (n.id,),
        {"state": "confirmed"},
        add=lambda store, noun: store.add(noun, (), NOW),
    ),
    "coverages": Port(
        "coverages",
        lambda o, c: Coverage(
            id=new(), activity_id=o, plan=CoveragePlan(kind="article", due="2026-12-01"), due_at=NOW,
            updated_at=NOW,
        ),
        lambda n: (n.id,),
        {"state": "cancelled"},
    ),
    "assignments": Port(
        "assignments",
        lambda o, c: Assignment(
            id=new(), owner_id=c, terms=AssignmentTerms(activity_id=o, due="2026-12-01"), due_at=NOW,
            assignee=Assignee(organization_id=c), created_at=NOW, updated_at=NOW,
        ),
        lambda n: (n.id,),
        {"state": "accepted"},
    ),
    "calendar_feeds": Port(
        "calendar_feeds",
        lambda o, c: CalendarFeed(
            id=new(), owner_id=o, token_hash=new().bytes, client_id="c", created_at=NOW,
            request=CalendarFeedRequest(scope="organization", target_id=o),
        ),
        lambda n: (n.id,),
        {"revoked_at": NOW},
    ),
}  # fmt: skip
OF_OUTLET = ("slots", "bookings", "placements")
OF_ACTIVITY = ("coverages", "assignments")


@asynccontextmanager
async def _memory(_: Installation) -> AsyncIterator[OpenWork]:
    yield Database().work


@asynccontextmanager
async def _postgres(installation: Installation) -> AsyncIterator[OpenWork]:
    async with open_services(installation.settings) as services:
        yield services.work


IMPLEMENTATIONS = {"memory": _memory, "postgres": _postgres}


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> Any:
    return IMPLEMENTATIONS[request.param]


async def _added(open_work: OpenWork, port: Port, store: str) -> tuple[Any, tuple[Any, ...]]:
    """Add a noun, with the organization, the member or the channel that it refers to. Gives it and its key."""
    async with open_work() as work:
        organization = PORTS["organizations"].make(new(), new())
        channel = PORTS["channels"].make(new(), new())
        await work.organizations.add(organization)
        await work.channels.add(channel)
        owner: Any = organization.id
        if store == "credentials":
            member = PORTS["members"].make(organization.id, channel.id)
            await work.members.add(member)
            owner = member.id
        if store == "devices":
            client = PORTS["clients"].make(organization.id, channel.id)
            await work.clients.add(client)
            owner = client.id
        other = channel.id
        if store in OF_OUTLET:
            outlet = PORTS["outlets"].make(organization.id, channel.id)
            await work.outlets.add(outlet)
            owner, other = outlet.id, organization.id
        if store == "placements":
            try:
                await work.materials.get(MATERIAL.id)
            except NotFound:
                await work.materials.add(replace(MATERIAL, owner_id=organization.id))
        if store in OF_ACTIVITY:
            activity = _activity(organization.id)
            await work.activities.add(activity, (), NOW)
            owner, other = activity.id, organization.id
        noun = port.make(owner, other)
        await port.add(getattr(work, store), noun)
        await work.commit()
    return noun, port.key(noun)


@pytest.mark.parametrize("store", PORTS)
def test_of_two_writers_who_read_the_same_revision_the_second_is_refused(
    installation: Installation, implementation: Any, store: str
) -> None:
    port = PORTS[store]

    async def scenario() -> None:
        async with implementation(installation) as open_work:
            _, key = await _added(open_work, port, store)
            first, second = open_work(), open_work()
            async with first:
                seen = await getattr(getattr(first, store), port.read)(*key)
            async with second:
                same = await getattr(getattr(second, store), port.read)(*key)
            assert seen == same
            async with first:
                saved = await getattr(first, store).save(replace(seen, **port.change))
                await first.commit()
            assert saved.revision == seen.revision + 1
            async with second:
                with pytest.raises(StaleVersion) as refused:
                    await getattr(second, store).save(replace(same, **port.change))
            assert refused.value.facts["current"] == saved.revision
            async with open_work() as work:
                assert await getattr(getattr(work, store), port.read)(*key) == saved

    finished(scenario())


@pytest.mark.parametrize("store", PORTS)
def test_what_is_not_committed_is_forgotten_and_what_was_never_added_cannot_be_saved(
    installation: Installation, implementation: Any, store: str
) -> None:
    port = PORTS[store]

    async def scenario() -> None:
        async with implementation(installation) as open_work:
            noun, key = await _added(open_work, port, store)
            async with open_work() as work:
                found = await getattr(getattr(work, store), port.read)(*key)
                await getattr(work, store).save(replace(found, **port.change))
            async with open_work() as work:
                assert await getattr(getattr(work, store), port.read)(*key) == found
                unknown = replace(port.make(new(), new()), revision=max(noun.revision, 1))
                with pytest.raises(NotFound):
                    await getattr(work, store).save(unknown)

    finished(scenario())


def test_the_suite_walks_over_every_table_with_a_revision() -> None:
    revisioned = {table.name for table in metadata.tables.values() if "revision" in table.columns}
    assert revisioned - {"history"} == {port.table for port in PORTS.values()}


def test_due_materials_are_listed_longest_due_first_also_those_that_were_missed(
    installation: Installation, implementation: Any
) -> None:
    async def scenario() -> None:
        async with implementation(installation) as open_work:
            made, _ = await _added(open_work, PORTS["materials"], "materials")
            long_ago = datetime(2001, 1, 1, tzinfo=UTC)
            ended = replace(made.content, expires_at=long_ago + timedelta(hours=1))
            waiting = replace(made, state="scheduled", scheduled_for=long_ago, content=ended)
            async with open_work() as work:
                await work.materials.save(waiting)
                await work.commit()
            async with open_work() as work:
                assert (await work.materials.list_due(long_ago, 1))[:1] == [made.id]
                assert made.id not in await work.materials.list_due(long_ago - timedelta(seconds=1), 100)
            async with open_work() as work:
                saved = await work.materials.get(made.id)
                await work.materials.save(replace(saved, state="approved", scheduled_for=None))
                await work.commit()

    finished(scenario())
