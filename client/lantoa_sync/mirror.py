"""The pull itself, as openapi/sync.md says: pages, documents, media, tombstones, takedowns, digest."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from lantoa_sync.errors import CursorExpired, Gone, NotEqual, Revoked, Unreachable
from lantoa_sync.feed import Change, Digest, Item, read_item
from lantoa_sync.server import Server
from lantoa_sync.signatures import Verifier, bytes_of, document_of, statement_of
from lantoa_sync.state import sync_directory
from lantoa_sync.tree import CHUNK, Tree, file_sha256

_ROUNDS = 5
_PAUSE = 2.0


class Teller(Protocol):
    """Where progress goes: bars for people, one JSON object a line for machines."""

    def event(self, name: str, **facts: Any) -> None: ...
    def received(self, count: int) -> None: ...
    def download(self, name: str, total: int, done: int) -> Callable[[int], None]: ...


class Mirror:
    def __init__(
        self, server: Server, tree: Tree, channel: str, *, media: bool, acknowledge: bool, report: Teller
    ) -> None:
        self._server = server
        self._tree = tree
        self._channel = channel
        self._media = media
        self._acknowledge = acknowledge
        self._report = report
        self._verifier = Verifier(server.keys())
        self._proven = False

    def pull(self, wait: int = 0) -> None:
        """Bring the mirror to the channel's head and prove it equal. With `wait`, sleep for news first."""
        try:
            moved = self._first() if self._tree.staged else self._to_head(wait)
            if moved or not self._proven:
                self._proven = False
                self._prove()
                self._complete()
                self._proven = True
            self._answer_takedowns()
        except Revoked:
            had = bool(self._tree.live)
            self._tree.forget()
            self._report.event("revoked", channel=self._channel)
            # The server notes who has what within seconds; the request to remove it may come that much later.
            for _ in range(_ROUNDS if had and self._acknowledge else 1):
                if self._answer_takedowns():
                    break
                time.sleep(_PAUSE)
            raise

    def _first(self) -> bool:
        """Read the channel for the first time.

        Documents must have their SHA-256; whose they are, the digest proves for all at once, and they are kept apart
        until then. The next page is asked for while this one is written down.
        """
        with ThreadPoolExecutor(1) as ahead:
            cursor, more = self._tree.cursor, True
            coming = ahead.submit(self._server.changes, self._channel, cursor)
            while more:
                try:
                    page = coming.result()
                except CursorExpired:
                    self._start_again("cursor expired")
                    coming = ahead.submit(self._server.changes, self._channel, None)
                    continue
                more = page.more
                if more:
                    coming = ahead.submit(self._server.changes, self._channel, page.next)
                # All are looked at before any is written: the processor does one thing, then the other, a fifth faster.
                documents = [None if each.op == "tombstone" else bytes_of(each) for each in page.changes]
                for change, document in zip(page.changes, documents, strict=True):
                    if document is None:
                        self._tree.remove(change.id)
                    else:
                        self._tree.keep(change.id, change.version, document, {}, change.sha256)
                self._tree.cursor = page.next
                self._tree.note()
                self._report.received(len(self._tree.live))
        return True

    def _start_again(self, why: str) -> None:
        self._report.event("restart", why=why)
        self._tree.forget()

    def _to_head(self, wait: int = 0) -> bool:
        """Read on to the head. True when anything came."""
        more, moved = True, False
        while more:
            try:
                page = self._server.changes(self._channel, self._tree.cursor, wait)
            except CursorExpired:
                self._report.event("restart", why="cursor expired")
                self._restart()
                moved = True
                continue
            for change in page.changes:
                self._apply(change)
            if page.changes or page.next != self._tree.cursor:
                self._tree.cursor = page.next
                self._tree.note()
                moved = True
            more, wait = page.more, 0
        return moved

    def _restart(self) -> None:
        """Read the channel from the beginning; what is no longer in it is removed at the end."""
        before, self._tree.cursor = set(self._tree.live), None
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            page = self._server.changes(self._channel, cursor)
            for change in page.changes:
                self._apply(change)
                if change.op == "upsert":
                    seen.add(change.id)
            cursor = page.next
            if not page.more:
                break
        for gone in before - seen:
            self._tree.remove(gone)
        self._tree.cursor = cursor
        self._tree.save()

    def _apply(self, change: Change) -> None:
        if change.op == "tombstone":
            if self._tree.remove(change.id):
                self._report.event("removed", id=change.id, reason=change.reason, note=change.note)
            return
        known = self._tree.live.get(change.id)
        if known and known.version > change.version:
            return  # at-least-once: an older edition came again
        data, item = document_of(change)
        self._check(f"{change.id} v{change.version}", data, change.signature, change.kid)
        self._store(item, data, change.sha256)

    def _check(self, name: str, data: bytes, signature: str, kid: str) -> None:
        if not self._verifier.knows(kid):
            self._verifier = Verifier(self._server.keys())
        self._verifier.check(name, data, signature, kid)

    def _store(self, item: Item, document: bytes, digest: str) -> None:
        try:
            files = self._fetch_files(item) if self._media and not self._tree.staged else {}
        except Gone:
            # Taken away between the page and the download: its tombstone is in a later page.
            self._report.event("vanished", id=item.id)
            self._tree.remove(item.id)
            return
        self._tree.keep(item.id, item.version, document, files, digest)
        self._report.event("kept", id=item.id, version=item.version, title=item.title)

    def _fetch_files(self, item: Item) -> dict[str, str]:
        files: dict[str, str] = {}
        for asset in item.assets:
            rendition = asset["renditions"][0]
            name = self._tree.safe_name(asset.get("filename", "file"), asset["id"])
            relative = f"media/{item.id}/{name}"
            self._fetch(self._tree.path_of(relative), rendition)
            files[relative] = rendition["sha256"]
        return files

    def _fetch(self, path: Path, rendition: dict[str, Any]) -> None:
        """Download one file: finished ones are not touched, half ones go on where they stopped."""
        size, wanted = rendition["size_bytes"], rendition["sha256"]
        if path.exists() and path.stat().st_size == size and file_sha256(path) == wanted:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        for _ in range(_ROUNDS):
            try:
                self._download(part, rendition)
            except Unreachable:
                continue
            if part.stat().st_size == size:
                break
        else:
            raise Unreachable(f"{path.name}: the download does not come to its end")
        if file_sha256(part) != wanted:
            part.unlink()
            raise NotEqual(f"{path.name}: SHA-256 does not match")
        part.replace(path)
        part.with_name(part.name + ".etag").unlink(missing_ok=True)
        sync_directory(path.parent)
        self._report.event("downloaded", file=path.name, bytes=size)

    def _download(self, part: Path, rendition: dict[str, Any]) -> None:
        tag = part.with_name(part.name + ".etag")
        have = part.stat().st_size if part.exists() and tag.exists() else 0
        if have >= rendition["size_bytes"]:
            have = 0
        headers = {"range": f"bytes={have}-", "if-range": tag.read_text()} if have else {}
        with self._server.media(rendition["href"], headers) as answer:
            if answer.status_code not in (200, 206):
                raise Unreachable(f"download: HTTP {answer.status_code}")
            if answer.status_code == 200:
                have = 0
            step = self._report.download(part.name.removesuffix(".part"), rendition["size_bytes"], have)
            tag.write_text(answer.headers.get("etag", ""))
            with part.open("r+b" if have else "wb") as sink:
                sink.seek(have)
                for chunk in answer.iter_bytes(CHUNK // 16):
                    sink.write(chunk)
                    sink.flush()
                    have += len(chunk)
                    if have > rendition["size_bytes"]:
                        raise NotEqual(f"{part.name}: more bytes than announced")
                    step(len(chunk))
                os.fsync(sink.fileno())

    def _prove(self) -> None:
        """Compare with the signed digest; a difference is mended once by reading everything again, one by one."""
        self._tree.sweep_documents()
        for attempt in range(_ROUNDS):
            assert self._tree.cursor is not None
            theirs = self._server.digest(self._channel, self._tree.cursor)
            if theirs is None:
                self._to_head()  # the channel moved on meanwhile
                continue
            if theirs.sha256 == self._tree.digest():
                self._agree(theirs)
                return
            if attempt:
                break
            self._report.event("restart", why="digest differs")
            self._restart()
            self._tree.sweep_documents()
        raise NotEqual("the mirror does not equal the channel")

    def _agree(self, theirs: Digest) -> None:
        self._check("the channel's digest", statement_of(self._channel, theirs), theirs.signature, theirs.kid)
        if self._tree.staged:
            self._tree.settle_in()
        self._report.event("equal", count=theirs.count, sha256=theirs.sha256)

    def _complete(self) -> None:
        """Fetch files that are missing: of a first reading, or the run before had no --media, or one was deleted."""
        for material_id, known in list(self._tree.live.items()) if self._media else ():
            document = self._tree.document(material_id)
            item = read_item(document)
            if (item.id, item.version) != (material_id, known.version):
                raise NotEqual(f"{material_id} v{known.version}: the document is another one")
            if self._tree.lacks(known.files, len(item.assets)):
                self._store(item, document, known.sha256)
        self._tree.settle()
        self._tree.sweep_media()

    def _answer_takedowns(self) -> bool:
        """Answer what waits for us. True when the whole channel was among it."""
        waiting = self._server.takedowns()
        if not waiting:
            return False
        organization = self._server.organization() if self._acknowledge else ""
        for each in waiting:
            mine = each.get("channel") in (None, self._channel)
            if each.get("material_id") in self._tree.live or not mine:
                continue
            had = each.get("material_id") in self._tree.removed or each.get("channel") == self._channel
            status = "removed" if had else "never_used"
            self._report.event(
                "takedown",
                id=each["id"],
                reason=each["reason"],
                note=each.get("note", ""),
                answer=status if self._acknowledge else "",
            )
            if self._acknowledge:
                self._server.acknowledge(each["id"], organization, status)
        return any(each.get("channel") == self._channel for each in waiting)
