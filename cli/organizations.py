"""`lantoa organizations`: the list of organizations, in and out."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.actor import OPERATOR
from domain.errors import InvalidContent
from domain.identity.actions import clients
from domain.identity.actions import organizations as actions
from domain.identity.directory import OrganizationRow, read_csv, write_csv
from runtime.services import open_services

app = typer.Typer(no_args_is_help=True)


@app.command("import", help="Nhập từ CSV hoặc JSON · Import from CSV or JSON")
@command
async def import_file(
    file: Path,
    dry_run: Annotated[bool, typer.Option(help="chỉ xem sẽ đổi gì · only show what would change")] = False,
    as_json: Json = False,
) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")  # noqa: ASYNC240 -- a command does one thing at a time
        rows = read_csv(text) if file.suffix == ".csv" else msgspec.json.decode(text, type=list[OrganizationRow])
        async with open_services(settings()) as services:
            found = await actions.import_rows(services.work(), OPERATOR, rows, dry_run=dry_run)
    except InvalidContent as error:
        raise fail("; ".join(f"{each.pointer} {each.code}" for each in error.errors)) from error
    except msgspec.MsgspecError as error:
        raise fail(str(error)) from error
    words = [f"+ {code}" for code in found.added] + [f"~ {c}: {', '.join(f)}" for c, f in found.changed.items()]
    total = f"mới · new {len(found.added)}, đổi · changed {len(found.changed)}, giữ · unchanged {found.unchanged}"
    report = {"dry_run": dry_run, **msgspec.structs.asdict(found)}
    say(report, "\n".join([*words, total]), as_json=as_json)


@app.command("export", help="Xuất ra stdout · Export to stdout")
@command
async def export(csv: Annotated[bool, typer.Option(help="CSV thay cho JSON · instead of JSON")] = False) -> None:
    async with open_services(settings()) as services:
        rows = await actions.export_rows(services.work(), OPERATOR)
    sys.stdout.write(write_csv(rows) if csv else msgspec.json.encode(rows).decode() + "\n")


@app.command(help="Đơn vị mới thay đơn vị cũ · Let one take the place of another")
@command
async def succeed(
    leaving: Annotated[str, typer.Argument(help="mã đơn vị cũ · code that leaves")],
    coming: Annotated[str, typer.Argument(help="mã đơn vị mới · code that takes its place")],
    as_json: Json = False,
) -> None:
    async with open_services(settings()) as services:
        old = await clients.owner_of(services.work(), leaving)
        new = await clients.owner_of(services.work(), coming)
        await actions.succeed(services.work(), OPERATOR, old, new)
    say({"leaving": leaving, "coming": coming}, f"{leaving} → {coming}", as_json=as_json)
