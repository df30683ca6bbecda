"""`lantoa keys`: the signing keys."""

from typing import Annotated

import typer

from cli.console import Json, command, say
from cli.environment import settings
from domain.actor import OPERATOR
from domain.identity.actions import signing_keys
from domain.identity.signing_key import KEY_NOTICE, KeyPurpose
from runtime.services import open_services

app = typer.Typer(no_args_is_help=True)


@app.command(help="Khóa công khai · The public keys")
@command
async def show(as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        ring = await services.load_keys()
    lines = [f"{key['kid']}  {key.get('crv')}  {key.get('alg', '')}" for key in ring.public]
    say({"keys": ring.public}, "\n".join(lines), as_json=as_json)


@app.command(help="Khóa mới; khóa cũ vẫn kiểm tra được những gì đã ký · A new key; the old one keeps verifying")
@command
async def rotate(purpose: Annotated[KeyPurpose, typer.Argument()] = "token", as_json: Json = False) -> None:
    async with open_services(settings()) as services:
        await services.load_keys()
        key = await signing_keys.rotate(services.work(), services.key_ring, OPERATOR, purpose)
    kid, seconds = key.kid, int(KEY_NOTICE.total_seconds())
    words = f"{kid}: ký từ {seconds} giây nữa · signs in {seconds} seconds"
    say({"kid": kid, "purpose": purpose, "signs_in_seconds": seconds}, words, as_json=as_json)


@app.callback()
def group() -> None:
    """Khóa ký · Signing keys."""
