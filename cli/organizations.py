"""`lantoa organizations`: the list of organizations, in and out."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cli.console import Json, command, fail, say
from cli.environment import settings
from domain.errors import InvalidContent
from domain.identity.actions import organizations as actions
from domain.identity.directory import Line, lines_of, read_csv, write_csv
from runtime.services import OPERATOR, engine_of, work_on

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
        lines = read_csv(text) if file.suffix == ".csv" else msgspec.json.decode(text, type=list[Line])
        async with engine_of(settings()) as engine:
            found = await actions.import_lines(work_on(engine), OPERATOR, lines, dry_run=dry_run)
    except InvalidContent as error:
        raise fail("; ".join(f"{fault.pointer} {fault.code} {fault.detail}" for fault in error.errors)) from error
    except msgspec.MsgspecError as error:
        raise fail(str(error)) from error
    words = [f"+ {code}" for code in found.added] + [f"~ {c}: {', '.join(f)}" for c, f in found.changed.items()]
    total = f"mới · new {len(found.added)}, đổi · changed {len(found.changed)}, giữ · unchanged {found.unchanged}"
    told = {"dry_run": dry_run, **msgspec.structs.asdict(found)}
    say(told, "\n".join([*words, total]), as_json=as_json)


@app.command("export", help="Xuất ra stdout · Export to stdout")
@command
async def export(csv: Annotated[bool, typer.Option(help="CSV thay cho JSON · instead of JSON")] = False) -> None:
    async with engine_of(settings()) as engine, work_on(engine) as work:
        lines = lines_of(await work.organizations.all())
    sys.stdout.write(write_csv(lines) if csv else msgspec.json.encode(lines).decode() + "\n")


@app.command(help="Đơn vị mới thay đơn vị cũ · Let one take the place of another")
@command
async def succeed(
    leaving: Annotated[str, typer.Argument(help="mã đơn vị cũ · code that leaves")],
    coming: Annotated[str, typer.Argument(help="mã đơn vị mới · code that takes its place")],
    as_json: Json = False,
) -> None:
    async with engine_of(settings()) as engine:
        async with work_on(engine) as work:
            old, new = await work.organizations.by_code(leaving), await work.organizations.by_code(coming)
        await actions.succeed(work_on(engine), OPERATOR, old.id, new.id)
    say({"leaving": leaving, "coming": coming}, f"{leaving} → {coming}", as_json=as_json)
