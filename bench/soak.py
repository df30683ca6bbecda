"""`make bench-soak`: ten minutes of mixed load on one worker; its memory must stay where it is."""

import argparse
import itertools
import json
import statistics
import subprocess
import threading
import time
from typing import Any

import httpx

from bench.data import CHANNEL
from bench.measure import Run, console, need_wrk, wrk
from bench.run import RESULTS, SMALL
from harness.people import Newsroom

_EVERY = 10.0
_WARM = 0.3
"""The first part of the time fills caches; memory is judged by what follows."""


def soak(run: Run, minutes: float) -> dict[str, Any]:
    """Polls, pages, documents, redirects, long polls and publishes together; MiB of the worker every ten seconds."""
    until = time.monotonic() + minutes * 60
    samples: list[float] = []
    threads = [
        threading.Thread(target=work, args=(run, until), daemon=True) for work in (_read, _walk, _publish, _wait)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        time.sleep(_EVERY)
        samples.append(run.api_memory())
        console.print(f"  {len(samples) * _EVERY:.0f} s: {samples[-1]:.0f} MiB", highlight=False)
    for thread in threads:
        thread.join()
    judged = samples[int(len(samples) * _WARM) :]
    slope = statistics.linear_regression(range(len(judged)), judged).slope * 60 / _EVERY
    measured = run.house.measured()
    answers = {k: v for k, v in measured.items() if k.startswith("lantoa_responses_total")}
    failed = sum(v for k, v in answers.items() if 'status="5' in k)
    return {"mib": samples, "slope_mib_per_minute": slope, "answers": sum(answers.values()), "failed": failed}


def _read(run: Run, until: float) -> None:
    """A tenth of what the machine can do, from memory."""
    one = run.get(f"/v1/channels/{CHANNEL}/changes?limit=1").json()["changes"][0]["id"]
    paths = itertools.cycle((f"/v1/channels/{CHANNEL}/changes?limit=100", f"/v1/materials/{one}", "/v1/changes"))
    while time.monotonic() < until:
        wrk(run.house.url + next(paths), _fresh(run), 1, connections=4)
        time.sleep(2)


def _walk(run: Run, until: float) -> None:
    """Somebody reads the whole channel, again and again: more pages than memory holds."""
    with httpx.Client(base_url=run.house.url, timeout=30) as client:
        cursor = None
        while time.monotonic() < until:
            query = {"limit": 100} | ({"since": cursor} if cursor else {})
            page = client.get(f"/v1/channels/{CHANNEL}/changes", params=query, headers=_fresh(run)).json()
            cursor = page["next"] if page["more"] else None


def _publish(run: Run, until: float) -> None:
    while time.monotonic() < until:
        newsroom = Newsroom(run.house)
        for _ in range(20):
            newsroom.killed(newsroom.corrected(newsroom.published(), "Sửa", title=f"Lần {time.time()}"))
            time.sleep(0.5)


def _wait(run: Run, until: float) -> None:
    """Long polls; every one by a client with a new token."""
    while time.monotonic() < until:
        head = next(
            i["cursor"] for i in run.get("/v1/changes", **_fresh(run)).json()["items"] if i["channel"] == CHANNEL
        )
        run.get(f"/v1/channels/{CHANNEL}/changes?since={head}&wait=3", **_fresh(run))


def _fresh(run: Run) -> dict[str, str]:
    return {"authorization": f"Bearer {run.house.client_token(run.client)}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    reported = parser.parse_args()
    need_wrk()
    run = Run(SMALL, 1, 1)
    try:
        run.start()
        result = soak(run, reported.minutes)
    finally:
        run.stop()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "soak.json").write_text(json.dumps(result | {"commit": commit.stdout.strip()}, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "mib"}))


if __name__ == "__main__":
    main()
