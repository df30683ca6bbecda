"""The component schemas: structs as msgspec enforces them, and enums under the names of the public vocabulary."""

from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from api.coordination.calendar import EntryType
from api.distribution.document_view import VersionSignal
from api.distribution.views import ChangeOperation
from api.http.resources import TableFormat
from api.media.assets import DeliveryMode
from api.outlets.schedule import ScheduleFormat
from domain.content.content import (
    AlertCategory,
    AlertCertainty,
    AlertSeverity,
    AlertUrgency,
    Kind,
    Language,
    RelationKind,
)
from domain.content.material import AllowedAction, State
from domain.coordination.activity import ActivityAction, ActivityKind, ActivityState, EditScope
from domain.coordination.assignment import AssignmentState
from domain.coordination.calendar_feed import CalendarScope
from domain.coordination.campaign import CampaignAction, CampaignState, TargetCode
from domain.coordination.coverage import CoverageFlag, CoverageState
from domain.coordination.inbox import InboxKind
from domain.distribution.change import TombstoneReason
from domain.distribution.takedown import AckStatus, TakedownReason
from domain.identity.directory import OrganizationRow
from domain.identity.member import Role
from domain.identity.organization import OrganizationKind
from domain.media.asset import AssetRole
from domain.outlets.as_run import AsRunFormat
from domain.outlets.booking import BookingState, CancelReason
from domain.outlets.outlet import OutletKind
from domain.outlets.placement import Outcome, PlacementOrigin

_ENUMS: dict[str, tuple[Any, str]] = {
    "AckStatus": (AckStatus, "What an outlet did about a takedown."),
    "ActivityAction": (ActivityAction, "What can be done with an activity."),
    "ActivityKind": (ActivityKind, "What is done, in the words of the decree's six tasks."),
    "ActivityState": (ActivityState, "Where an activity stands between plan and result."),
    "AssignmentState": (AssignmentState, "Where an assignment stands between being given and being done."),
    "BookingState": (BookingState, "Whether a booking is held, confirmed or cancelled."),
    "CalendarEntryType": (EntryType, "What a calendar entry is."),
    "CalendarScope": (CalendarScope, "Whose or what calendar a feed shows."),
    "CampaignAction": (CampaignAction, "What can be done with a campaign."),
    "CampaignState": (CampaignState, "Where a campaign stands."),
    "CancelReason": (CancelReason, "Why a booking was cancelled."),
    "CoverageFlag": (CoverageFlag, "Why a coverage was cancelled by something elsewhere."),
    "CoverageState": (CoverageState, "Whether a coverage has its material."),
    "EditScope": (EditScope, "Which occurrences of a series an edit is for."),
    "InboxKind": (InboxKind, "What an inbox entry is about."),
    "OutletKind": (OutletKind, "What an outlet is."),
    "PlacementOrigin": (PlacementOrigin, "How a placement came to be known."),
    "PlacementOutcome": (Outcome, "How a placement was against its booking."),
    "TargetCode": (TargetCode, "The targets of the decree's part II, section II.2."),
    "AlertCategory": (AlertCategory, "CAP 1.2, `category`."),
    "AlertCertainty": (AlertCertainty, "CAP 1.2, `certainty`."),
    "AlertSeverity": (AlertSeverity, "CAP 1.2, `severity`."),
    "AlertUrgency": (AlertUrgency, "CAP 1.2, `urgency`."),
    "AsRunFormat": (AsRunFormat, "The program that wrote an as-run log."),
    "ScheduleFormat": (ScheduleFormat, "The format of a running order."),
    "AssetRole": (AssetRole, "What a file is to its material."),
    "ChangeOperation": (ChangeOperation, "`upsert` brings a document, `tombstone` takes it away."),
    "DeliveryMode": (DeliveryMode, "`redirect` to the object store, or the bytes through this server (`proxy`)."),
    "TableFormat": (TableFormat, "The format of a table."),
    "Language": (Language, "Vietnamese, Western Cham, Raglai, English."),
    "MaterialAction": (AllowedAction, "What can be done to a material."),
    "MaterialKind": (Kind, "What a material is."),
    "MaterialState": (State, "Where a material stands between draft and the end of its life."),
    "OrganizationKind": (OrganizationKind, "What an organization is."),
    "RelationKind": (RelationKind, "How a material relates to another."),
    "Role": (Role, "What a person or a machine does in the programme."),
    "TakedownReason": (TakedownReason, "Why an outlet must remove a material."),
    "TombstoneReason": (TombstoneReason, "Why a material left a channel."),
    "VersionSignal": (VersionSignal, "Whether a new version corrects an error."),
}
_NAMES = {frozenset(get_args(literal)): name for name, (literal, _) in _ENUMS.items()}


def component_schemas(names: Iterable[str]) -> dict[str, Any]:
    """Give the schemas of the structs with these names, of those they hold, and of all enums.

    Litestar's own lose bounds inside lists and unions.
    """
    known = {kind.__name__: kind for kind in _structs(msgspec.Struct)}
    kinds = [*(known[name] for name in sorted(names)), OrganizationRow]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    enums = {
        name: {"title": name, "description": text, "type": "string", "enum": list(get_args(literal))}
        for name, (literal, text) in _ENUMS.items()
    }
    return with_named_enums(schemas) | enums  # type: ignore[no-any-return]


def with_named_enums(value: Any) -> Any:
    r"""Refer to named enums, and write patterns as ECMA 262 does: `^…$` where Python says `\A…\Z`.

    A parameter cannot be null: it is left out instead.
    """
    if isinstance(value, list):
        return [with_named_enums(each) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("enum"), list):
        name = _NAMES[frozenset(value["enum"]) - {None}]
        kept = {key: each for key, each in value.items() if key not in ("enum", "type")}
        return {**kept, "$ref": f"#/components/schemas/{name}"}
    fixed = {key: with_named_enums(each) for key, each in value.items()}
    if isinstance(fixed.get("pattern"), str):
        fixed["pattern"] = fixed["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(fixed.get("description"), str):
        fixed["description"] = " ".join(fixed["description"].split())
    return fixed


def _structs(kind: type) -> list[type]:
    found: list[type] = []
    below: type
    for below in kind.__subclasses__():
        found += [below, *_structs(below)]
    return found
