"""Field errors as they are shown: one sentence for each code, in Vietnamese and English."""

from string import Formatter

import msgspec

from domain.errors import FieldError

TEXTS: dict[str, tuple[str, str]] = {
    "after_expires_at": ("Phải trước thời điểm hết hạn (expires_at).", "Must be before expires_at."),
    "already_succeeded": ("Đơn vị này đã có đơn vị kế thừa.", "This organization has a successor already."),
    "bidi_control": (
        "Không được chứa ký tự điều khiển chiều chữ (Unicode bidi).",
        "May not contain bidirectional control characters.",
    ),
    "before_available_from": ("Phải sau thời điểm bắt đầu (available_from).", "Must be later than available_from."),
    "body_or_main_asset_required": (
        "Cần nội dung (body) hoặc một tệp chính (role: main).",
        "A body or a main asset (role: main) is needed.",
    ),
    "cannot_change": ("Không thể đổi sau khi tạo.", "Cannot be changed after creation."),
    "control_character": ("Không được chứa ký tự điều khiển.", "May not contain control characters."),
    "duplicate_member": ("Tên “{name}” xuất hiện hai lần.", "The member “{name}” appears twice."),
    "in_the_future": ("Phải ở quá khứ.", "Must be in the past."),
    "in_the_past": ("Phải ở tương lai.", "Must be in the future."),
    "invalid_value": ("Giá trị không hợp lệ.", "The value is not valid."),
    "main_asset_required": ("Cần một tệp chính (role: main).", "A main asset (role: main) is needed."),
    "needs_a_person": ("Cần thêm một cách cấp quyền có người dùng.", "Needs a grant type with a person as well."),
    "no_json": ("Dòng này không phải JSON.", "This line is no JSON."),
    "no_such_choice": ("Chỉ có {choices} lựa chọn, đếm từ 0.", "There are {choices} choices, counted from 0."),
    "not_csv": ("Không đọc được bảng CSV ở dòng {row}.", "The CSV table cannot be read at line {row}."),
    "not_for_public": ("Ứng dụng công khai không có mục này.", "Public clients do not have this."),
    "not_for_this_client": ("Ứng dụng này không dùng mật khẩu.", "This client has no secret."),
    "not_of_this_kind": ("Loại “{kind}” không có mục này.", "The kind “{kind}” does not have this field."),
    "out_of_bounds": ("Ngoài giới hạn cho phép.", "Out of bounds."),
    "repeated": ("Bị lặp lại.", "Is repeated."),
    "required": ("Bắt buộc phải có.", "Is required."),
    "second_main_asset": ("Đã có một tệp chính khác.", "There is another main asset already."),
    "time_zone_required": (
        "Thời điểm phải kèm múi giờ, ví dụ 2026-11-26T07:00:00+07:00.",
        "The time needs a zone, for example 2026-11-26T07:00:00+07:00.",
    ),
    "too_easy": ("Mật khẩu quá dễ đoán.", "The password is too easy to guess."),
    "too_many_cells": ("Dòng có nhiều ô hơn dòng tiêu đề.", "The row has more cells than the header."),
    "unknown_code": ("Không có mã “{value}”.", "There is no code “{value}”."),
    "unknown_field": ("Không có trường này.", "There is no such field."),
    "unplayable": (
        "Không đọc được thời lượng: tệp có thể hỏng.",
        "Its duration cannot be read: the file may be damaged.",
    ),
    "wrong_type": ("Cần {expected}, nhận được {got}.", "Expected {expected}, got {got}."),
}
"""code → sentence in Vietnamese and English, filled with the error's facts."""

_TYPES: dict[str, tuple[str, str]] = {
    "str": ("chuỗi", "a string"),
    "int": ("số nguyên", "an integer"),
    "float": ("số thực", "a number"),
    "bool": ("true hoặc false", "a boolean"),
    "array": ("danh sách", "an array"),
    "object": ("đối tượng", "an object"),
    "null": ("null", "null"),
    "uuid": ("UUID", "a UUID"),
    "datetime": ("thời điểm RFC 3339", "an RFC 3339 time"),
    "cursor": ("con trỏ của trang trước", "the cursor of another page"),
    "value": ("giá trị hợp lệ", "a valid value"),
    "date": ("ngày RFC 3339", "an RFC 3339 date"),
}
_BOUNDS: dict[str, tuple[str, str]] = {
    "minimum": ("Ít nhất {minimum}.", "At least {minimum}."),
    "maximum": ("Nhiều nhất {maximum}.", "At most {maximum}."),
}
_ALLOWED = ("Cho phép: {allowed}.", "Allowed: {allowed}.")


class FieldProblem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One field that is wrong. `pointer`: RFC 6901 JSON Pointer. `code` is stable. `allowed`: the values that fit."""

    pointer: str
    code: str
    detail: str = ""
    allowed: list[str] = []


def type_name(name: object, *, english: bool) -> str:
    """A JSON type in the reader's language; `a | b` is a choice."""
    separator = " or " if english else " hoặc "
    return separator.join(_TYPES.get(each.strip(), (each, each))[english] for each in str(name).split("|"))


def show_field_error(error: FieldError, *, english: bool) -> FieldProblem:
    """Show an error in the reader's language, with the allowed values where there are few enough to read."""
    sentences = [TEXTS.get(error.code, TEXTS["invalid_value"])[english]]
    facts: dict[str, object] = dict(error.facts)
    for name in ("expected", "got"):
        if name in facts:
            facts[name] = type_name(facts[name], english=english)
    sentences += [text[english] for name, text in _BOUNDS.items() if name in facts]
    if error.allowed:
        sentences.append(_ALLOWED[english])
        facts["allowed"] = ", ".join(error.allowed)
    detail = Formatter().vformat(" ".join(sentences), (), facts)
    return FieldProblem(pointer=error.pointer, code=error.code, detail=detail, allowed=list(error.allowed))
