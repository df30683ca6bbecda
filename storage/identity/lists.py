"""Staff lists of organizations, members and clients; and what is stored about one person."""

import json
from uuid import UUID

from domain.actor import Actor
from storage.postgres.lists import FIRST, Lists, Row

_ORGANIZATIONS = "SELECT id, code, kind, name FROM organizations WHERE id > $1 ORDER BY id LIMIT $2"
_MEMBERS = """
SELECT id, login, name, organization_id, roles, active, revision, left_at FROM members
 WHERE id > $1 AND ($2 OR organization_id = $3) AND ($4::uuid IS NULL OR organization_id = $4)
   AND ($5::uuid IS NULL OR id = $5)
 ORDER BY id LIMIT $6
"""
_CLIENTS = """
SELECT c.id, c.name, c.organization_id, c.scopes, c.roles, c.public, c.redirect_uris, c.grant_types, c.active,
       c.revision,
       nullif(c.jwks, 'null') AS jwks, cardinality(c.secret_hashes) AS secrets,
       l.asked_at AS last_asked_at, l.slug AS last_channel
  FROM clients c
  LEFT JOIN LATERAL (
       SELECT l.asked_at, n.slug FROM ledger l JOIN channels n ON n.id = l.channel_id
        WHERE l.organization_id = c.organization_id AND l.client_id = c.id ORDER BY l.asked_at DESC LIMIT 1) l ON true
 WHERE c.id > $1 AND ($2 OR c.organization_id = $3) AND ($4::uuid IS NULL OR c.organization_id = $4)
   AND ($5::text IS NULL OR c.id = $5)
 ORDER BY c.id LIMIT $6
"""
_SESSIONS = """
SELECT s.id, c.name AS client, s.created_at, s.expires_at, s.revoked_at
  FROM sessions s JOIN clients c ON c.id = s.client_id WHERE s.member_id = $1 ORDER BY s.created_at
"""
_ACTIVITIES = "SELECT at, verb AS activity, thing AS target, detail FROM audit WHERE actor = $1 ORDER BY place"
_TRAININGS = """
SELECT a.title, t.attended, t.completed_on, t.certificate_number, t.name, t.unit
  FROM attendees t JOIN activities a ON a.id = t.activity_id WHERE t.member_id = $1 ORDER BY a.id
"""
_PERSON = """
SELECT m.id, m.login, m.name, m.email, m.roles, m.active, o.name AS organization,
       c.password_hash IS NOT NULL AS has_password, c.totp_box IS NOT NULL AS has_second_factor,
       c.provider_subject IS NOT NULL AS linked_to_provider
  FROM members m JOIN organizations o ON o.id = m.organization_id LEFT JOIN credentials c ON c.member_id = m.id
 WHERE m.id = $1
"""


class OrganizationLists(Lists):
    async def page(self, *, after: UUID | None, limit: int) -> list[Row]:
        """Every organization, oldest first."""
        return await self._fetch(_ORGANIZATIONS, after or FIRST, limit)


class MemberLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: UUID | None = None,
        organization: UUID | None = None,
        one: UUID | None = None,
        limit: int,
    ) -> list[Row]:
        """Members that `actor` may manage, oldest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_MEMBERS, after or FIRST, *reach, organization, one, limit)

    async def export(self, member_id: UUID) -> Row:
        """Everything that is stored about one person (Law 91/2025/QH15: the right to a copy)."""
        person = await self._fetch(_PERSON, member_id)
        activities = await self._fetch(_ACTIVITIES, f"member:{member_id}")
        return {
            "person": person[0],
            "sessions": await self._fetch(_SESSIONS, member_id),
            "activities": [row | {"detail": json.loads(row["detail"])} for row in activities],
            "trainings": await self._fetch(_TRAININGS, member_id),
        }


class ClientLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: str | None = None,
        organization: UUID | None = None,
        one: str | None = None,
        limit: int,
    ) -> list[Row]:
        """Clients that `actor` may manage, by id, with when and from which channel each last pulled."""
        reach = (actor.reaches_all, actor.organization_id)
        rows = await self._fetch(_CLIENTS, after or "", *reach, organization, one, limit)
        return [row | ({"jwks": json.loads(row["jwks"])} if "jwks" in row else {}) for row in rows]
