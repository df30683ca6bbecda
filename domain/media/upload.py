"""A resumable upload (tus 1.0.0): its offset and its stored segments."""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from domain.errors import OffsetMismatch, UploadOverflow
from domain.noun import Noun

SEGMENT_BYTES = 4 * 1024 * 1024
LIFETIME = timedelta(days=2)


class Upload(Noun, frozen=True, kw_only=True):
    """`segments` are the offsets of the stored pieces, `staging/{id}/{offset}`, in order.

    `asset_id` is set once the file is complete and became an asset.
    """

    id: UUID
    owner_id: UUID
    created_by: str
    length: int
    offset: int = 0
    segments: tuple[int, ...] = ()
    filename: str = ""
    sha256: str | None = None
    expires_at: datetime
    asset_id: UUID | None = None
    revision: int = 1

    @property
    def complete(self) -> bool:
        return self.offset == self.length

    def check_offset(self, offset: int) -> None:
        """Raise OffsetMismatch unless writing may go on at `offset`."""
        if offset != self.offset:
            raise OffsetMismatch(offset=self.offset)

    def grown(self, size: int) -> "Upload":
        """Give the upload with one more segment of `size` bytes."""
        if self.offset + size > self.length:
            raise UploadOverflow(length=self.length)
        return replace(self, offset=self.offset + size, segments=(*self.segments, self.offset))


def segment_key(upload_id: UUID, offset: int) -> str:
    return f"staging/{upload_id}/{offset:015d}"
