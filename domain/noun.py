"""The base of every domain value that is stored or shown."""

import msgspec


class Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A frozen, keyword-only value that refuses unknown fields when decoded."""
