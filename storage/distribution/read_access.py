"""The one SQL predicate for readers (`domain.read_access`): every query over published content uses it."""

from uuid import UUID

from domain.read_access import ReadAccess


def join_grants(organization: str) -> str:
    """JOIN the caller's grant `g` to channels `c`; `organization` is the parameter's placeholder."""
    return f"LEFT JOIN grants g ON g.channel_id = c.id AND g.organization_id = {organization}"


def readable(everything: str) -> str:
    """Whether channel `c` is readable with grant `g`; `everything` is the parameter's placeholder."""
    return f"(c.public OR {everything} OR (g.granted_at IS NOT NULL AND g.revoked_at IS NULL))"


def parameters(access: ReadAccess) -> tuple[UUID | None, bool]:
    """Values of the two placeholders: organization, everything."""
    return access.organization_id, access.everything
