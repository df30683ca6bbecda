"""`lantoa load --bulk`: import an archive on all processors, with a progress bar."""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from adapters.key_ring import KeyRing
from cli.console import console
from domain.actor import OPERATOR
from runtime.memory import freeze_startup_objects
from runtime.services import open_services
from runtime.settings import Settings
from storage.distribution.bulk import ArchiveImporter, Imported

BLOCK = 500
"""Lines that one process takes at a time."""
_AHEAD = 3
_process: dict[str, Any] = {}


@asynccontextmanager
async def archive_importer(settings: Settings, owner: str) -> AsyncIterator[tuple[ArchiveImporter, KeyRing]]:
    """An importer for the organization with the code `owner`, and the key ring it signs with."""
    async with open_services(settings) as services:
        signer = await services.load_keys()
        async with services.work() as work:
            organization, codes = await work.organizations.get_by_code(owner), await work.vocabularies.codes()
        importer = ArchiveImporter(
            services.work(), organization, codes, by=OPERATOR.key, markup=services.markup, signer=signer
        )
        yield importer, signer


def _begin(settings: Settings, owner: str) -> None:
    loop = _process["loop"] = uvloop.new_event_loop()
    _process["context"] = archive_importer(settings, owner)
    _process["importer"], _ = loop.run_until_complete(_process["context"].__aenter__())
    freeze_startup_objects()


def _take(first: int, file: Path, start: int, end: int) -> Imported:
    with file.open("rb") as source:
        source.seek(start)
        lines = BytesIO(source.read(end - start)).readlines()
    imported: Imported = _process["loop"].run_until_complete(_process["importer"].take(first, lines))
    return imported


def _blocks(file: Path) -> Iterator[tuple[int, int, int]]:
    """The number of each block's first line, and where its bytes begin and end: the importing process reads them."""
    with file.open("rb") as source:
        number, end = 1, 0
        while size := sum(map(len, islice(source, BLOCK))):
            yield number, end, end + size
            number, end = number + BLOCK, end + size


def _count(file: Path) -> int:
    with file.open("rb") as source:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: source.read(1 << 20), b""))


async def import_archive(settings: Settings, file: Path, owner: str, *, quiet: bool) -> dict[str, Any]:
    """Import every line of an NDJSON file (`domain.distribution.archive`). Gives counts and reasons of refusal."""
    async with archive_importer(settings, owner):  # errors of settings or owner are raised here, once
        pass
    report: dict[str, Any] = {"added": 0, "known": 0, "refused": 0, "errors": []}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    context = multiprocessing.get_context("spawn")
    processes = (os.cpu_count() or 1) + 1  # one more, because one of them waits for the disk
    with (
        Progress(*columns, console=console, disable=quiet, transient=True) as progress,
        ProcessPoolExecutor(processes, context, _begin, (settings, owner)) as pool,
    ):
        bar = progress.add_task("Nhận kho lưu trữ · Importing the archive", total=_count(file))
        running: set[asyncio.Future[Imported]] = set()

        async def collect(left: int) -> None:
            while len(running) > left:
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running.difference_update(done)
                for each in done:
                    _add(report, each.result())
                    progress.update(bar, completed=report["added"] + report["known"] + report["refused"])

        for first, start, end in _blocks(file):
            running.add(asyncio.get_running_loop().run_in_executor(pool, _take, first, file, start, end))
            await collect(processes * _AHEAD)
        await collect(0)
    return report


def _add(report: dict[str, Any], imported: Imported) -> None:
    report["added"] += imported.added
    report["known"] += imported.known
    report["refused"] += len(imported.refused)
    for number, errors in imported.refused[: max(0, 100 - len(report["errors"]))]:
        reasons = [f"{error.pointer}: {error.code}" for error in errors]
        report["errors"].append({"line": number, "errors": reasons})
