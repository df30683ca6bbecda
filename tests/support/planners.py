"""A coordinator and a station in memory, for the rules of coordination."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from domain.actor import Actor
from domain.coordination.actions import activities
from domain.coordination.activity import Activity, ActivityPlan
from domain.identity.member import Role
from domain.identity.organization import Organization
from domain.scopes import scopes_of
from domain.timing import Recurrence, Timing
from tests.support.memory import Database

T = TypeVar("T")
HOME, STATION, COMMUNE = UUID(int=1), UUID(int=2), UUID(int=3)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def actor(role: Role, organization_id: UUID = HOME, number: int = 11) -> Actor:
    return Actor(
        client_id="app",
        organization_id=organization_id,
        scopes=scopes_of((role,)),
        roles=frozenset({role}),
        member_id=UUID(int=number),
    )


COORDINATOR, MANAGER = actor("coordinator"), actor("outlet_manager", STATION, 12)


def database() -> Database:
    made = Database()

    async def fill() -> None:
        async with made.work() as work:
            for identifier, code, kind, parent in (
                (HOME, "stttt", "coordinator", None),
                (STATION, "dai", "radio_station", HOME),
                (COMMUNE, "xa", "commune", STATION),
            ):
                await work.organizations.add(
                    Organization(id=identifier, code=code, kind=kind, name=code, parent_id=parent)  # type: ignore[arg-type]
                )
            await work.commit()

    run(fill())
    return made


def planned(made: Database, start: str, end: str, rule: str | None = None, **more: Any) -> Activity:
    recurrence = Recurrence(rule=rule, **more) if rule else None
    plan = ActivityPlan(kind="broadcast", title="Gốc", timing=Timing(start=start, end=end, recurrence=recurrence))
    return run(activities.put(made.work(), COORDINATOR, made.ids.new(), plan))[0]
