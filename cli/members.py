"""`lantoa member`: the first people, and those who lost their password."""

import sys
from typing import Annotated

import typer

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.actor import OPERATOR
from domain.errors import NotFound
from domain.identity.actions import clients, members, sign_in
from domain.identity.login import check_password
from domain.identity.member import Role
from domain.scopes import ROLE_SCOPES
from runtime.services import open_services

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Thành viên · Members."""


@app.command(help="Mời một người; đường dẫn chỉ hiện một lần · Invite a person; the link is shown once")
@command
async def invite(
    organization: Annotated[str, typer.Argument(help="mã đơn vị · organization code")],
    role: Annotated[list[str], typer.Option(help=", ".join(ROLE_SCOPES))],
    email: Annotated[str | None, typer.Option(help="để đăng nhập qua tài khoản của tỉnh · for the provider")] = None,
    as_json: Json = False,
) -> None:
    if not set(role) <= set(ROLE_SCOPES):
        raise fail(f"role: {', '.join(ROLE_SCOPES)}")
    where, roles = settings(), tuple[Role, ...](role)  # type: ignore[arg-type]
    async with open_services(where) as services:
        owner = await clients.owner_of(services.work(), organization)
        made, code = await members.invite(services.work(), OPERATOR, owner, roles, email)
    link = f"{where.public_url}/invite?code={code}"
    say({"link": link, "code": code, "expires_at": made.expires_at.isoformat()}, link, as_json=as_json)


@app.command(help="Đặt mật khẩu (đọc từ stdin); mọi phiên kết thúc · Set a password from stdin; all sessions end")
@command
async def password(
    login: str,
    forget_second_factor: Annotated[bool, typer.Option(help="đặt lại bước thứ hai · enrol again")] = False,
    as_json: Json = False,
) -> None:
    sys.stderr.write("Mật khẩu mới · New password: " if sys.stdin.isatty() else "")
    text = check_password(sys.stdin.readline().rstrip("\n"), login=login)
    async with open_services(settings()) as services:
        async with services.work() as work:
            member = await work.members.find_by_login(login)
        if member is None:
            raise NotFound
        passwords = services.authenticator.passwords
        await sign_in.set_password(services.work(), passwords, member, text, by=OPERATOR.key)
        if forget_second_factor:
            await sign_in.remove_second_factor(services.work(), member, by=OPERATOR.key)
    say({"login": login}, f"{login}: đã đặt · set", as_json=as_json)
