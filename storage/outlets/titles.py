"""Titles of what is booked: of a material the published one, for a draft is nobody's but its owner's."""


def published(material: str) -> str:
    """The live document of a material as jsonb."""
    return f"""(SELECT convert_from(d.document, 'UTF8')::jsonb FROM editions d
                 WHERE d.material_id = {material}.id AND d.version = {material}.live_version)"""  # noqa: S608 -- an alias


def booked_title(material: str, booking: str, activity: str) -> str:
    """The title of a booking: its material's where it is published or the outlet's own, else its activity's."""
    return f"""coalesce({published(material)} ->> 'title',
                 CASE WHEN {material}.owner_id = {booking}.owner_id AND {material}.live_version IS NULL
                      THEN {material}.title END, {activity}.title, '(đã gỡ)')"""
