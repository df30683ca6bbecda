"""`lantoa audit`: bucket against rows, both ways; and whether the audit trail was touched."""

from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from cli.console import Json, command, console, say
from cli.environment import settings
from runtime.services import open_services
from storage.audit.chain import extend, verify
from storage.objects.reconcile import reconcile

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
    with Progress(console=console, disable=as_json, transient=True) as progress:
        progress.add_task("Đối chiếu · Comparing", total=None)
        async with open_services(settings()) as services:
            found = await reconcile(services.engine, services.objects, services.clock.now())
            if remove:
                await services.objects.remove(found.removable)
    report = msgspec.structs.asdict(found)
    counts = {name: value if isinstance(value, int) else len(value) for name, value in report.items()}
    say(report, ", ".join(f"{name} {count}" for name, count in counts.items()), as_json=as_json)
    if not found.sound:
        raise typer.Exit(2)


@app.command("verify", help="Nhật ký có bị sửa hay mất dòng không · Was the audit trail altered or cut")
@command
async def verify_trail(
    head: Annotated[str, typer.Option(help="đầu chuỗi đã ghi lại lần trước · a head noted earlier")] = "",
    as_json: Json = False,
) -> None:
    async with open_services(settings()) as services:
        await extend(services.pool)
        with Progress(console=console, disable=as_json, transient=True) as progress:
            task = progress.add_task("Kiểm tra · Verifying", total=None)
            found = await verify(
                services.pool, lambda done, total: progress.update(task, completed=done, total=total), head
            )
    good = f"{found.chained} dòng nguyên vẹn · rows intact; head {found.head}"
    say(msgspec.structs.asdict(found), found.why or good, as_json=as_json)
    if found.broken_at is not None:
        raise typer.Exit(2)
