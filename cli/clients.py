"""`lantoa client`: the machines of partners, and the apps of people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.identity.actions import clients as actions
from domain.identity.actions.clients import INTERACTIVE, ClientPlan
from domain.identity.organization import Role
from domain.permissions import ROLE_SCOPES
from runtime.services import OPERATOR, engine_of, work_on
from runtime.settings import Settings
from storage.postgres.tables import clients, organizations

app = typer.Typer(no_args_is_help=True)


async def add_client(
    where: Settings, organization: str, name: str, *, client_id: str | None = None, **plan: Any
) -> dict[str, Any]:
    """Register a client as `ClientPlan` says; a secret is shown once."""
    async with engine_of(where) as engine:
        async with work_on(engine) as work:
            owner = (await work.organizations.by_code(organization)).id
        wanted = ClientPlan(name=name, organization_id=owner, **plan)
        client, secret = await actions.register(work_on(engine), OPERATOR, wanted, client_id)
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
    made = await add_client(settings(), organization, name, client_id=client_id, **plan)
    say(made, "\n".join(f"{key}: {value}" for key, value in made.items()), as_json=as_json)


@app.command("list", help="Các ứng dụng · List clients")
@command
async def list_clients(as_json: Json = False) -> None:
    query = select(clients, organizations.c.code).join(organizations, organizations.c.id == clients.c.organization_id)
    async with engine_of(settings()) as engine, engine.connect() as connection:
        rows = (await connection.execute(query.order_by(clients.c.id))).mappings().all()
    items = [
        {
            "client_id": row["id"],
            "name": row["name"],
            "organization": row["code"],
            "active": row["active"],
            "scope": " ".join(row["scopes"]),
        }
        for row in rows
    ]
    lines = [
        f"{i['client_id']:32} {i['organization']:20} {'' if i['active'] else '(tắt · disabled) '}{i['name']}"
        for i in items
    ]
    say({"items": items}, "\n".join(lines) or "—", as_json=as_json)


@app.command("rotate-secret", help="Mật khẩu mới; mật khẩu cũ còn dùng đến lần đổi sau · New secret beside the old one")
@command
async def rotate_secret(client_id: str, as_json: Json = False) -> None:
    async with engine_of(settings()) as engine:
        _, secret = await actions.rotate_secret(work_on(engine), OPERATOR, client_id)
    say({"client_id": client_id, "client_secret": secret}, f"client_secret: {secret}", as_json=as_json)


@app.command(help="Tắt; token đang dùng hết hiệu lực trong 5 giây · Disable within 5 s")
@command
async def disable(client_id: str, as_json: Json = False) -> None:
    async with engine_of(settings()) as engine:
        async with work_on(engine) as work:
            revision = (await work.organizations.client(client_id)).revision
        await actions.change(work_on(engine), OPERATOR, client_id, revision, {"active": False})
    say({"client_id": client_id, "active": False}, f"{client_id}: đã tắt · disabled", as_json=as_json)
