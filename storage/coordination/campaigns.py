"""Campaigns in PostgreSQL."""

from collections.abc import Mapping
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import bindparam, insert, select

from domain.coordination.campaign import Campaign
from domain.errors import CodeTaken, IdTaken
from storage.coordination.succession import succeed
from storage.coordination.tables import campaigns
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import find_struct, to_row, to_struct
from storage.postgres.statements import Sql, Statement

_GET = Statement(select(campaigns).where(campaigns.c.id == bindparam("wanted")))
_GET_SHARED = Statement(select(campaigns).where(campaigns.c.id == bindparam("wanted")).with_for_update(read=True))
_BY_CODE = Statement(select(campaigns).where(campaigns.c.code == bindparam("wanted")))
_REVISIONS = RevisionedTable(campaigns, "id", fixed=["created_at"])
_SUCCEED = Statement(succeed("campaigns", ("participant_ids",), ("planned", "running")))


def _row(campaign: Campaign) -> Mapping[str, object]:
    plan = campaign.plan
    return to_row(
        campaigns,
        campaign,
        code=plan.code,
        title=plan.title,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        participant_ids=list(plan.participant_ids),
    )


class CampaignStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, campaign_id: UUID) -> Campaign:
        return to_struct(Campaign, await self._sql.row(_GET, wanted=campaign_id))

    async def find(self, campaign_id: UUID, *, shared: bool = False) -> Campaign | None:
        return find_struct(Campaign, await self._sql.row(_GET_SHARED if shared else _GET, wanted=campaign_id))

    async def find_by_code(self, code: str) -> Campaign | None:
        return find_struct(Campaign, await self._sql.row(_BY_CODE, wanted=code))

    async def add(self, campaign: Campaign) -> None:
        try:
            await self._sql.run(insert(campaigns).values(_row(campaign)))
        except UniqueViolationError as error:
            raise _taken(error, campaign) from error

    async def save(self, campaign: Campaign) -> Campaign:
        try:
            return await _REVISIONS.save(self._sql, campaign, _row(campaign))
        except UniqueViolationError as error:
            raise _taken(error, campaign) from error

    async def change_organization(self, leaving_id: UUID, successor_id: UUID) -> None:
        await self._sql.run(_SUCCEED, leaving=leaving_id, successor=successor_id)


def _taken(error: UniqueViolationError, campaign: Campaign) -> CodeTaken | IdTaken:
    constraint = getattr(error, "constraint_name", "")
    return CodeTaken(value=campaign.plan.code) if constraint == "campaigns_code" else IdTaken()
