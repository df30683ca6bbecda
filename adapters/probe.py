"""Looking into a file without loading it: duration of sound and film, size of pictures.

mutagen and Pillow read headers only; what they cannot read has no duration, and the media gate refuses it.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from typing import IO, Any, cast

import mutagen


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


def probe(file: SegmentFile, media_type: str) -> dict[str, Any]:
    """Give `duration_ms`, or `width` and `height`, as far as the file tells."""
    file.seek(0)
    if media_type.startswith(("audio/", "video/")):
        try:
            media = mutagen.File(file)
        except (mutagen.MutagenError, OSError, ValueError, KeyError, IndexError):
            return {}
        length = getattr(getattr(media, "info", None), "length", 0) or 0
        return {"duration_ms": round(length * 1000)} if length > 0 else {}
    return _size(file) if media_type.startswith("image/") else {}


def _size(file: SegmentFile) -> dict[str, Any]:
    from PIL import Image  # noqa: PLC0415 -- 3 MiB and a twentieth of the start, in processes that see no picture

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(cast("IO[bytes]", file)) as image:
                return {"width": image.width, "height": image.height}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {}
