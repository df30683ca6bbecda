"""Errors over HTTP: RFC 9457 problems in Vietnamese or English, one row per stable code."""

import re
import secrets
from string import Formatter
from typing import Any, get_args

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.datastructures import ResponseSpec

from api.http.field_errors import FieldProblem, show_field_error, type_name
from domain.errors import FieldError, Gone, Refusal
from domain.text import normalise

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457. `code` is stable; `errors` names the wrong fields; further members are facts of the code."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    errors: list[FieldProblem] = []
    trace_id: str = ""


class ProblemText(msgspec.Struct, frozen=True):
    status: int
    vi: tuple[str, str]
    en: tuple[str, str]


def _row(status: int, title_vi: str, title_en: str, detail_vi: str, detail_en: str) -> ProblemText:
    return ProblemText(status, (title_vi, detail_vi), (title_en, detail_en))


PROBLEMS: dict[str, ProblemText] = {
    "not_found": _row(404, "Không tìm thấy", "Not found", "Không có mục này, hoặc bạn không được xem.", "It does not exist, or you may not see it."),
    "not_found_anonymous": _row(404, "Không tìm thấy", "Not found", "Không có mục này, hoặc cần access token (Bearer) để xem.", "There is nothing here, or an access token (Bearer) is needed to see it."),
    "forbidden": _row(403, "Không được phép", "Forbidden", "Vai trò của bạn không được làm việc này.", "Your role may not do this."),
    "four_eyes": _row(403, "Cần người thứ hai duyệt", "Four eyes", "Người sửa cuối cùng không được tự duyệt. Hãy nhờ người khác.", "The last editor may not approve. Ask another person."),
    "wrong_state": _row(409, "Trạng thái không phù hợp", "Wrong state", "Không thể làm “{action}” khi đang ở “{state}”. Có thể: {allowed}.", "“{action}” is not possible in state “{state}”. Possible: {allowed}."),
    "embargoed": _row(409, "Chưa đến giờ phát hành", "Embargoed", "Chỉ được phát hành từ {available_from}.", "May not be published before {available_from}."),
    "stale_version": _row(412, "Bản đã cũ", "Stale version", "Ai đó vừa sửa; bản hiện tại là {current}. Hãy tải lại rồi sửa tiếp.", "It was changed meanwhile; the present revision is {current}. Reload, then edit again."),
    "precondition_required": _row(428, "Thiếu If-Match", "If-Match required", "Gửi kèm If-Match với ETag bạn đã đọc.", "Send If-Match with the ETag you have read."),
    "invalid_content": _row(422, "Nội dung không hợp lệ", "Invalid content", "Xem các mục trong errors.", "See the fields in errors."),
    "not_ready": _row(422, "Chưa đủ để gửi duyệt", "Not ready for review", "Bổ sung các mục trong errors rồi gửi lại.", "Complete the fields in errors, then ask again."),
    "note_required": _row(422, "Cần ghi chú", "Note required", "Việc này cần một ghi chú (note).", "A note is needed."),
    "id_taken": _row(409, "Mã đã dùng", "Id taken", "Mã này đã thuộc về một nội dung khác.", "This id belongs to other content."),
    "slug_taken": _row(409, "Tên đã dùng", "Slug taken", "Tên “{slug}” đã có.", "The slug “{slug}” exists."),
    "cursor_invalid": _row(400, "Con trỏ sai", "Invalid cursor", "Con trỏ không phải của kênh này.", "The cursor is none of this channel."),
    "cursor_expired": _row(410, "Con trỏ đã hết hạn", "Cursor expired", "Hãy đồng bộ lại từ đầu: {restart}", "Start again without a cursor: {restart}"),
    "cursor_moved": _row(409, "Kênh đã thay đổi", "Channel has moved on", "Chỉ tính được tại vị trí hiện tại: {cursor}.", "Only the present head can be asked: {cursor}."),
    "digest_under_way": _row(503, "Đang đối chiếu", "Digest under way", "Kênh lớn, đã đếm {counted} tài liệu. Hãy hỏi lại sau một giây.", "A large channel, {counted} materials counted so far. Ask again in a second."),
    "grant_revoked": _row(403, "Quyền nhận kênh đã bị thu hồi", "Grant revoked", "Đơn vị không còn được nhận kênh “{channel}”. Hãy xóa bản sao của kênh này và xác nhận tại /v1/takedowns.", "Your organization may no longer pull “{channel}”. Delete your copy of this channel and acknowledge at /v1/takedowns."),
    "gone": _row(410, "Đã gỡ", "Gone", "Tài liệu đã bị gỡ ({reason}). Hãy gỡ bản sao của bạn.", "The material was taken away ({reason}). Remove your copy."),
    "slot_taken": _row(409, "Giờ đã có lịch", "Time taken", "Khoảng giờ này đã có lịch đặt từ {starts_at} đến {ends_at}.", "This time is booked from {starts_at} to {ends_at}."),
    "outside_slots": _row(409, "Ngoài khung giờ", "Outside the slots", "Giờ này không nằm trong khung giờ nào của nơi phát. Xem các khoảng còn trống trong “free”.", "The time lies in none of the outlet's slots. See the free ranges in `free`."),
    "cap_reached": _row(409, "Đã đủ số lần", "Shown often enough", "Nơi này phát một tài liệu nhiều nhất {count} lần trong {days} ngày.", "This outlet shows a material at most {count} times in {days} days."),
    "code_taken": _row(409, "Mã đã dùng", "Code taken", "Mã “{value}” đã có.", "The code “{value}” exists already."),
    "import_refused": _row(422, "Không nhập được", "Import refused", "Tệp có chỗ sai; chưa nhập gì. Xem errors.", "The file has errors; nothing was imported. See errors."),
    "unavailable": _row(503, "Tạm thời gián đoạn", "Temporarily unavailable", "Một bộ phận chưa trả lời. Hãy thử lại sau vài giây.", "A part does not answer. Try again in a few seconds."),
    "unauthenticated": _row(401, "Chưa xác thực", "Authentication required", "Gửi kèm access token (Bearer).", "Send an access token (Bearer)."),
    "invalid_token": _row(401, "Token không hợp lệ", "Invalid token", "Token sai, hết hạn hoặc đã bị thu hồi.", "The token is wrong, expired or revoked."),
    "insufficient_scope": _row(403, "Thiếu phạm vi", "Insufficient scope", "Cần một trong các phạm vi: {scope}.", "One of these scopes is needed: {scope}."),
    "insufficient_user_authentication": _row(401, "Cần đăng nhập lại", "Sign in again", "Việc này chỉ làm được trong {max_age} giây sau khi đăng nhập.", "This can only be done within {max_age} seconds of signing in."),
    "malformed_request": _row(400, "Yêu cầu không đọc được", "Malformed request", "Không đọc được yêu cầu: {reason}.", "The request cannot be read: {reason}."),
    "malformed_json": _row(400, "JSON không đọc được", "Malformed JSON", "JSON sai cú pháp ở dòng {line}, cột {column} (byte {byte}).", "The JSON has a syntax error at line {line}, column {column} (byte {byte})."),
    "unknown_parameter": _row(400, "Tham số không có", "Unknown parameter", "Không có tham số “{parameter}”. Có thể dùng: {allowed}.", "There is no parameter “{parameter}”. Known: {allowed}."),
    "repeated_parameter": _row(400, "Tham số bị lặp", "Repeated parameter", "Tham số “{parameter}” chỉ được gửi một lần.", "The parameter “{parameter}” may be sent once only."),
    "invalid_parameter": _row(400, "Tham số sai kiểu", "Invalid parameter", "Tham số “{parameter}” phải là {expected}.", "The parameter “{parameter}” must be {expected}."),
    "parameter_out_of_range": _row(400, "Tham số ngoài giới hạn", "Parameter out of range", "Tham số “{parameter}” phải trong khoảng {range}.", "The parameter “{parameter}” must be within {range}."),
    "body_required": _row(400, "Thiếu nội dung yêu cầu", "Body required", "Yêu cầu này cần một đối tượng JSON trong thân.", "This request needs a JSON object as its body."),
    "tus_version_unsupported": _row(412, "Sai phiên bản tus", "Unsupported tus version", "Gửi kèm Tus-Resumable: {version}.", "Send Tus-Resumable: {version}."),
    "body_too_large": _row(413, "Nội dung quá lớn", "Body too large", "Nhiều nhất {limit_bytes} byte.", "At most {limit_bytes} bytes."),
    "unsupported_media_type": _row(415, "Sai kiểu nội dung", "Unsupported media type", "Cần Content-Type: {expected}.", "Content-Type must be {expected}."),
    "too_many_requests": _row(429, "Quá nhiều yêu cầu", "Too many requests", "Hãy chờ {retry_after} giây.", "Wait {retry_after} seconds."),
    "media_type_refused": _row(422, "Loại tệp không được nhận", "File type refused", "Nội dung tệp không thuộc loại được phép (nhận ra: {found}).", "The file's content is of no allowed type (found: {found})."),
    "upload_offset_mismatch": _row(409, "Sai vị trí", "Offset mismatch", "Tệp tải lên đang ở byte {offset}.", "The upload stands at byte {offset}."),
    "upload_longer_than_declared": _row(413, "Dài hơn đã khai", "Longer than declared", "Đã khai {length} byte.", "{length} bytes were declared."),
    "checksum_mismatch": _row(460, "Sai mã kiểm tra", "Checksum mismatch", "Dữ liệu nhận được không khớp mã kiểm tra.", "The data does not match its checksum."),
    "upload_too_large": _row(413, "Tệp quá lớn", "File too large", "Nhiều nhất {limit_bytes} byte.", "At most {limit_bytes} bytes."),
    "range_not_satisfiable": _row(416, "Khoảng ngoài tệp", "Range not satisfiable", "Tệp có {size_bytes} byte.", "The file has {size_bytes} bytes."),
    "idempotency_key_reused": _row(422, "Khóa đã dùng", "Key reused", "Idempotency-Key này đã dùng cho yêu cầu khác.", "This Idempotency-Key was used for another request."),
    "idempotency_key_in_use": _row(409, "Đang xử lý", "Still running", "Yêu cầu với khóa này đang chạy.", "The request with this key is still running."),
    "already_done": _row(409, "Đã làm xong", "Already done", "Việc này đã xong nhưng câu trả lời bị mất. Hãy đọc lại trạng thái.", "This was done, but its answer was lost. Read the present state."),
    "method_not_allowed": _row(405, "Sai phương thức", "Method not allowed", "Xem header Allow.", "See the Allow header."),
    "internal": _row(500, "Lỗi máy chủ", "Server error", "Đã ghi lại. Hãy báo mã theo dõi cho người vận hành.", "It was recorded. Give the trace id to the operator."),
}  # fmt: skip
"""code → status, (title, detail) in Vietnamese and English; details are filled with the error's facts."""


def prefers_english(accept_language: str) -> bool:
    """Vietnamese is the default; English when it is asked for before Vietnamese."""
    ranked: list[tuple[float, str]] = []
    for part in accept_language.lower().split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((float(quality or 1), name[:2]))
        except ValueError:
            continue
    named = [name for q, name in sorted(ranked, key=lambda each: -each[0]) if q > 0 and name in ("vi", "en")]
    return bool(named) and named[0] == "en"


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def problem_body(
    code: str,
    *,
    english: bool,
    instance: str,
    errors: tuple[FieldError, ...] = (),
    facts: dict[str, Any] | None = None,
    anonymous: bool = False,
) -> tuple[int, bytes]:
    """Give the status and the JSON of a problem; facts become members of their own.

    `anonymous`: the caller sent no token, so that a missing one may be the reason of a 404.
    """
    row = PROBLEMS[code]
    shown = PROBLEMS["not_found_anonymous"] if code == "not_found" and anonymous else row
    title, detail = shown.en if english else shown.vi
    filled = {k: ", ".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in (facts or {}).items()}
    if "expected" in filled and code == "invalid_parameter":
        filled["expected"] = type_name(filled["expected"], english=english)
    problem = Problem(
        type=f"/problems/{code}",
        title=title,
        status=row.status,
        detail=Formatter().vformat(detail, (), _Facts(filled)),
        code=code,
        instance=instance,
        errors=[show_field_error(error, english=english) for error in errors],
    )
    members = msgspec.to_builtins(problem)
    extra = {k: v for k, v in msgspec.to_builtins(facts or {}).items() if k not in members}
    return row.status, msgspec.json.encode(members | extra)


def headers_of(error: Refusal) -> dict[str, str]:  # noqa: C901 -- a table of codes
    """The headers that go with a problem (RFC 6750 section 3, RFC 9110 section 10.2.3)."""
    realm = 'Bearer realm="lantoa"'
    match error.code:
        case "unauthenticated":
            return {"www-authenticate": realm}
        case "invalid_token":
            return {"www-authenticate": f'{realm}, error="invalid_token"'}
        case "insufficient_scope":
            return {"www-authenticate": f'{realm}, error="insufficient_scope", scope="{error.facts["scope"]}"'}
        case "insufficient_user_authentication":
            code = "insufficient_user_authentication"
            return {"www-authenticate": f'{realm}, error="{code}", max_age="{error.facts["max_age"]}"'}
        case "forbidden":
            return {"www-authenticate": f'{realm}, error="insufficient_scope"'}
        case "unavailable":
            return {"retry-after": "2"}
        case "too_many_requests" | "digest_under_way":
            return {"retry-after": str(error.facts["retry_after"])}
        case "range_not_satisfiable":
            return {"content-range": f"bytes */{error.facts['size_bytes']}"}
        case "stale_version":
            return {"etag": f'"{error.facts["current"]}"'}
        case "tus_version_unsupported":
            return {"tus-version": str(error.facts["version"])}
        case _:
            return {}


def answer_refusal(request: Request[Any, Any, Any], error: Refusal) -> Response[bytes]:
    """Turn any domain error into its problem."""
    facts = dict(error.facts)
    if isinstance(error, Gone):
        tombstone = error.facts["tombstone"]
        facts |= {"reason": getattr(tombstone, "reason", "")}
    return _respond(request, error.code, errors=error.errors, facts=facts, headers=headers_of(error))


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Turn what Litestar itself refuses into a problem of ours."""
    if error.status_code >= 500:
        return answer_crash(request, error)
    if isinstance(error, MethodNotAllowedException):
        return _respond(request, "method_not_allowed", headers=dict(error.headers or {}))
    if isinstance(error, NotFoundException):
        return _respond(request, "not_found")
    if error.status_code == 413:
        return _respond(request, "body_too_large", facts={"limit_bytes": 1024 * 1024})
    extra = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    if error.status_code == 400 and isinstance(extra, dict) and extra.get("key") == "data":
        return _respond(request, "body_required")
    if error.status_code == 400 and isinstance(extra, dict) and extra.get("key"):
        code, facts = _parameter_problem(request, str(extra["key"]), str(extra.get("message", "")))
        return _respond(request, code, facts=facts)
    return _respond(request, "malformed_request", facts={"reason": "syntax"})


_EXPECTED = re.compile(r"Expected `([^`]+)`")
_ALLOWED_VALUES = re.compile(r"Invalid enum value")


def _parameter_problem(request: Request[Any, Any, Any], key: str, message: str) -> tuple[str, dict[str, Any]]:
    """The code and facts of a query parameter that Litestar refused: wrong type, or out of its declared range."""
    field = request.route_handler.parsed_fn_signature.parameters.get(key)
    definition: Any = getattr(field, "kwarg_definition", None)
    name = getattr(definition, "name", None) or getattr(definition, "query", None) or key
    bounds = [getattr(definition, each, None) for each in ("ge", "le")]
    if "<=" in message or ">=" in message or "length" in message:
        longest = getattr(definition, "max_length", None)
        shown = f"{bounds[0]}–{bounds[1]}" if bounds[0] is not None else f"0–{longest}"
        return "parameter_out_of_range", {"parameter": name, "range": shown}
    expected = _EXPECTED.search(message)
    if _ALLOWED_VALUES.search(message) and field is not None:
        allowed = _choices(field.raw)
        return "invalid_parameter", {"parameter": name, "expected": "|".join(allowed), "allowed": allowed}
    kind = expected[1] if expected else "uuid" if "UUID" in message else "datetime" if "RFC3339" in message else "value"
    return "invalid_parameter", {"parameter": name, "expected": kind}


def _choices(annotation: Any) -> list[str]:
    """The strings of a Literal, also inside Annotated and unions."""
    arguments = get_args(annotation)
    return [each for part in arguments for each in ([part] if isinstance(part, str) else _choices(part))]


def answer_crash(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """500 with a trace id that the log has too, and nothing else."""
    trace_id = secrets.token_hex(8)
    logger = request.app.get_logger("lantoa.api")
    # The route and not the path: some paths hold a secret.
    route = getattr(request.scope.get("route_handler"), "operation_id", None) or "unknown"
    logger.error("unexpected error %s at %s %s", trace_id, request.method, route, exc_info=error)
    return _respond(request, "internal", facts={"trace_id": trace_id})


def _respond(
    request: Request[Any, Any, Any],
    code: str,
    *,
    errors: tuple[FieldError, ...] = (),
    facts: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    english = prefers_english(request.headers.get("accept-language", ""))
    path = str(normalise(request.url.path))
    anonymous = request.scope.get("state", {}).get("actor") is None
    status, body = problem_body(code, english=english, instance=path, errors=errors, facts=facts, anonymous=anonymous)
    fixed = {
        "content-language": "en" if english else "vi",
        "cache-control": "no-store",
        "vary": "Accept-Language",
    }
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=fixed | (headers or {}))


def problems(*codes: str) -> dict[int, ResponseSpec]:
    """Document the problems that an operation answers, for its `responses=`."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=" · ".join(f"`{code}`: {PROBLEMS[code].en[0]}" for code in named),
            media_type=MEDIA_TYPE,
        )
        for status, named in by_status.items()
    }
