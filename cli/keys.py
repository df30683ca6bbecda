"""`lantoa keys`: what we sign with."""

import typer

from cli.console import Json, command, say
from cli.environment import settings
from cli.parts import engine_of
from storage.keys import load_keys
from storage.system import SystemClock

app = typer.Typer(no_args_is_help=True)


@app.command(help="Khóa công khai · The public keys")
@command
async def show(as_json: Json = False) -> None:
    where = settings()
    async with engine_of(where) as engine:
        ring = await load_keys(engine, where.secret_key, SystemClock().now())
    lines = [f"{key['kid']}  {key.get('crv')}  {key.get('alg', '')}" for key in ring.public]
    say({"keys": ring.public}, "\n".join(lines), as_json=as_json)


@app.callback()
def group() -> None:
    """Khóa ký · Signing keys."""
