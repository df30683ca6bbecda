"""`lantoa keys`: what we sign with."""

from typing import Annotated

import typer

from adapters.clock import SystemClock
from cli.console import Json, command, fail, say
from cli.environment import settings
from runtime.services import OPERATOR, engine_of
from storage.identity.signing_keys import NOTICE, load_keys

app = typer.Typer(no_args_is_help=True)


@app.command(help="Khóa công khai · The public keys")
@command
async def show(as_json: Json = False) -> None:
    where = settings()
    async with engine_of(where) as engine:
        ring = await load_keys(engine, where.secret_key, SystemClock())
    lines = [f"{key['kid']}  {key.get('crv')}  {key.get('alg', '')}" for key in ring.public]
    say({"keys": ring.public}, "\n".join(lines), as_json=as_json)


@app.command(help="Khóa mới; khóa cũ vẫn kiểm tra được những gì đã ký · A new key; the old one keeps verifying")
@command
async def rotate(
    purpose: Annotated[str, typer.Argument(help="token | document")] = "token", as_json: Json = False
) -> None:
    if purpose not in ("token", "document"):
        raise fail("purpose: token, document")
    where = settings()
    async with engine_of(where) as engine:
        kid = await (await load_keys(engine, where.secret_key, SystemClock())).rotate(purpose, OPERATOR.key)
    seconds = int(NOTICE.total_seconds())
    words = f"{kid}: ký từ {seconds} giây nữa · signs in {seconds} seconds"
    say({"kid": kid, "purpose": purpose, "signs_in_seconds": seconds}, words, as_json=as_json)


@app.callback()
def group() -> None:
    """Khóa ký · Signing keys."""
