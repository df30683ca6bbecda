"""Text that comes in: NFC, without control characters."""

import re
import unicodedata

from domain.errors import FieldError

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Unicode property Bidi_Control: they make text look other than it is (UTS #55)."""
_BIDI_ALLOWED_IN = "/body"
"""Running text may quote other scripts; titles, names and every other field may not."""

_MARKS = re.compile("[\u0300-\u036f]+")
_NO_SLUG = re.compile("[^a-z0-9]+")
# An escape other than these few may stand for any character.
_ESCAPED = re.compile(rb'\\[^"\\/nrt]')


def is_clean(json: bytes) -> bool:
    """Whether every string of a JSON text is certainly in NFC and without forbidden characters, at one glance.

    False: look at each string with `text_error`.
    """
    if _ESCAPED.search(json):
        return False
    text = json.decode("utf-8", "surrogateescape")
    return _problem_of(text) is None and unicodedata.is_normalized("NFC", text)


def normalise(value: object) -> object:
    """Return `value` with every string in it in NFC (Unicode UAX #15), containers rebuilt, rest untouched."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normalise(each) for each in value]
    if isinstance(value, dict):
        return {normalise(key): normalise(each) for key, each in value.items()}
    return value


def text_error(value: object, pointer: str = "") -> FieldError | None:
    """The first string with a control character, lone surrogate or bidirectional control, or None."""
    if isinstance(value, str):
        code = _problem_of(value)
        if code is None or (code == "bidi_control" and pointer.endswith(_BIDI_ALLOWED_IN)):
            return None
        return FieldError(pointer=pointer, code=code)
    if isinstance(value, list):
        return next((e for i, each in enumerate(value) if (e := text_error(each, f"{pointer}/{i}"))), None)
    if isinstance(value, dict):
        return next((e for key, each in value.items() if (e := _member_error(key, each, pointer))), None)
    return None


def _member_error(key: str, value: object, pointer: str) -> FieldError | None:
    if code := _problem_of(key):
        return FieldError(pointer=pointer, code=code)
    return text_error(value, member_pointer(pointer, key))


def member_pointer(pointer: str, key: object) -> str:
    """The JSON Pointer of a member or an element below `pointer` (RFC 6901 section 3)."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _problem_of(text: str) -> str | None:
    # Nothing forbidden is printable, and whether all is printable is found in half the time.
    if text.isprintable():
        return None
    if _CONTROL.search(text):
        return "control_character"
    return "bidi_control" if _BIDI.search(text) else None


def slugify(title: str) -> str:
    """Make an ASCII slug of a Vietnamese title: "Mã OTP là gì?" -> "ma-otp-la-gi"."""
    flat = _MARKS.sub("", unicodedata.normalize("NFD", title.lower().replace("đ", "d")))
    return _NO_SLUG.sub("-", flat).strip("-")[:120].strip("-") or "tai-lieu"
