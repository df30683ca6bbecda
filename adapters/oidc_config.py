"""The OpenID Connect provider that people may sign in through."""

import msgspec


class ProviderConfig(msgspec.Struct, frozen=True):
    """An OpenID Connect provider, and our registration there."""

    issuer: str
    client_id: str
    client_secret: str
