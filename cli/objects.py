"""`lantoa audit objects`: bucket against rows, both ways."""

from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from cli.console import Json, command, console, say
from cli.environment import settings
from cli.parts import engine_of
from storage.objects import ObjectStore
from storage.reconcile import reconcile

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Kiểm tra · Audits."""


@app.command(help="Đối chiếu kho tệp với cơ sở dữ liệu · Reconcile objects with rows")
@command
async def objects(
    remove: Annotated[bool, typer.Option(help="Xóa tệp thừa quá 7 ngày · Remove orphans older than 7 days")] = False,
    as_json: Json = False,
) -> None:
    where = settings()
    store = ObjectStore(where)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        progress.add_task("Đối chiếu · Comparing", total=None)
        async with engine_of(where) as engine:
            found = await reconcile(engine, store)
        if remove:
            await store.remove(found.removable)
    told = msgspec.structs.asdict(found)
    counts = {name: value if isinstance(value, int) else len(value) for name, value in told.items()}
    say(told, ", ".join(f"{name} {count}" for name, count in counts.items()), as_json=as_json)
    if not found.sound:
        raise typer.Exit(2)
