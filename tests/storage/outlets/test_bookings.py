"""Bookings on PostgreSQL: live ones never overlap, and a kill leaves none, whichever commits first."""

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actor import OPERATOR, Actor
from domain.distribution.actions import publications
from domain.errors import InvalidContent, SlotTaken
from domain.outlets.actions import bookings
from domain.outlets.booking import BookingRequest
from harness.installation import Installation, finished
from harness.people import Newsroom
from harness.planning import day_ahead, outlet
from runtime.services import Services, open_services
from storage.postgres.unit_of_work import PostgresUnitOfWork

SEED = int(os.environ.get("LANTOA_SEED", "3250"))


class PausedUnitOfWork(PostgresUnitOfWork):
    """Waits before it commits, holding every lock that it has taken."""

    def paused(self) -> "PausedUnitOfWork":
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()
        return self

    async def commit(self, *events: Any) -> None:
        self.arrived.set()
        await self.go_on.wait()
        await super().commit(*events)


def paused(services: Services) -> PausedUnitOfWork:
    return PausedUnitOfWork(services.engine, services.clock, services.ids, services.work().expand_rule).paused()


def request(outlet_id: str, start: str, material_id: UUID | None = None, **more: Any) -> BookingRequest:
    at = {"outlet_id": UUID(outlet_id), "start": start, "duration_seconds": 300, "material_id": material_id}
    return BookingRequest(**(at | more))


def actor(newsroom: Newsroom) -> Actor:
    me = newsroom.coordinator.get("/v1/me").json()
    return Actor(
        client_id="x",
        organization_id=UUID(me["organization"]["id"]),
        scopes=OPERATOR.scopes,
        roles=frozenset({"coordinator"}),
        member_id=UUID(me["member_id"]),
        central=True,
    )


def test_of_fifty_bookings_of_one_range_at_the_same_time_exactly_one_succeeds(
    installation: Installation, newsroom: Newsroom
) -> None:
    at, who = outlet(newsroom.coordinator)["id"], actor(newsroom)
    material_id = UUID(newsroom.published(title="Năm mươi người đặt")["id"])

    async def book(services: Services, number: int) -> str:
        start = f"{day_ahead(3)}T08:{number % 4:02}:00"
        try:
            await bookings.put(services.work(), who, uuid4(), request(at, start, material_id))
        except SlotTaken as error:
            return "taken" if error.facts.get("booking") else "taken by nobody"
        return "booked"

    async def scenario() -> Counter[str]:
        async with open_services(installation.settings) as services:
            gate = asyncio.Semaphore(4)

            async def one(number: int) -> str:
                async with gate:
                    return await book(services, number)

            return Counter(await asyncio.gather(*(one(number) for number in range(50))))

    assert finished(scenario()) == {"booked": 1, "taken": 49}


def test_random_bookings_moves_and_cancellations_never_overlap(installation: Installation, newsroom: Newsroom) -> None:
    print(f"LANTOA_SEED={SEED}")
    chance, at, who = random.Random(SEED), outlet(newsroom.coordinator)["id"], actor(newsroom)
    material_id = UUID(newsroom.published(title="Đặt ngẫu nhiên")["id"])

    async def scenario() -> int:
        async with open_services(installation.settings) as services:
            known: list[UUID] = []
            made = 0
            for _ in range(150):
                start = f"{day_ahead(4)}T{chance.randrange(8, 11):02}:{chance.randrange(60):02}:00"
                asked = request(at, start, material_id, duration_seconds=chance.randrange(60, 1500))
                try:
                    match chance.choice(["put", "put", "put", "patch", "cancel"]):
                        case "put":
                            booking, _ = await bookings.put(services.work(), who, uuid4(), asked)
                            known.append(booking.id)
                            made += 1
                        case "patch" if known:
                            one = await bookings.read(services.work(), who, chance.choice(known))
                            if one.state != "cancelled":
                                changes = {"start": start, "duration_seconds": asked.duration_seconds}
                                await bookings.patch(services.work(), who, one.id, changes, one.revision)
                        case "cancel" if known:
                            one = await bookings.read(services.work(), who, known.pop(chance.randrange(len(known))))
                            if one.state != "cancelled":
                                await bookings.move(services.work(), who, one.id, "cancel", one.revision)
                except SlotTaken:
                    continue
            return made

    assert finished(scenario()) > 10
    overlaps = installation.sql(
        """SELECT count(*) AS n FROM bookings x JOIN bookings y ON x.outlet_id = y.outlet_id AND x.id < y.id
            AND tstzrange(x.starts_at, x.ends_at) && tstzrange(y.starts_at, y.ends_at)
            WHERE x.outlet_id = $1::text::uuid AND x.cancelled_at IS NULL AND y.cancelled_at IS NULL""",
        at,
    )
    assert overlaps == [{"n": 0}]


@pytest.mark.parametrize("first", ["booking", "kill"])
def test_a_kill_while_its_material_is_being_booked_leaves_no_live_booking(
    installation: Installation, newsroom: Newsroom, first: str
) -> None:
    at, who = outlet(newsroom.coordinator)["id"], actor(newsroom)
    material_id = UUID(newsroom.published(title=f"Gỡ khi đang đặt, {first} trước")["id"])
    booking_id = uuid4()

    async def scenario() -> None:
        async with open_services(installation.settings) as services:
            earlier, later = paused(services), services.work()
            kill = publications.take_down(
                earlier if first == "kill" else later, who, material_id, "kill", revision=None, note="Sai"
            )
            book = bookings.put(
                earlier if first == "booking" else later,
                who,
                booking_id,
                request(at, f"{day_ahead(3)}T09:00:00", material_id, confirmed=True),
            )
            one, two = (kill, book) if first == "kill" else (book, kill)
            begun = asyncio.create_task(one)
            await asyncio.wait_for(earlier.arrived.wait(), 5)
            waiting = asyncio.create_task(two)
            await asyncio.sleep(0.3)
            assert not waiting.done(), "the second did not wait for the first"
            earlier.go_on.set()
            await asyncio.wait_for(begun, 5)
            if first == "kill":
                with pytest.raises(InvalidContent) as refused:
                    await asyncio.wait_for(waiting, 5)
                assert refused.value.errors[0].code == "material_taken_down"
            else:
                await asyncio.wait_for(waiting, 5)

    finished(scenario())
    live = installation.sql(
        "SELECT id FROM bookings WHERE material_id = $1::text::uuid AND cancelled_at IS NULL", str(material_id)
    )
    assert live == []
    if first == "booking":
        [row] = installation.sql("SELECT state, cancel_reason FROM bookings WHERE id = $1::text::uuid", str(booking_id))
        assert row == {"state": "cancelled", "cancel_reason": "material_killed"}


def test_two_bookings_that_touch_do_not_overlap(installation: Installation, newsroom: Newsroom) -> None:
    at, who = outlet(newsroom.coordinator)["id"], actor(newsroom)
    material_id = UUID(newsroom.published(title="Nối tiếp nhau")["id"])

    async def scenario() -> None:
        async with open_services(installation.settings) as services:
            for minute in (0, 5, 10):
                start = f"{day_ahead(3)}T07:{minute:02}:00"
                await bookings.put(services.work(), who, uuid4(), request(at, start, material_id))
            async with services.work() as work:
                start = datetime.now(UTC)
                assert len(await work.bookings.list_between(UUID(at), start, start + timedelta(days=9))) == 3

    finished(scenario())
