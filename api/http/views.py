"""The base of every response body."""

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A response body: a member without a value is absent, never null."""


NO_STORE = {"cache-control": "no-store"}
"""Headers of every response that only its caller may see."""
