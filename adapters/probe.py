"""Inspecting a media file without loading it: duration of audio and video, dimensions of images.

mutagen and Pillow read headers only; a file they cannot read has no duration, and the media gate refuses it.
"""

import io
import warnings
from typing import IO, Any, cast

import mutagen


def probe(file: io.RawIOBase, media_type: str) -> dict[str, Any]:
    """Give `duration_ms`, or `width` and `height` in pixels, where the file has them."""
    file.seek(0)
    if media_type.startswith(("audio/", "video/")):
        try:
            media = mutagen.File(file)
        except (mutagen.MutagenError, OSError, ValueError, KeyError, IndexError):
            return {}
        length = getattr(getattr(media, "info", None), "length", 0) or 0
        return {"duration_ms": round(length * 1000)} if length > 0 else {}
    return _size(file) if media_type.startswith("image/") else {}


def _size(file: io.RawIOBase) -> dict[str, Any]:
    from PIL import Image  # noqa: PLC0415 -- costs 3 MiB that most processes never need

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(cast("IO[bytes]", file)) as image:
                return {"width": image.width, "height": image.height}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {}
