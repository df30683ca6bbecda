"""Loads a real year of the decree's six tasks: campaigns, activities, outlets, bookings, placements, assignments.

Idempotent: ids are made of codes, and what is there already is left as it is.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec

from domain.actor import Actor
from domain.coordination.actions import activities, assignments, campaigns, coverages, series
from domain.coordination.activity import Activity, ActivityPlan, Results
from domain.coordination.assignment import Assignee, AssignmentRequest
from domain.coordination.campaign import CampaignPlan, Goal
from domain.coordination.coverage import CoveragePlan
from domain.identity.organization import Organization
from domain.outlets.actions import bookings, outlets, placements
from domain.outlets.booking import BookingRequest
from domain.outlets.outlet import OutletProfile, SlotPlan
from domain.outlets.placement import PlacementReport
from domain.timing import DEFAULT_ZONE, Recurrence, Timing, instant_of, read_wall_time, read_zone
from runtime.services import Services

NAMESPACE = UUID("3250abcd-0000-5000-8000-000000002026")
Row = dict[str, Any]


def id_of(kind: str, code: str) -> UUID:
    """The id of what has this code in the programme."""
    return uuid5(NAMESPACE, f"{kind}:{code}")


class YearLoader:
    """One run; `new` counts what was added."""

    def __init__(
        self,
        services: Services,
        coordinator: Actor,
        organizations: dict[str, Organization],
        districts: Sequence[Row],
        materials: dict[str, UUID],
    ) -> None:
        self._work = services.work()
        self._now = services.clock.now()
        self._coordinator = coordinator
        self._organizations = organizations
        self._districts = districts
        self._materials = materials
        self.new = {"campaigns": 0, "activities": 0, "outlets": 0}

    def _id(self, code: str) -> UUID:
        return self._organizations[code].id

    def _ids(self, codes: Sequence[str]) -> tuple[UUID, ...]:
        """Organizations by code; `@kind` stands for all of a kind."""
        return tuple(
            each.id for code in codes for each in self._organizations.values() if code in (each.code, f"@{each.kind}")
        )

    def _each(self, row: Row) -> Iterator[Row]:
        """A row as it is, or one for each district where its texts have `{d}`."""
        if "{d}" not in f"{row}":
            yield row
            return
        for number, district in enumerate(self._districts):
            names = {"{d}": district["code"], "{name}": district["name_vi"]}
            made = {key: _filled(value, names) for key, value in row.items()}
            shift = timedelta(days=number * int(row.get("step_days", 0)))
            for name in ("start", "end") if "step_days" in row else ():
                made[name] = _later(made[name], shift)
            yield made | {"districts": [district["code"]]}

    async def load(self, year: Row) -> dict[str, int]:
        steps = {
            "campaigns": self._campaign,
            "outlets": self._outlet,
            "slots": self._slot,
            "activities": self._activity,
            "bookings": self._booking,
            "placements": self._placement,
            "assignments": self._assignment,
        }
        for table, add in steps.items():
            for row in year[table]:
                for each in self._each(row):
                    await add(each)
        return self.new

    async def _campaign(self, row: Row) -> None:
        identifier = id_of("campaign", row["code"])
        async with self._work as work:
            if await work.campaigns.find(identifier) is not None:
                return
        plan = CampaignPlan(
            code=row["code"],
            title=row["title"],
            title_en=row["title_en"],
            summary=row["summary"],
            starts_on=date.fromisoformat(row["starts_on"]),
            ends_on=date.fromisoformat(row["ends_on"]),
            participant_ids=self._ids(row["participants"]),
            topics=tuple(row["topics"]),
            audiences=tuple(row["audiences"]),
            tasks=tuple(row["tasks"]),
            goals=tuple(msgspec.convert({"target": k, "value": v}, Goal) for k, v in row["goals"].items()),
        )
        made, _ = await campaigns.put(self._work, self._coordinator, identifier, plan, self._id(row["lead"]))
        if row["state"] == "running":
            await campaigns.move(self._work, self._coordinator, made.id, "start", revision=made.revision)
        self.new["campaigns"] += 1

    async def _activity(self, row: Row) -> None:
        identifier = id_of("activity", row["code"])
        async with self._work as work:
            if await work.activities.find(identifier) is not None:
                return
        owner = self._id(row["owner"])
        made, _ = await activities.put(self._work, self._coordinator, identifier, self._plan(row), owner_id=owner)
        for at, start, end in [row["moved"]] if "moved" in row else []:
            times: dict[str, object] = {"timing": {"start": start, "end": end}}
            part = series.Part("this", at)
            made = await activities.patch(self._work, self._coordinator, made.id, times, made.revision, part)
        await self._finish(row, made)
        if "coverage" in row:
            kind, due, material = row["coverage"]
            plan = msgspec.convert(
                {"kind": kind, "due": due, "material_id": str(self._materials[material])}, CoveragePlan
            )
            coverage_id = id_of("coverage", row["code"])
            await coverages.put(self._work, self._coordinator, made.id, coverage_id, plan, None)
        self.new["activities"] += 1

    def _plan(self, row: Row) -> ActivityPlan:
        recurrence = None
        if "rule" in row:
            recurrence = Recurrence(rule=row["rule"], excluded=tuple(row.get("excluded", ())))
        districts = row.get("districts", [])
        places = [each["code"] for each in self._districts] if districts == "all" else districts
        return ActivityPlan(
            kind=row["kind"],
            title=row["title"],
            campaign_id=id_of("campaign", row["campaign"]) if row["campaign"] else None,
            timing=Timing(start=row["start"], end=row["end"], recurrence=recurrence),
            location=row.get("location", ""),
            place_ids=self._ids(places),
            participant_ids=self._ids(row.get("participants", ())),
            topics=tuple(row["topics"]),
            audiences=tuple(row["audiences"]),
            tasks=tuple(row["tasks"]),
            expected_size=row.get("expected"),
        )

    async def _finish(self, row: Row, made: Activity) -> None:
        state, work, by = row["state"], self._work, self._coordinator
        if state == "confirmed":
            await activities.move(work, by, made.id, "confirm", revision=made.revision)
        if state == "done":
            numbers = {name: row[name] for name in ("attendance", "reach", "entries", "winners") if name in row}
            await activities.move(work, by, made.id, "complete", revision=made.revision, results=Results(**numbers))

    async def _outlet(self, row: Row) -> None:
        identifier = id_of("outlet", row["code"])
        async with self._work as work:
            if await work.outlets.find(identifier) is not None:
                return
        place = row.get("districts", [])
        profile = OutletProfile(
            kind=row["kind"],
            name=row["name"],
            address=row["address"],
            place_id=self._id(place[0]) if place else None,
            languages=tuple(row["languages"]),
            accepts=tuple(row["accepts"]),
            longest_seconds=row.get("longest"),
            estimated_reach=row["reach"],
        )
        await outlets.put(self._work, self._coordinator, identifier, profile, self._id(row["owner"]))
        self.new["outlets"] += 1

    async def _slot(self, row: Row) -> None:
        timing = Timing(start=row["start"], end=row["end"], recurrence=Recurrence(rule=row["rule"]))
        slot_id = id_of("slot", f"{row['outlet']} {row['title']}")
        async with self._work as work:
            if await work.slots.find(slot_id) is not None:
                return
        plan, outlet_id = SlotPlan(title=row["title"], timing=timing), id_of("outlet", row["outlet"])
        await outlets.put_slot(self._work, self._coordinator, outlet_id, slot_id, plan, None)

    def _at(self, row: Row) -> str:
        """A wall time some days from today."""
        today = self._now.astimezone(read_zone(DEFAULT_ZONE)).date()
        return f"{today + timedelta(days=row['days'])}T{row['at']}"

    async def _booking(self, row: Row) -> None:
        booking_id = id_of("booking", f"{row['outlet']} {row['days']} {row['material']}")
        async with self._work as work:
            if await work.bookings.find(booking_id) is not None:
                return
        request = BookingRequest(
            outlet_id=id_of("outlet", row["outlet"]),
            start=self._at(row),
            duration_seconds=row["seconds"],
            material_id=self._materials[row["material"]],
            confirmed=row["confirmed"],
        )
        await bookings.put(self._work, self._coordinator, booking_id, request)

    async def _placement(self, row: Row) -> None:
        placement_id = id_of("placement", f"{row['outlet']} {row['days']} {row['material']}")
        async with self._work as work:
            if await work.placements.find(placement_id) is not None:
                return
        report = PlacementReport(
            outlet_id=id_of("outlet", row["outlet"]),
            material_id=self._materials[row["material"]],
            starts_at=instant_of(read_wall_time(self._at(row)), read_zone(DEFAULT_ZONE)).astimezone(UTC),
            reach=row["reach"],
            proof_url=row.get("proof"),
        )
        await placements.put(self._work, self._coordinator, placement_id, report)

    async def _assignment(self, row: Row) -> None:
        for organization_id in self._ids(row["to"]):
            identifier = id_of("assignment", f"{row['activity']} {organization_id}")
            async with self._work as work:
                if await work.assignments.find(identifier) is not None:
                    continue
            request = AssignmentRequest(
                activity_id=id_of("activity", row["activity"]),
                assignee=Assignee(organization_id=organization_id),
                due=row["due"],
                reminders=tuple(row["reminders"]),
                note=row["note"],
            )
            await assignments.put(self._work, self._coordinator, identifier, request)


def _filled(value: Any, names: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    for name, text in names.items():
        value = value.replace(name, text)
    return value


def _later(text: str, shift: timedelta) -> str:
    at = datetime.fromisoformat(text) + shift
    return at.isoformat() if "T" in text else at.date().isoformat()


def read_year() -> Row:
    found: Row = tomllib.loads((Path(__file__).parent / "year-2026.toml").read_text(encoding="utf-8"))
    return found
