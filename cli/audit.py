"""`lantoa audit`: bucket against rows, both ways; and whether the audit trail was touched."""

from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from cli.console import Json, command, console, say
from cli.environment import settings
from runtime.services import engine_of
from storage.audit.trail import seal, verify
from storage.objects.reconcile import reconcile
from storage.objects.store import ObjectStore
from storage.postgres.connections import make_pool

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


@app.command("verify", help="Nhật ký có bị sửa hay mất dòng không · Was the audit trail altered or cut")
@command
async def verify_trail(
    head: Annotated[str, typer.Option(help="đầu chuỗi đã ghi lại lần trước · a head noted earlier")] = "",
    as_json: Json = False,
) -> None:
    pool = await make_pool(settings().database_url, size=2)
    try:
        await seal(pool)
        with Progress(console=console, disable=as_json, transient=True) as progress:
            task = progress.add_task("Kiểm tra · Verifying", total=None)
            verdict = await verify(pool, lambda done, total: progress.update(task, completed=done, total=total), head)
    finally:
        await pool.close()
    good = f"{verdict.sealed} dòng nguyên vẹn · rows intact; head {verdict.head}"
    say(msgspec.structs.asdict(verdict), verdict.why or good, as_json=as_json)
    if verdict.broken_at is not None:
        raise typer.Exit(2)
