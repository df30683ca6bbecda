"""`lantoa doctor`: checks every part and says how to repair what is wrong."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import typer

from cli.console import Json, command, say
from cli.environment import settings
from runtime.services import Services, check_objects
from runtime.settings import BadSetting, Settings
from storage.postgres.activity import count_workers

Step = Callable[[], Awaitable[object]]


class NoWorker(Exception):  # noqa: N818
    """No background worker publishes and expires."""


async def _examine(where: Settings) -> list[dict[str, str]]:
    findings: list[dict[str, str]] = []
    services = Services(where)

    async def check(part: str, remedy: str, step: Step) -> None:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 -- every failure is a finding
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            findings.append({"part": part, "state": "wrong", "reason": reason, "remedy": remedy})
        else:
            findings.append({"part": part, "state": "ok"})

    async def check_worker() -> None:
        if not await count_workers(services.pool):
            raise NoWorker("no worker is connected to the database")

    try:
        await services.connect()
        await check("database", "start PostgreSQL; check LANTOA_DATABASE_URL", services.check_database)
        if findings[0]["state"] == "ok":
            await check("schema", "lantoa migrate", services.check_schema)
            remedy = "set the LANTOA_SECRET_KEY that this database was made with"
            await check("keys", remedy, services.load_keys)
            await check("worker", "lantoa worker", check_worker)
    finally:
        await services.close()
    remedy = "start the object store; check LANTOA_S3_*; lantoa migrate"
    await check("objects", remedy, lambda: check_objects(where))
    await check("api", "lantoa serve", lambda: asyncio.to_thread(_api_ready, where.public_url))
    return findings


def _api_ready(url: str) -> None:
    httpx.get(f"{url}/healthz/ready", timeout=3).raise_for_status()


def _line(finding: dict[str, Any]) -> str:
    if finding["state"] == "ok":
        return f"✓ {finding['part']}"
    return f"✗ {finding['part']}: {finding.get('reason', '')} → {finding['remedy']}"


@command
async def doctor(as_json: Json = False) -> None:
    """Check settings, database, schema, keys, worker, object store and API. Exit status 1 when anything is wrong."""
    where = None
    with contextlib.suppress(BadSetting):
        where = settings()
    unset = {"part": "settings", "state": "wrong", "remedy": "make up, or set LANTOA_* (docs/operating.md)"}
    findings = await _examine(where) if where else [unset]
    say({"findings": findings}, "\n".join(map(_line, findings)), as_json=as_json)
    if any(finding["state"] != "ok" for finding in findings):
        raise typer.Exit(1)
