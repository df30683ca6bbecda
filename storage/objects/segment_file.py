"""An upload's segments as one seekable file."""

import io
from collections.abc import Callable, Sequence


class SegmentFile(io.RawIOBase):
    """Reads an upload's segments as one seekable file and keeps one segment in memory."""

    def __init__(self, segments: Sequence[tuple[str, int]], load: Callable[[str], bytes]) -> None:
        super().__init__()
        self._segments = list(segments)
        self._load = load
        self._size = sum(size for _, size in segments)
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("seek before the beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        parts: list[bytes] = []
        while wanted > 0:
            piece = self._piece(wanted)
            if not piece:
                break
            parts.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return b"".join(parts)

    def _piece(self, wanted: int) -> bytes:
        """At most `wanted` bytes of the segment at the present place."""
        start = 0
        for index, (key, size) in enumerate(self._segments):
            if start <= self._at < start + size:
                if self._held[0] != index:
                    self._held = (-1, b"")  # let the old segment go before the new one comes
                    self._held = (index, self._load(key))
                return self._held[1][self._at - start : self._at - start + wanted]
            start += size
        return b""
