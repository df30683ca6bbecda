"""`lantoa`: the operator's command."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from cli import audit, clients, coordination, doctor, keys, members, organizations, up
from cli.bulk import import_archive
from cli.console import Json, command, console, say
from cli.environment import settings
from cli.tokens import mint_member_token
from runtime.services import WORKER_PROCESS, open_services, prepare

app = typer.Typer(no_args_is_help=True, help="Vận hành Lan Tỏa · Operate Lan Tỏa", pretty_exceptions_enable=False)
app.add_typer(clients.app, name="client", help="Ứng dụng của đối tác · OAuth clients")
app.add_typer(members.app, name="member", help="Thành viên · Members")
app.add_typer(organizations.app, name="organizations", help="Đơn vị · Organizations")
app.add_typer(keys.app, name="keys", help="Khóa ký · Signing keys")
app.add_typer(audit.app, name="audit", help="Kiểm tra · Audits")
app.add_typer(coordination.campaigns, name="campaign", help="Chiến dịch · Campaigns")
app.command("calendar", help="Lịch một tuần · The calendar of a week")(coordination.calendar)
app.command("up", help="Chạy tất cả trên máy này · Run everything on this machine")(up.up)
app.command("doctor", help="Kiểm tra từng bộ phận · Check every part")(doctor.doctor)


@app.command(help="Chạy API · Run the API")
def serve(host: str = "127.0.0.1", port: up.Port = 8000, workers: up.Workers = 1) -> None:
    os.execv(sys.executable, up.serve_command(host, port, workers))  # noqa: S606 -- workers inherit what their parent loaded


@app.command(help="Việc chạy theo giờ: hẹn phát hành, hết hạn, dọn dẹp · Run the worker")
@command
async def worker() -> None:
    import logging

    from jobs.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with open_services(settings(), WORKER_PROCESS) as services:
        await services.load_keys()
        await Worker(services).run(stop)


@app.command(help="Cập nhật lược đồ, tạo kho tệp · Migrate the database, make the bucket")
@command
async def migrate(as_json: Json = False) -> None:
    revision = await prepare(settings())
    say({"revision": revision}, f"lược đồ · schema {revision}", as_json=as_json)


@app.command(help="Nạp chương trình và tài liệu ban đầu · Load the programme")
@command
async def load(
    bulk: Annotated[Path | None, typer.Option(help="Tệp NDJSON của kho cũ · NDJSON file of an archive")] = None,
    owner: Annotated[str, typer.Option(help="Mã đơn vị sở hữu · code of the owning organization")] = "stttt",
    as_json: Json = False,
) -> None:
    from programme.loader import load_programme

    if bulk is not None:
        imported = await import_archive(settings(), bulk, owner, quiet=as_json)
        lines = [
            f"mới · new {imported['added']}, đã có · known {imported['known']}, từ chối · refused {imported['refused']}"
        ]
        lines += [f"  dòng · line {each['line']}: {', '.join(each['errors'])}" for each in imported["errors"]]
        say(imported, "\n".join(lines), as_json=as_json)
        raise typer.Exit(1 if imported["refused"] else 0)
    with Progress(console=console, disable=as_json, transient=True) as progress:
        task = progress.add_task("Nạp chương trình · Loading", total=None)

        def step(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        async with open_services(settings()) as services:
            report = await load_programme(services, step)
    words = ", ".join(f"{name} {count}" for name, count in report.items())
    say(dict(report), f"mới · new: {words}", as_json=as_json)


@app.command(help="Cấp token cho một thành viên (ghi vào nhật ký) · Mint a member's token (audited)")
@command
async def token(
    member: Annotated[str, typer.Argument(help="login hoặc mã · login or id")],
    scope: Annotated[list[str] | None, typer.Option(help="Nhiều lần hoặc cách nhau bằng dấu cách")] = None,
    minutes: Annotated[int, typer.Option(min=1, max=720)] = 60,
    as_json: Json = False,
) -> None:
    async with open_services(settings()) as services:
        result: dict[str, Any] = await mint_member_token(services, member, " ".join(scope or []).split(), minutes)
    say(result, str(result["access_token"]), as_json=as_json)


if __name__ == "__main__":
    app()
