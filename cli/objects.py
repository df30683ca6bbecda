"""`lantoa audit objects`: bucket against rows, both ways."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.progress import Progress
from sqlalchemy import select

from cli.console import Json, command, console, say
from cli.environment import settings
from cli.parts import engine_of
from domain.asset import blob_key
from domain.upload import segment_key
from storage.objects import ObjectStore
from storage.tables import assets, uploads

app = typer.Typer(no_args_is_help=True)
GRACE = timedelta(days=7)


@app.callback()
def group() -> None:
    """Kiểm tra · Audits."""


async def audit(where: Any) -> dict[str, Any]:
    """Compare. `missing`: a row without its object (alarm). `orphans`: objects that no row names, with their age."""
    store = ObjectStore(where)
    # Objects first: what is uploaded meanwhile then has a row, never the other way round.
    blobs = {name: (size, at) for name, size, at in await store.names("blob/")}
    staged = {name: (size, at) for name, size, at in await store.names("staging/")}
    async with engine_of(where) as engine, engine.connect() as connection:
        rows = (await connection.execute(select(assets.c.sha256, assets.c.size_bytes).distinct())).all()
        waiting = (await connection.execute(select(uploads.c.id, uploads.c.segments))).all()
    wanted = {blob_key(row.sha256): row.size_bytes for row in rows}
    segments = {segment_key(row.id, each) for row in waiting for each in row.segments}
    fresh = {name for name in wanted if name not in blobs and await store.exists(name)}
    now = datetime.now(UTC)
    orphans = [name for name in blobs if name not in wanted] + [name for name in staged if name not in segments]
    old = [name for name in orphans if now - _when(blobs.get(name) or staged[name], now) > GRACE]
    return {
        "objects": len(blobs),
        "missing": sorted(name for name in wanted if name not in blobs and name not in fresh),
        "wrong_size": sorted(name for name, size in wanted.items() if name in blobs and blobs[name][0] != size),
        "orphans": sorted(orphans),
        "removable": sorted(old),
    }


def _when(found: tuple[int, object], now: datetime) -> datetime:
    return found[1] if isinstance(found[1], datetime) else now


@app.command(help="Đối chiếu kho tệp với cơ sở dữ liệu · Reconcile objects with rows")
@command
async def objects(
    remove: Annotated[bool, typer.Option(help="Xóa tệp thừa quá 7 ngày · Remove orphans older than 7 days")] = False,
    as_json: Json = False,
) -> None:
    where = settings()
    with Progress(console=console, disable=as_json, transient=True) as progress:
        progress.add_task("Đối chiếu · Comparing", total=None)
        found = await audit(where)
        if remove:
            await ObjectStore(where).remove(found["removable"])
    counts = {name: value if isinstance(value, int) else len(value) for name, value in found.items()}
    say(found, ", ".join(f"{name} {count}" for name, count in counts.items()), as_json=as_json)
    if found["missing"] or found["wrong_size"]:
        raise typer.Exit(2)
