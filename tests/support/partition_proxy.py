"""A line to PostgreSQL that can go deaf: a proxy on a Unix socket, run by a thread, that withholds what it is told to."""

import asyncio
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_SOCKET = ".s.PGSQL.5432"


class Line:
    """`deaf`: connections that said LISTEN hear nothing any more. `cut`: nobody hears anything any more.

    `lingers`: the server's last words arrive, and that it hung up does not.
    """

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._server = Path(parse_qs(parts.query)["host"][0]) / _SOCKET
        self._home = Path(tempfile.mkdtemp(prefix="lantoa-line-"))
        self.url = parts._replace(query=f"host={self._home}").geturl()
        self.partitioned = False
        self.cut = False
        self.lingers = False
        self.withheld = 0
        self._stop: asyncio.Event
        self._listens = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(10)  # the file is there before anybody listens at it
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        shutil.rmtree(self._home, ignore_errors=True)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await asyncio.start_unix_server(self._serve, str(self._home / _SOCKET))
        self._listens.set()
        await self._stop.wait()

    async def _serve(self, inward: asyncio.StreamReader, outward: asyncio.StreamWriter) -> None:
        server = await asyncio.open_unix_connection(str(self._server))
        listens = [False]
        await asyncio.gather(
            self._pass(inward, server[1], listens, asked=True), self._pass(server[0], outward, listens, asked=False)
        )

    async def _pass(self, source: Any, sink: Any, listens: list[bool], *, asked: bool) -> None:
        try:
            while data := await source.read(65536):
                if asked and b"LISTEN" in data:
                    listens[0] = True
                if not asked and (self.cut or (self.partitioned and listens[0])):
                    self.withheld += len(data)
                    continue
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            if asked or not self.lingers:
                sink.close()
