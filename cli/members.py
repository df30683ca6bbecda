"""`lantoa member`: the first people, and those who lost their password."""

import sys
from typing import Annotated

import typer

from adapters.clock import SystemClock
from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.identity.actions import members
from domain.identity.login import check_password
from domain.identity.organization import Role
from domain.permissions import ROLE_SCOPES
from runtime.services import OPERATOR, engine_of, work_on
from storage.identity.accounts import Accounts

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
    async with engine_of(where) as engine:
        async with work_on(engine) as work:
            owner = (await work.organizations.by_code(organization)).id
        made, code = await members.invite(work_on(engine), OPERATOR, owner, roles, email)
    link = f"{where.public_url}/invite?code={code}"
    say({"link": link, "code": code, "expires_at": made.expires_at.isoformat()}, link, as_json=as_json)


@app.command(help="Đặt mật khẩu (đọc từ stdin); mọi phiên kết thúc · Set a password from stdin; all sessions end")
@command
async def password(
    login: str,
    forget_second_factor: Annotated[bool, typer.Option(help="đặt lại bước thứ hai · enrol again")] = False,
    as_json: Json = False,
) -> None:
    where = settings()
    sys.stderr.write("Mật khẩu mới · New password: " if sys.stdin.isatty() else "")
    text = check_password(sys.stdin.readline().rstrip("\n"), login=login)
    async with engine_of(where) as engine:
        async with work_on(engine) as work:
            member = await work.organizations.member(login)
        accounts = Accounts(engine, where.secret_key, SystemClock().now)
        await accounts.set_password(member, text, by=OPERATOR.key)
        if forget_second_factor:
            await accounts.forget_second_factor(member, by=OPERATOR.key)
    say({"login": login}, f"{login}: đã đặt · set", as_json=as_json)
