"""Rosters of training classes: attendance and completion, exchanged as CSV."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.tables import read_table, read_yes_no

MAX_ATTENDEES = 2000
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class RosterRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of the table. `login`: of the member's account, where the person has one."""

    name: Name
    unit: Annotated[str, Meta(max_length=200)] = ""
    login: Annotated[str, Meta(max_length=64)] | None = None
    attended: bool = False
    completed_on: date | None = None
    certificate_number: Annotated[str, Meta(max_length=60)] = ""


class Attendee(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person in a training class. `member_id`: its account, where there is one."""

    number: int
    name: str
    unit: str = ""
    member_id: UUID | None = None
    attended: bool = False
    completed_on: date | None = None
    certificate_number: str = ""


COLUMNS = {
    "name": ("name", "họ và tên", "họ tên"),
    "unit": ("unit", "đơn vị", "đơn vị công tác"),
    "login": ("login", "tài khoản"),
    "attended": ("attended", "tham dự", "có mặt"),
    "completed_on": ("completed_on", "ngày hoàn thành"),
    "certificate_number": ("certificate_number", "số chứng nhận", "số chứng chỉ"),
}
"""Field → the column titles that name it."""


def read_roster(raw: bytes) -> list[RosterRow]:
    """Read a table with a header row; see `domain.tables` for what is accepted. ImportRefused names row and field."""
    return read_table(raw, RosterRow, COLUMNS, MAX_ATTENDEES, {"attended": read_yes_no})
