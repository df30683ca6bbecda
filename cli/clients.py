"""`lantoa client`: the machines of partners, and the apps of people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.actor import OPERATOR
from domain.identity.actions import clients as actions
from domain.identity.client import INTERACTIVE, ClientPlan
from domain.identity.member import Role
from domain.scopes import ROLE_SCOPES
from runtime.services import Services, open_services

app = typer.Typer(no_args_is_help=True)
MOST = 100_000
"""The most rows that the command prints."""


async def add_client(
    services: Services, organization: str, name: str, *, client_id: str | None = None, **plan: Any
) -> dict[str, Any]:
    """Register a client as `ClientPlan` says; a secret is shown once."""
    owner = await actions.owner_of(services.work(), organization)
    wanted = ClientPlan(name=name, organization_id=owner, **plan)
    client, secret = await actions.register(services.work(), OPERATOR, wanted, client_id)
    shown: dict[str, Any] = {
        "client_id": client.id,
        "organization": organization,
        "scope": " ".join(sorted(client.scopes)),
    }
    return shown | ({"client_secret": secret} if secret else {})


@app.command(help="Thêm ứng dụng; mật khẩu chỉ hiện một lần · Add a client; its secret is shown once")
@command
async def add(
    organization: Annotated[str, typer.Argument(help="mã đơn vị · organization code")],
    name: Annotated[str, typer.Argument(help="tên ứng dụng · name")],
    client_id: Annotated[str | None, typer.Option("--id")] = None,
    role: Annotated[str, typer.Option(help=", ".join(ROLE_SCOPES))] = "outlet_manager",
    scope: Annotated[list[str] | None, typer.Option()] = None,
    jwks: Annotated[
        Path | None, typer.Option(help="khóa công khai ES256, thay cho mật khẩu · public JWKS file")
    ] = None,
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="địa chỉ nhận mã; ứng dụng dùng thay người · where codes go: an app")
    ] = None,
    public: Annotated[
        bool, typer.Option(help="trên trình duyệt, điện thoại, thiết bị: không có mật khẩu · no secret")
    ] = False,
    as_json: Json = False,
) -> None:
    if role not in ROLE_SCOPES:
        raise fail(f"role: {', '.join(ROLE_SCOPES)}")
    keys = json.loads(jwks.read_text()) if jwks else None
    if keys and any("d" in key for key in keys.get("keys", [])):
        raise fail("the JWKS file holds a private key: give only the public part")
    plan: dict[str, Any] = {"scopes": frozenset(" ".join(scope or []).split()), "jwks": keys, "public": public}
    if public or redirect_uri:
        grants = [grant for grant in INTERACTIVE if redirect_uri or grant != "authorization_code"]
        plan |= {"redirect_uris": tuple(redirect_uri or ()), "grant_types": tuple(grants)}
    else:
        roles: tuple[Role, ...] = (role,)
        plan["roles"] = roles
    async with open_services(settings()) as services:
        made = await add_client(services, organization, name, client_id=client_id, **plan)
    say(made, "\n".join(f"{key}: {value}" for key, value in made.items()), as_json=as_json)


@app.command("list", help="Các ứng dụng · List clients")
@command
async def list_clients(as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        clients = await services.client_lists.page(OPERATOR, limit=MOST)
        organizations = await services.organization_lists.page(after=None, limit=MOST)
    codes = {each["id"]: each["code"] for each in organizations}
    items = [
        {
            "client_id": each["id"],
            "name": each["name"],
            "organization": codes[each["organization_id"]],
            "active": each["active"],
            "scope": " ".join(each["scopes"]),
        }
        for each in clients
    ]
    lines = [
        f"{i['client_id']:32} {i['organization']:20} {'' if i['active'] else '(tắt · disabled) '}{i['name']}"
        for i in items
    ]
    say({"items": items}, "\n".join(lines) or "—", as_json=as_json)


@app.command("rotate-secret", help="Mật khẩu mới; mật khẩu cũ còn dùng đến lần đổi sau · New secret beside the old one")
@command
async def rotate_secret(client_id: str, as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        _, secret = await actions.rotate_secret(services.work(), OPERATOR, client_id)
    say({"client_id": client_id, "client_secret": secret}, f"client_secret: {secret}", as_json=as_json)


@app.command(help="Tắt; token đang dùng hết hiệu lực trong 5 giây · Disable within 5 s")
@command
async def disable(client_id: str, as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        await actions.disable(services.work(), OPERATOR, client_id)
    say({"client_id": client_id, "active": False}, f"{client_id}: đã tắt · disabled", as_json=as_json)
