"""Wire types of files."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from api.http.views import View
from domain.media.asset import Asset


class AssetView(View, frozen=True, kw_only=True):
    """A stored file."""

    id: UUID
    owner_id: UUID
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    duration_ms: int | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


def show_asset(asset: Asset) -> AssetView:
    values = {name: getattr(asset, name) for name in AssetView.__struct_fields__}
    return AssetView(**{name: value for name, value in values.items() if value is not None})
