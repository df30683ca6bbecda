"""The base of every response body."""

from typing import Any, TypeVar

import msgspec

V = TypeVar("V", bound="View")


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A response body: a member without a value is absent, never null."""


NO_STORE = {"cache-control": "no-store"}
"""Headers of every response that only its caller may see."""


def show(kind: type[V], noun: object, **more: Any) -> V:
    """Make a view of a noun: its fields by name, where they have a value, and `more`."""
    names = [name for name in kind.__struct_fields__ if name not in more]
    values = {name: value for name in names if (value := getattr(noun, name, None)) is not None}
    return kind(**values, **more)
