"""Writing the audit trail: the one place that inserts audit rows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert

from domain.events import Event
from storage.audit.tables import audit
from storage.postgres.statements import Sql, Statement

_INSERT = Statement(insert(audit), "at", "actor", "activity", "target", "detail")


def defer_audit_rows(sql: Sql, at: datetime, events: Sequence[Event]) -> None:
    """Write one row for each event, in the round trip that ends the transaction."""
    for event in events:
        sql.defer(
            _INSERT,
            at=at,
            actor=event.actor,
            activity=event.activity,
            target=event.target,
            detail=event.detail,
        )
