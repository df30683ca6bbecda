"""The one SQL predicate for planned work: what exists for an organization that takes part in it."""


def activity_visible(everything: str, organization: str) -> str:
    """Whether activity `a` exists for the caller; both arguments are placeholders of parameters.

    What was assigned for one part of a series that was cut makes all of it visible.
    """
    given = given_in_series(f"s.organization_id = {organization} AND s.state <> 'cancelled'")
    part = f"a.owner_id = {organization} OR a.participant_ids @> ARRAY[{organization}]::uuid[]"
    return f"({everything} OR {part} OR {given})"


def given_in_series(condition: str) -> str:
    """Whether an assignment `s` of activity `a`, or of another part of the series that it was cut from, is so."""
    return f"""coalesce(a.split_from, a.id) IN (
        SELECT coalesce(x.split_from, x.id) FROM assignments s JOIN activities x ON x.id = s.activity_id
         WHERE {condition})"""  # noqa: S608 -- a condition of this module


def takes_part(organization: str) -> str:
    """Whether an organization owns activity `a`, takes part in it or has an assignment of it."""
    return activity_visible("false", organization)


def within(place: str) -> str:
    """Whether activity `a` is for a place: the organization itself or one below it in the tree."""
    return f"""a.place_ids && (WITH RECURSIVE t AS (
        SELECT id FROM organizations WHERE id = {place}
        UNION SELECT o.id FROM organizations o JOIN t ON o.parent_id = t.id)
        SELECT array_agg(id) FROM t)"""  # noqa: S608 -- a placeholder


def placed_for(campaign: str) -> str:
    """Whether placement `p` counts for a campaign: booked for one of its activities, or of a material planned for one.

    The latter within the campaign's period.
    """
    return f"""(EXISTS (SELECT FROM bookings b JOIN activities a ON a.id = b.activity_id
                 WHERE b.id = p.booking_id AND a.campaign_id = {campaign})
     OR EXISTS (SELECT FROM coverages v JOIN activities a ON a.id = v.activity_id
                  JOIN campaigns g ON g.id = a.campaign_id
                 WHERE a.campaign_id = {campaign} AND v.material_id = p.material_id AND v.state <> 'cancelled'
                   AND p.on_day BETWEEN g.starts_on AND g.ends_on))"""  # noqa: S608 -- a placeholder
