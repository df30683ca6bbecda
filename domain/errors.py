"""Every error that the product answers with, by a stable code.

An error carries facts, never prose: `api/http/problems.py` holds the one table that turns a code into a status, a title
and a sentence in Vietnamese or English.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One field that is wrong: an RFC 6901 JSON Pointer, a short stable code, the code's facts, the allowed values."""

    pointer: str
    code: str
    facts: dict[str, object] = {}
    allowed: tuple[str, ...] = ()


class Refusal(Exception):  # noqa: N818 -- house rule: errors name the condition, no suffix
    """The request cannot be done; nothing was changed."""

    code: ClassVar[str] = "refused"

    def __init__(self, *, errors: Sequence[FieldError] = (), **facts: object) -> None:
        super().__init__(self.code, facts)
        self.errors = tuple(errors)
        self.facts = facts


class NotFound(Refusal):
    code = "not_found"


class Forbidden(Refusal):
    code = "forbidden"


class FourEyes(Refusal):
    """The person who last edited a material may not approve it."""

    code = "four_eyes"


class WrongState(Refusal):
    """Facts: `action`, `state`, `allowed` (the actions that are possible now)."""

    code = "wrong_state"


class Embargoed(Refusal):
    """Facts: `available_from`."""

    code = "embargoed"


class StaleVersion(Refusal):
    """Facts: `current` (the present etag number)."""

    code = "stale_version"


class PreconditionRequired(Refusal):
    code = "precondition_required"


class InvalidContent(Refusal):
    """One or more fields are wrong; see `errors`."""

    code = "invalid_content"


class NotReady(Refusal):
    """A draft lacks what review needs; every reason is listed in `errors`."""

    code = "not_ready"


class NoteRequired(Refusal):
    code = "note_required"


class IdTaken(Refusal):
    code = "id_taken"


class SlotTaken(Refusal):
    """The time range of an outlet is booked. Facts: `booking`, `starts_at`, `ends_at` of what stands there."""

    code = "slot_taken"


class OutsideSlots(Refusal):
    """The outlet has slots and the time lies in none of them. Facts: `free` (up to five free ranges nearby)."""

    code = "outside_slots"


class CapReached(Refusal):
    """The outlet shows a material only so often. Facts: `count`, `days`."""

    code = "cap_reached"


class CodeTaken(Refusal):
    """Facts: `value`."""

    code = "code_taken"


class ImportRefused(Refusal):
    """Rows or entries of a file are wrong; each is named in `errors`, and nothing was imported."""

    code = "import_refused"


class SlugTaken(Refusal):
    code = "slug_taken"


class CursorInvalid(Refusal):
    code = "cursor_invalid"


class CursorExpired(Refusal):
    """The cursor is of another epoch, or older than what was purged. Facts: `restart`."""

    code = "cursor_expired"


class CursorMoved(Refusal):
    """A digest was asked for another place than the present head. Facts: `cursor`."""

    code = "cursor_moved"


class GrantRevoked(Refusal):
    """The caller's organization lost this channel and must delete its copy. Facts: `channel` (slug)."""

    code = "grant_revoked"


class Gone(Refusal):
    """A tombstoned material. Facts: `id, version, reason, note, changed_at`."""

    code = "gone"


class DigestUnderWay(Refusal):
    """One request may not read the whole channel; the next continues. Facts: `counted`, `retry_after` in seconds."""

    code = "digest_under_way"


class Unavailable(Refusal):
    """A part (database, object store) does not answer. Facts: `part`."""

    code = "unavailable"


class Unauthenticated(Refusal):
    code = "unauthenticated"


class InvalidToken(Refusal):
    code = "invalid_token"


class LoginTooOld(Refusal):
    """RFC 9470: this needs a person who signed in lately. Facts: `max_age` in seconds."""

    code = "insufficient_user_authentication"


class InsufficientScope(Refusal):
    """Facts: `scope`."""

    code = "insufficient_scope"


class MalformedRequest(Refusal):
    """The bytes cannot be read as what they claim to be. Facts: `reason`."""

    code = "malformed_request"


class MalformedJson(Refusal):
    """Facts: `line`, `column` (both from 1), `byte` (from 0)."""

    code = "malformed_json"


class UnknownParameter(Refusal):
    """Facts: `parameter`, `allowed` (the names that this operation knows)."""

    code = "unknown_parameter"


class RepeatedParameter(Refusal):
    """Facts: `parameter`."""

    code = "repeated_parameter"


class InvalidParameter(Refusal):
    """A query parameter has the wrong type or form. Facts: `parameter`, `expected`."""

    code = "invalid_parameter"


class ParameterOutOfRange(Refusal):
    """Facts: `parameter`, `range` such as "1–200"."""

    code = "parameter_out_of_range"


class BodyRequired(Refusal):
    """The operation needs a JSON body and none was sent."""

    code = "body_required"


class UnsupportedTusVersion(Refusal):
    """tus 1.0.0: the request lacks `Tus-Resumable: 1.0.0`. Facts: `version`."""

    code = "tus_version_unsupported"


class BodyTooLarge(Refusal):
    """Facts: `limit_bytes`."""

    code = "body_too_large"


class UnsupportedMediaType(Refusal):
    """Facts: `expected`."""

    code = "unsupported_media_type"


class TooManyRequests(Refusal):
    """Facts: `retry_after` in seconds."""

    code = "too_many_requests"


class MediaTypeRefused(Refusal):
    """The content of a file is not of an allowed type. Facts: `found`."""

    code = "media_type_refused"


class OffsetMismatch(Refusal):
    """tus 1.0.0: `Upload-Offset` is not where the upload stands. Facts: `offset`."""

    code = "upload_offset_mismatch"


class UploadOverflow(Refusal):
    """More bytes came than were declared. Facts: `length`."""

    code = "upload_longer_than_declared"


class ChecksumMismatch(Refusal):
    """tus checksum extension or the declared SHA-256 does not match."""

    code = "checksum_mismatch"


class UploadTooLarge(Refusal):
    """Facts: `limit_bytes`."""

    code = "upload_too_large"


class RangeNotSatisfiable(Refusal):
    """Facts: `size_bytes`."""

    code = "range_not_satisfiable"


class KeyReused(Refusal):
    """An Idempotency-Key came back with another payload."""

    code = "idempotency_key_reused"


class KeyInUse(Refusal):
    """A request with this Idempotency-Key is still running."""

    code = "idempotency_key_in_use"


class AlreadyDone(Refusal):
    """The request was done before, but its answer was lost in a crash."""

    code = "already_done"
