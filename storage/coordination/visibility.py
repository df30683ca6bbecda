"""The one SQL predicate for planned work: what exists for an organization that takes part in it."""


def activity_visible(everything: str, organization: str) -> str:
    """Whether activity `a` exists for the caller; both arguments are placeholders of parameters."""
    return (
        f"({everything} OR a.owner_id = {organization} OR a.participant_ids @> ARRAY[{organization}]::uuid[]"
        f" OR EXISTS (SELECT FROM assignments s WHERE s.activity_id = a.id AND s.organization_id = {organization}"
        " AND s.state <> 'cancelled'))"
    )


def takes_part(organization: str) -> str:
    """Whether an organization owns activity `a`, takes part in it or has an assignment of it."""
    return activity_visible("false", organization)


def within(place: str) -> str:
    """Whether activity `a` is for a place: the organization itself or one below it in the tree."""
    return f"""a.place_ids && (WITH RECURSIVE t AS (
        SELECT id FROM organizations WHERE id = {place}
        UNION SELECT o.id FROM organizations o JOIN t ON o.parent_id = t.id)
        SELECT array_agg(id) FROM t)"""  # noqa: S608 -- a placeholder
