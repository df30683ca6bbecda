"""Members and invitations."""

from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, known_revision, operation
from api.dependencies import AnyRequest, Unit
from api.http.pagination import CursorParameter, Limit, Within, page_of, read_page_cursor
from api.http.request_bodies import StrictBody, given_fields
from api.http.views import NO_STORE
from api.identity.views import InvitationRequest, InvitationView, MemberList, MemberPatch, MemberView, show_member
from domain.actor import Actor
from domain.errors import NotFound
from domain.identity.actions import members
from runtime.settings import Settings
from storage.identity.lists import MemberLists

TAGS = ["members"]


@get(
    "/v1/members",
    operation_id="listMembers",
    summary="Các thành viên · Members",
    tags=TAGS,
    **operation("member.read"),
)
async def list_members(
    request: AnyRequest,
    member_lists: NamedDependency[MemberLists],
    actor: NamedDependency[Actor],
    *,
    cursor: CursorParameter = None,
    limit: Limit = 50,
    within: Within = None,
) -> Response[MemberList]:
    """List the members you may manage, oldest first."""
    rows = await member_lists.page(actor, after=read_page_cursor(cursor), organization=within, limit=limit + 1)
    return page_of(request, MemberList, MemberView, rows, limit)


@get(
    "/v1/members/{member_id:uuid}",
    operation_id="getMember",
    summary="Một thành viên · One member",
    tags=TAGS,
    **operation("member.read"),
)
async def get_member(
    member_id: FromPath[UUID], member_lists: NamedDependency[MemberLists], actor: NamedDependency[Actor]
) -> Response[MemberView]:
    """Read one member. A change must send its ETag."""
    rows = await member_lists.page(actor, one=member_id, limit=1)
    if not rows:
        raise NotFound
    headers = {"etag": f'"{rows[0]["revision"]}"', "cache-control": "no-store"}
    return Response(msgspec.convert(rows[0], MemberView), headers=headers)


@patch(
    "/v1/members/{member_id:uuid}",
    dto=StrictBody[MemberPatch],
    return_dto=None,
    operation_id="changeMember",
    summary="Đổi vai trò, tạm ngưng · Change roles, suspend",
    tags=TAGS,
    **operation("member.manage", *CHANGING, *WRITING),
)
async def change_member(
    member_id: FromPath[UUID],
    data: JSONBody[MemberPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[MemberView]:
    """Change roles, suspend or reactivate. A suspended member's tokens stop within five seconds."""
    changed = await members.change(work, actor, member_id, known_revision(if_match), **given_fields(data))
    headers = {"etag": f'"{changed.revision}"', "cache-control": "no-store"}
    return Response(show_member(changed), headers=headers)


@post(
    "/v1/invitations",
    dto=StrictBody[InvitationRequest],
    return_dto=None,
    operation_id="inviteMember",
    summary="Mời một người · Invite a person",
    tags=TAGS,
    **operation("member.manage", *WRITING, *KEYED, shown_once=True),
)
async def invite_member(
    data: JSONBody[InvitationRequest],
    settings: NamedDependency[Settings],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[InvitationView]:
    """Invite a person. The link is valid for seven days and for one person, and is shown once."""
    email = data.email if isinstance(data.email, str) else None
    made, code = await members.invite(work, actor, data.organization_id, data.roles, email)
    link = f"{settings.public_url}/invite?code={code}"
    view = InvitationView(id=made.id, code=code, link=link, expires_at=made.expires_at)
    return Response(view, headers=NO_STORE)


@delete(
    "/v1/invitations/{invitation_id:uuid}",
    status_code=204,
    operation_id="withdrawInvitation",
    summary="Rút lời mời · Withdraw an invitation",
    tags=TAGS,
    **operation("member.manage"),
)
async def withdraw_invitation(invitation_id: FromPath[UUID], work: Unit, actor: NamedDependency[Actor]) -> None:
    """Withdraw an invitation that nobody has accepted."""
    await members.withdraw_invitation(work, actor, invitation_id)


ROUTES = [list_members, get_member, change_member, invite_member, withdraw_invitation]
