"""`lantoa doctor`: every part looked at, and how to mend what is wrong."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import typer
from sqlalchemy import text

from adapters.clock import SystemClock
from cli.console import Json, command, say
from cli.environment import settings
from runtime.services import engine_of
from runtime.settings import BadSetting, Settings
from storage.identity.signing_keys import load_keys
from storage.objects.store import ObjectStore
from storage.postgres.connections import WORKER
from storage.postgres.schema import check_schema

_WORKERS = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
Step = Callable[[], Awaitable[object]]


class NoWorker(Exception):  # noqa: N818
    """Nobody keeps embargoes and expiries."""


async def _examine(where: Settings) -> list[dict[str, str]]:
    findings: list[dict[str, str]] = []

    async def check(part: str, mend: str, step: Step) -> None:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is a finding
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            findings.append({"part": part, "state": "wrong", "why": why, "mend": mend})
        else:
            findings.append({"part": part, "state": "ok"})

    async with engine_of(where) as engine:

        async def answers() -> None:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

        async def works() -> None:
            async with engine.connect() as connection:
                if not (await connection.execute(_WORKERS, {"name": WORKER})).scalar_one():
                    raise NoWorker("no worker is connected to the database")

        await check("database", "start PostgreSQL; check LANTOA_DATABASE_URL", answers)
        if findings[0]["state"] == "ok":
            await check("schema", "lantoa migrate", lambda: check_schema(engine))
            await check(
                "keys",
                "set the LANTOA_SECRET_KEY that this database was made with",
                lambda: load_keys(engine, where.secret_key, SystemClock()),
            )
            await check("worker", "lantoa worker", works)
    await check("objects", "start the object store; check LANTOA_S3_*; lantoa migrate", ObjectStore(where).ready)
    await check("api", "lantoa serve", lambda: asyncio.to_thread(_api_ready, where.public_url))
    return findings


def _api_ready(url: str) -> None:
    httpx.get(f"{url}/healthz/ready", timeout=3).raise_for_status()


def _line(finding: dict[str, Any]) -> str:
    if finding["state"] == "ok":
        return f"✓ {finding['part']}"
    return f"✗ {finding['part']}: {finding.get('why', '')} → {finding['mend']}"


@command
async def doctor(as_json: Json = False) -> None:
    """Check settings, database, schema, keys, worker, object store and API. Exit status 1 when anything is wrong."""
    where = None
    with contextlib.suppress(BadSetting):
        where = settings()
    unset = {"part": "settings", "state": "wrong", "mend": "make up, or set LANTOA_* (docs/operating.md)"}
    findings = await _examine(where) if where else [unset]
    say({"findings": findings}, "\n".join(map(_line, findings)), as_json=as_json)
    if any(finding["state"] != "ok" for finding in findings):
        raise typer.Exit(1)
