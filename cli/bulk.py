"""`lantoa load --bulk`: take an archive over, on all processors, with a bar."""

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

import asyncpg
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from adapters.clock import SystemClock, settle
from adapters.markup import SafeMarkup
from cli.console import console
from runtime.services import OPERATOR, engine_of, work_on
from runtime.settings import Settings
from storage.distribution.bulk import Archivist, Taken
from storage.identity.signing_keys import KeyRing, load_keys
from storage.postgres.connections import parse_url

BLOCK = 500
"""Lines that one process takes at a time."""
_AHEAD = 3
_here: dict[str, Any] = {}


@asynccontextmanager
async def archivist(settings: Settings, owner: str) -> AsyncIterator[tuple[Archivist, KeyRing]]:
    """One that takes over for the organization with the code `owner`, and the keys it signs with."""
    async with engine_of(settings) as engine:
        signer = await load_keys(engine, settings.secret_key, SystemClock())
        async with work_on(engine) as work:
            organization, codes = await work.organizations.by_code(owner), await work.organizations.codes()
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        keeper = Archivist(
            connection, organization, codes,
            by=OPERATOR.key, clock=SystemClock(), markup=SafeMarkup(), signer=signer,
        )  # fmt: skip
        yield keeper, signer
    finally:
        await connection.close()


def _begin(settings: Settings, owner: str) -> None:
    loop = _here["loop"] = uvloop.new_event_loop()
    _here["context"] = archivist(settings, owner)
    _here["archivist"], _ = loop.run_until_complete(_here["context"].__aenter__())
    settle()


def _take(first: int, file: Path, start: int, end: int) -> Taken:
    with file.open("rb") as source:
        source.seek(start)
        lines = BytesIO(source.read(end - start)).readlines()
    taken: Taken = _here["loop"].run_until_complete(_here["archivist"].take(first, lines))
    return taken


def _blocks(file: Path) -> Iterator[tuple[int, int, int]]:
    """The number of each block's first line, and where its bytes begin and end: who takes it reads it."""
    with file.open("rb") as source:
        number, end = 1, 0
        while size := sum(map(len, islice(source, BLOCK))):
            yield number, end, end + size
            number, end = number + BLOCK, end + size


def _count(file: Path) -> int:
    with file.open("rb") as source:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: source.read(1 << 20), b""))


async def take_archive(settings: Settings, file: Path, owner: str, *, quiet: bool) -> dict[str, Any]:
    """Take every line of an NDJSON file over (`domain.distribution.archive`). Gives counts and reasons of refusal."""
    async with archivist(settings, owner):  # what is wrong with the settings or the owner is said here, once
        pass
    report: dict[str, Any] = {"added": 0, "known": 0, "refused": 0, "errors": []}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    context = multiprocessing.get_context("spawn")
    processes = (os.cpu_count() or 1) + 1  # one of them waits for the disk
    with (
        Progress(*columns, console=console, disable=quiet, transient=True) as progress,
        ProcessPoolExecutor(processes, context, _begin, (settings, owner)) as pool,
    ):
        bar = progress.add_task("Nhận kho lưu trữ · Taking the archive over", total=_count(file))
        running: set[asyncio.Future[Taken]] = set()

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


def _add(report: dict[str, Any], taken: Taken) -> None:
    report["added"] += taken.added
    report["known"] += taken.known
    report["refused"] += len(taken.refused)
    for number, faults in taken.refused[: max(0, 100 - len(report["errors"]))]:
        reasons = [f"{fault.pointer}: {fault.code}" for fault in faults]
        report["errors"].append({"line": number, "errors": reasons})
