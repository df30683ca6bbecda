"""`/metrics` on a port of its own: the sum over all worker processes, answered by the process that watches them."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from runtime.settings import BadSetting


def serve_metrics(where: str) -> None:
    """Answer `GET /metrics` at `host:port`; the workers that are started from now on write what they count."""
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit():
        raise BadSetting("LANTOA_METRICS must be host:port, for example 127.0.0.1:9464")
    folder = Path(tempfile.mkdtemp(prefix="lantoa-metrics-"))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    from prometheus_client import CollectorRegistry, Metric, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
    from prometheus_client.registry import Collector

    class OfTheLiving(Collector):
        def collect(self) -> Iterable[Metric]:
            pids = {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*_*.db")}
            for pid in pids:
                if not Path(f"/proc/{pid}").exists():
                    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
            added: Iterable[Metric] = MultiProcessCollector(CollectorRegistry(), str(folder)).collect()  # type: ignore[no-untyped-call]
            return added

    registry = CollectorRegistry()
    registry.register(OfTheLiving())
    start_http_server(int(port), host, registry)
