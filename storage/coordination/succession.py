"""SQL of successions: lists of organizations in which the successor takes the place of the one that leaves."""

from sqlalchemy import TextClause, Uuid, bindparam, text


def _replaced(column: str) -> str:
    """A list of organizations in its order, each once."""
    return f"""ARRAY(SELECT v FROM unnest(array_replace({column}, :leaving, :successor)) WITH ORDINALITY u(v, n)
                 GROUP BY v ORDER BY min(n))"""  # noqa: S608 -- a column


def succeed(table: str, lists: tuple[str, ...], open_states: tuple[str, ...], also: str = "") -> TextClause:
    """The statement that moves what is open: its owner, and lists that stand in columns and in its plan alike.

    `also`: further columns that it sets.
    """
    columns = ", ".join(f"{name} = {_replaced(name)}" for name in lists)
    plan = ", ".join(f"'{name}', to_jsonb({_replaced(name)})" for name in lists)
    named = " OR ".join(["owner_id = :leaving", *(f":leaving = ANY({name})" for name in lists)])
    states = ", ".join(f"'{state}'" for state in open_states)
    return text(f"""
UPDATE {table} SET revision = revision + 1, updated_at = now(), {columns}, {also}
       owner_id = CASE WHEN owner_id = :leaving THEN :successor ELSE owner_id END,
       plan = plan || jsonb_build_object({plan})
 WHERE ({named}) AND state IN ({states})
""").bindparams(bindparam("leaving", type_=Uuid), bindparam("successor", type_=Uuid))  # noqa: S608 -- constants
