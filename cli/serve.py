"""The server as a program of its own: `lantoa serve` becomes it.

Workers are forked from this process and have all that it loaded: it loads the server, and no command of the operator.
"""

import os
import resource
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from cli.environment import saved_environ
from cli.metrics import serve_metrics
from runtime.settings import BadSetting

BACKLOG = 8192
"""Connections at a time for all workers together; most of them are long polls that sleep."""


def main(host: str, port: str, workers: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    os.environ.update(saved_environ())
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each waiting long poll is an open file
    if where := os.environ.get("LANTOA_METRICS"):
        try:
            serve_metrics(where)
        except BadSetting as error:
            sys.exit(str(error))
    Granian(
        "api.app:create_app",
        factory=True,
        address=host,
        port=int(port),
        workers=int(workers),
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # half the memory of a waiting connection; a proxy speaks HTTP/2 with the world
        backlog=BACKLOG,
        backpressure=BACKLOG,
        loop=Loops.uvloop,
        log_access=False,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
