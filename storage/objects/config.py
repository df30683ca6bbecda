"""Where the object store is and how to authenticate there."""

import msgspec


class ObjectStoreConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`public_endpoint` is the store as partners reach it: download URLs are signed for it."""

    endpoint: str
    public_endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    region: str
