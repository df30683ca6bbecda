"""Published versions: immutable, signed, stored as the bytes that are served."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from domain.content.material import Material
from domain.distribution.channel import Channel
from domain.identity.organization import Organization
from domain.media.asset import Asset


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Ed25519 over the document's bytes; `sha256` hex, `value` base64url without padding."""

    sha256: str
    value: str
    kid: str


class PublishedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a material."""

    material_id: UUID
    version: int
    document: bytes
    signature: Signature
    published_at: datetime
    asset_ids: tuple[UUID, ...] = ()


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that publishing a material reads, from one snapshot.

    `live_by_channel`: for each channel that has ever carried the material, True where it is live now.
    """

    material: Material
    owner: Organization
    channels: tuple[Channel, ...]
    live_by_channel: Mapping[UUID, bool]
    assets: Mapping[UUID, Asset]
