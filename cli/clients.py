"""`lantoa client`: the machines of partners."""

import json
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace
from sqlalchemy import select

from cli.console import Json, command, fail, say
from cli.environment import settings
from cli.parts import engine_of, work_on
from domain.organization import Client, Role
from domain.permissions import ROLE_SCOPES, scopes_of
from domain.ports import Event
from storage.settings import Settings
from storage.tables import clients, organizations

app = typer.Typer(no_args_is_help=True)


async def add_client(
    where: Settings,
    organization: str,
    name: str,
    *,
    client_id: str | None = None,
    role: Role = "outlet_manager",
    scopes: list[str] | None = None,
    jwks: dict[str, object] | None = None,
) -> dict[str, Any]:
    """Register a client; a secret is made unless it brings public keys. The secret is shown once."""
    secret = None if jwks else secrets.token_urlsafe(32)
    allowed = scopes_of((role,))
    client = Client(
        id=client_id or f"{organization}-{secrets.token_hex(4)}",
        name=name,
        organization_id=(await _organization(where, organization)),
        scopes=frozenset(scopes or allowed) & allowed,
        roles=(role,),
        secret_hashes=(sha256(secret.encode()).digest(),) if secret else (),
        jwks=jwks,
    )
    async with engine_of(where) as engine, work_on(engine) as work:
        await work.organizations.add_client(client)
        await work.commit(Event(actor="operator", verb="client.add", thing=f"client:{client.id}"))
    shown: dict[str, Any] = {
        "client_id": client.id,
        "organization": organization,
        "scope": " ".join(sorted(client.scopes)),
    }
    return shown | ({"client_secret": secret} if secret else {})


async def _organization(where: Settings, code: str) -> Any:
    async with engine_of(where) as engine, work_on(engine) as work:
        return (await work.organizations.by_code(code)).id


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
    as_json: Json = False,
) -> None:
    if role not in ROLE_SCOPES:
        raise fail(f"role: {', '.join(ROLE_SCOPES)}")
    keys = json.loads(jwks.read_text()) if jwks else None
    if keys and any("d" in key for key in keys.get("keys", [])):
        raise fail("the JWKS file holds a private key: give only the public part")
    wanted = " ".join(scope or []).split() or None
    made = await add_client(settings(), organization, name, client_id=client_id, role=role, scopes=wanted, jwks=keys)
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
    secret = secrets.token_urlsafe(32)
    async with engine_of(settings()) as engine, work_on(engine) as work:
        client = await work.organizations.client(client_id)
        kept = (sha256(secret.encode()).digest(), *client.secret_hashes[:1])
        await work.organizations.save_client(replace(client, secret_hashes=kept))
        await work.commit(Event(actor="operator", verb="client.rotate_secret", thing=f"client:{client_id}"))
    say({"client_id": client_id, "client_secret": secret}, f"client_secret: {secret}", as_json=as_json)


@app.command(help="Tắt; token đang dùng hết hiệu lực trong 5 giây · Disable within 5 s")
@command
async def disable(client_id: str, as_json: Json = False) -> None:
    async with engine_of(settings()) as engine, work_on(engine) as work:
        client = await work.organizations.client(client_id)
        await work.organizations.save_client(replace(client, active=False))
        await work.commit(Event(actor="operator", verb="client.disable", thing=f"client:{client_id}"))
    say({"client_id": client_id, "active": False}, f"{client_id}: đã tắt · disabled", as_json=as_json)
