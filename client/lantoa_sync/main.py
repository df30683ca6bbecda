"""`lantoa-sync pull`: keep a verified mirror of one channel in a folder."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from lantoa_sync.errors import Stop, Unreachable
from lantoa_sync.mirror import Mirror
from lantoa_sync.server import Server
from lantoa_sync.tree import Tree

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Giữ bản sao đã kiểm chứng của một kênh Lan Tỏa · Keep a verified mirror of a Lan Tỏa channel",
)
_WORDS = {
    "kept": "✓ {title}",
    "removed": "✗ đã gỡ · removed {id} ({reason}) {note}",
    "equal": "= bản sao khớp · mirror equal: {count} tài liệu · materials",
    "takedown": "! lệnh gỡ · takedown {id} ({reason}) {note} {answer}",
    "restart": "↻ đồng bộ lại từ đầu · starting again: {why}",
    "revoked": "✗ quyền nhận kênh {channel} đã bị thu hồi, bản sao đã xóa · grant revoked, copy deleted",
}


class Screen:
    """Bars and lines for people (on stderr)."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._reading: TaskID | None = None

    def event(self, name: str, **facts: Any) -> None:
        if self._reading is not None and name in ("equal", "restart"):
            self._progress.remove_task(self._reading)
            self._reading = None
        if name in _WORDS:
            self._progress.console.print(_WORDS[name].format(**facts), markup=False, highlight=False)

    def received(self, count: int) -> None:
        if self._reading is None:
            self._reading = self._progress.add_task("đang nhận tài liệu · receiving materials", total=None)
        self._progress.update(self._reading, completed=count, description=f"đang nhận · receiving {count:,}")

    def download(self, name: str, total: int, done: int) -> Callable[[int], None]:
        task = self._progress.add_task(name[37:][:40] or name, total=total, completed=done)

        def step(count: int) -> None:
            self._progress.update(task, advance=count)
            if any(each.id == task and each.finished for each in self._progress.tasks):
                self._progress.remove_task(task)

        return step


class Lines:
    """One JSON object a line for machines (on stdout)."""

    def event(self, name: str, **facts: Any) -> None:
        sys.stdout.write(json.dumps({"event": name, **facts}, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def received(self, count: int) -> None:
        self.event("received", count=count)

    def download(self, name: str, total: int, done: int) -> Callable[[int], None]:
        self.event("download", file=name, total=total, resumed_at=done)
        return lambda _count: None


@app.command(
    help="Kéo kênh về thư mục · Pull a channel into a folder. "
    "Exit status: 0 equal, 1 usage, 2 refused, 3 unreachable (run again), 4 not equal, not genuine or damaged, "
    "5 grant revoked."
)
def pull(
    channel: Annotated[str, typer.Option(help="kênh · channel")],
    to: Annotated[Path, typer.Option(help="thư mục · folder")],
    server: Annotated[str, typer.Option(envvar="LANTOA_SERVER", help="https://…")],
    client_id: Annotated[str, typer.Option(envvar="LANTOA_CLIENT_ID")],
    client_secret: Annotated[
        str | None, typer.Option(envvar="LANTOA_CLIENT_SECRET", help="tốt hơn: biến môi trường")
    ] = None,
    key: Annotated[Path | None, typer.Option(envvar="LANTOA_CLIENT_KEY", help="khóa riêng ES256 (PEM, JWK)")] = None,
    *,
    media: Annotated[bool, typer.Option("--media", help="tải cả tệp âm thanh, hình · download files too")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="chạy mãi · keep running")] = False,
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help="xác nhận lệnh gỡ · answer takedowns")] = False,
    proxy: Annotated[bool, typer.Option("--proxy", help="tải qua máy chủ API · download through the API")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="sự kiện JSON · JSON events")] = False,
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=as_json) as progress:
        report: Screen | Lines = Lines() if as_json else Screen(progress)
        connection = Server(server, client_id, client_secret, key, proxy=proxy)
        try:
            tree = Tree(to, server.rstrip("/"), channel)
            mirror = Mirror(connection, tree, channel, media=media, acknowledge=acknowledge, report=report)
            mirror.pull()
            while watch:
                _watch_once(mirror, report)
        finally:
            connection.close()


def _watch_once(mirror: Mirror, report: Screen | Lines) -> None:
    try:
        mirror.pull(wait=20)
    except Unreachable as error:
        report.event("waiting", why=str(error))
        time.sleep(5)


@app.callback()
def group() -> None:
    """Giữ bản sao của một kênh."""


def run() -> None:
    """Entry point: every Stop becomes one line and its exit status."""
    try:
        app(standalone_mode=True)
    except Stop as error:
        sys.stderr.write(f"lantoa-sync: {error}\n")
        sys.exit(error.status)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
