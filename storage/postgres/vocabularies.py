"""The programme's vocabularies in PostgreSQL."""

from collections.abc import Mapping, Sequence

from asyncpg import Pool
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.vocabulary import Term
from storage.postgres.connections import reading
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import vocabulary

_CODES = Statement(select(vocabulary.c.list, vocabulary.c.code).order_by(vocabulary.c.list, vocabulary.c.place))


class VocabularyStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def codes(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {"topics": [], "audiences": [], "languages": [], "tasks": []}
        for name, code in await self._sql.rows(_CODES):
            found.setdefault(name, []).append(code)
        return found

    async def save(self, terms: Sequence[Term]) -> int:
        """Add or retitle terms; gives how many rows were written."""
        written = 0
        for term in terms:
            values = {"title": term.title_vi, "title_en": term.title_en, "place": term.place}
            statement = upsert(vocabulary).values(list=term.list, code=term.code, **values)
            changed = vocabulary.c.title.is_distinct_from(term.title_vi) | vocabulary.c.title_en.is_distinct_from(
                term.title_en
            )
            written += await self._sql.run(
                statement.on_conflict_do_update(index_elements=["list", "code"], set_=values, where=changed)
            )
        return written


_TERMS = """
SELECT list, code, title AS title_vi, title_en, place FROM vocabulary ORDER BY list, place
"""


class VocabularyReader:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def terms(self) -> list[Term]:
        """Every term, by list and place."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_TERMS)
        return [Term(**dict(row.items())) for row in rows]
