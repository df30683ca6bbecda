"""The one SQL predicate for planned work: what exists for an organization that takes part in it."""


def activity_visible(everything: str, organization: str) -> str:
    """Whether activity `a` exists for the caller; both arguments are placeholders of parameters.

    What was assigned for a series counts for the parts that were cut from it too.
    """
    given = f"s.organization_id = {organization} AND s.state <> 'cancelled'"
    return f"""({everything} OR a.owner_id = {organization} OR a.participant_ids @> ARRAY[{organization}]::uuid[]
        OR EXISTS (SELECT FROM assignments s WHERE s.activity_id = a.id AND {given})
        OR EXISTS (SELECT FROM assignments s WHERE s.activity_id = a.split_from AND {given}))"""  # noqa: S608


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
