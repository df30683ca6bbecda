"""One organization takes another's place: the rows that move. History (audit, signed documents) stays."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from storage.postgres.statements import Sql

_MOVES = [
    "UPDATE members SET organization_id = :coming WHERE organization_id = :leaving",
    "UPDATE clients SET organization_id = :coming WHERE organization_id = :leaving",
    "UPDATE invitations SET organization_id = :coming WHERE organization_id = :leaving AND member_id IS NULL",
    "UPDATE materials SET owner_id = :coming WHERE owner_id = :leaving",
    "UPDATE assets SET owner_id = :coming WHERE owner_id = :leaving",
    "UPDATE uploads SET owner_id = :coming WHERE owner_id = :leaving",
    # The copies go with the machines that hold them: what was pulled must be asked back from the successor.
    """INSERT INTO ledger SELECT :coming, client_id, channel_id, seq, first_asked_at, asked_at FROM ledger
        WHERE organization_id = :leaving ON CONFLICT DO NOTHING""",
    "DELETE FROM ledger WHERE organization_id = :leaving",
    """INSERT INTO downloads SELECT :coming, asset_id, first_at, last_at, count FROM downloads
        WHERE organization_id = :leaving ON CONFLICT (organization_id, asset_id) DO UPDATE
          SET last_at = greatest(downloads.last_at, EXCLUDED.last_at), count = downloads.count + EXCLUDED.count""",
    "DELETE FROM downloads WHERE organization_id = :leaving",
    """INSERT INTO grants SELECT channel_id, :coming, :at, NULL FROM grants
        WHERE organization_id = :leaving AND revoked_at IS NULL
           ON CONFLICT (channel_id, organization_id) DO UPDATE SET revoked_at = NULL""",
    "UPDATE grants SET revoked_at = :at WHERE organization_id = :leaving AND revoked_at IS NULL",
    """UPDATE obligations o SET organization_id = :coming WHERE organization_id = :leaving AND status IS NULL
          AND NOT EXISTS (SELECT 1 FROM obligations m
                           WHERE m.takedown_id = o.takedown_id AND m.organization_id = :coming)""",
    "DELETE FROM obligations WHERE organization_id = :leaving AND status IS NULL",
]


async def hand_over(sql: Sql, leaving_id: UUID, coming_id: UUID, at: datetime) -> None:
    """Move everything that is still alive, in the caller's transaction."""
    values = {"leaving": leaving_id, "coming": coming_id, "at": at}
    for statement in _MOVES:
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        await sql.run(text(_typed(statement)), **named)


def _typed(statement: str) -> str:
    """A bare parameter in a select list has no type of its own."""
    return statement.replace("SELECT :coming,", "SELECT CAST(:coming AS uuid),").replace(
        ":coming, :at, NULL", "CAST(:coming AS uuid), CAST(:at AS timestamptz), CAST(NULL AS timestamptz)"
    )
