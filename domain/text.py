"""Text at the edge: NFC, and no control characters."""

import re
import unicodedata

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_MARKS = re.compile("[\u0300-\u036f]+")
_NO_SLUG = re.compile("[^a-z0-9]+")
# An escape beside these few may stand for any character.
_ESCAPED = re.compile(rb'\\[^"\\/nrt]')


def is_clean(json: bytes) -> bool:
    """Whether every string of a JSON text is in NFC and without control characters, as far as a glance can tell.

    What a glance cannot tell is False: then look at each string.
    """
    if _ESCAPED.search(json):
        return False
    text = json.decode("utf-8", "surrogateescape")
    return not _has_forbidden(text) and unicodedata.is_normalized("NFC", text)


def normalise(value: object) -> object:
    """Return `value` with every string in it in NFC (Unicode UAX #15), containers rebuilt, rest untouched."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normalise(each) for each in value]
    if isinstance(value, dict):
        return {normalise(key): normalise(each) for key, each in value.items()}
    return value


def forbidden_place(value: object, at: str = "") -> str | None:
    """Give the JSON Pointer of the first string with a control character or lone surrogate, or None."""
    if isinstance(value, str):
        return at if _has_forbidden(value) else None
    if isinstance(value, list):
        return next((p for i, each in enumerate(value) if (p := forbidden_place(each, f"{at}/{i}")) is not None), None)
    if isinstance(value, dict):
        return next(
            (
                p
                for key, each in value.items()
                if (p := forbidden_place(key, at) if _has_forbidden(key) else forbidden_place(each, f"{at}/{key}"))
                is not None
            ),
            None,
        )
    return None


def _has_forbidden(text: str) -> bool:
    # Nothing forbidden is printable, and that all is printable is seen in half the time.
    return not text.isprintable() and _FORBIDDEN.search(text) is not None


def slugify(title: str) -> str:
    """Make an ASCII slug of a Vietnamese title: "Mã OTP là gì?" -> "ma-otp-la-gi"."""
    flat = _MARKS.sub("", unicodedata.normalize("NFD", title.lower().replace("đ", "d")))
    return _NO_SLUG.sub("-", flat).strip("-")[:120].strip("-") or "tai-lieu"
