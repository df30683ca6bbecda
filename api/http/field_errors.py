"""Field errors as they are shown: one sentence for each code, in Vietnamese and English."""

from string import Formatter

import msgspec

from domain.errors import FieldError

TEXTS: dict[str, tuple[str, str]] = {
    "after_expires_at": ("Phải trước thời điểm hết hạn (expires_at).", "Must be before expires_at."),
    "already_succeeded": ("Đơn vị này đã có đơn vị kế thừa.", "This organization has a successor already."),
    "before_available_from": ("Phải sau thời điểm bắt đầu (available_from).", "Must be later than available_from."),
    "bidi_control": (
        "Không được chứa ký tự điều khiển chiều chữ (Unicode bidi).",
        "May not contain bidirectional control characters.",
    ),
    "body_or_main_asset_required": (
        "Cần nội dung (body) hoặc một tệp chính (role: main).",
        "A body or a main asset (role: main) is needed.",
    ),
    "cannot_change": ("Không thể đổi sau khi tạo.", "Cannot be changed after creation."),
    "cannot_split_here": (
        "Không thể tách chuỗi ở một lần thêm ngoài quy tắc.",
        "A series cannot be cut at an occurrence that was added beside its rule.",
    ),
    "control_character": ("Không được chứa ký tự điều khiển.", "May not contain control characters."),
    "day_and_time": (
        "Chỉ dùng ngày, hoặc chỉ dùng ngày kèm giờ, không lẫn lộn.",
        "Use dates only or times only, not both.",
    ),
    "due_of_coverage": (
        "Hạn là hạn của tài liệu đã đặt; không ghi lại ở đây.",
        "The due time is the coverage's; it is not repeated here.",
    ),
    "duplicate_member": ("Tên “{name}” xuất hiện hai lần.", "The member “{name}” appears twice."),
    "end_before_start": ("Phải sau lúc bắt đầu.", "Must be after the start."),
    "in_the_future": ("Phải ở quá khứ.", "Must be in the past."),
    "in_the_past": ("Phải ở tương lai.", "Must be in the future."),
    "invalid_value": ("Giá trị không hợp lệ.", "The value is not valid."),
    "kind_not_accepted": (
        "Loại tài liệu này không hợp với nơi phát hoặc kế hoạch.",
        "This kind of material does not fit.",
    ),
    "language_not_accepted": ("Ngôn ngữ này không hợp với nơi phát hoặc kế hoạch.", "This language does not fit."),
    "leap_day": (
        "Ngày 29 tháng 2 hằng năm: các chương trình lịch hiểu khác nhau; hãy ghi BYMONTH=2;BYMONTHDAY=29 hoặc -1.",
        "29 February every year: calendar programs disagree; say BYMONTH=2;BYMONTHDAY=29 or -1.",
    ),
    "longer_than_day": ("Khung giờ dài nhất 24 giờ.", "A slot lasts at most 24 hours."),
    "longer_than_outlet": ("Dài hơn mức nơi phát nhận.", "Longer than the outlet accepts."),
    "main_asset_required": ("Cần một tệp chính (role: main).", "A main asset (role: main) is needed."),
    "material_taken_down": ("Tài liệu này đã bị gỡ hoặc hết hạn.", "This material was taken down or has expired."),
    "member_or_role": ("Chỉ chọn một: người hoặc vai trò.", "Choose either a member or a role."),
    "needs_a_person": ("Cần thêm một cách cấp quyền có người dùng.", "Needs a grant type with a person as well."),
    "no_json": ("Dòng này không phải JSON.", "This line is no JSON."),
    "no_report_day": (
        "Không thấy ngày của báo cáo ở các dòng đầu.",
        "The day of the report is not in its first lines.",
    ),
    "no_series": ("Hoạt động này không lặp lại.", "This activity is no series."),
    "no_such_choice": ("Chỉ có {choices} lựa chọn, đếm từ 0.", "There are {choices} choices, counted from 0."),
    "no_such_occurrence": ("Chuỗi không có lần này.", "The series has no such occurrence."),
    "no_such_time": ("Không có ngày, giờ này.", "There is no such day or time."),
    "not_active": ("Đã ngừng hoạt động hoặc không còn diễn ra.", "Is no longer active."),
    "not_attended": ("Người không tham dự thì không có ngày hoàn thành.", "Who did not attend cannot have completed."),
    "not_below": ("Phải là đơn vị cấp dưới.", "Must be an organization below."),
    "not_csv": ("Không đọc được bảng CSV ở dòng {row}.", "The CSV table cannot be read at line {row}."),
    "not_for_public": ("Ứng dụng công khai không có mục này.", "Public clients do not have this."),
    "not_for_this_client": ("Ứng dụng này không dùng mật khẩu.", "This client has no secret."),
    "not_icalendar": ("Không đọc được như tệp iCalendar.", "Cannot be read as iCalendar."),
    "not_of_this_kind": ("Loại “{kind}” không có mục này.", "The kind “{kind}” does not have this field."),
    "not_text": ("Không phải tệp văn bản.", "Is not a text file."),
    "nothing_left": ("Chuỗi không còn lần nào.", "Nothing is left of the series."),
    "too_many": ("Đã có quá nhiều.", "There are too many already."),
    "too_many_lines": ("Tệp có quá nhiều dòng.", "The file has too many lines."),
    "series_in_utc": (
        "Chuỗi lặp lại cần múi giờ của một nơi, không phải UTC.",
        "A series needs the zone of a place, not UTC.",
    ),
    "range_of_occurrences": (
        "Không nhận thay đổi cho một đoạn của chuỗi; hãy gửi từng buổi.",
        "Changes of a range of occurrences are not read; send each occurrence.",
    ),
    "series_was_cut": (
        "Chuỗi này đã được chia đôi trong hệ thống, không nhập lại được.",
        "This series was cut in two here and cannot be imported again.",
    ),
    "of_the_series": ("Chỉ đổi được cho cả chuỗi.", "Can only be changed for the whole series."),
    "one_proof": (
        "Cần đúng một minh chứng: địa chỉ (url) hoặc tệp (asset_id).",
        "Give exactly one proof: a url or an asset_id.",
    ),
    "out_of_bounds": ("Ngoài giới hạn cho phép.", "Out of bounds."),
    "repeated": ("Bị lặp lại.", "Is repeated."),
    "required": ("Bắt buộc phải có.", "Is required."),
    "rule_count_and_until": ("Chỉ dùng một trong hai: COUNT hoặc UNTIL.", "Use either COUNT or UNTIL."),
    "rule_frequency": ("FREQ này không dùng được.", "This FREQ cannot be used."),
    "rule_needed": ("Ngày thêm, ngày bỏ cần có quy tắc lặp (RRULE).", "Added or excluded dates need a rule (RRULE)."),
    "rule_part": ("Quy tắc lặp không có phần “{part}”.", "A rule has no part “{part}” here."),
    "rule_part_here": (
        "Phần {part} không dùng với FREQ={frequency}.",
        "The part {part} cannot be used with FREQ={frequency}.",
    ),
    "rule_part_twice": ("Phần {part} xuất hiện hai lần.", "The part {part} appears twice."),
    "rule_syntax": ("Quy tắc lặp sai cú pháp ở “{value}”.", "The rule is malformed at “{value}”."),
    "rule_value": (
        "Phần {part} có giá trị không dùng được: “{value}”.",
        "The part {part} has a value that cannot be used: “{value}”.",
    ),
    "second_main_asset": ("Đã có một tệp chính khác.", "There is another main asset already."),
    "shorter_than_material": (
        "Tài liệu dài {seconds} giây, dài hơn thời gian đặt.",
        "The material lasts {seconds} seconds, longer than the booking.",
    ),
    "start_not_in_rule": (
        "Lúc bắt đầu {start} không phải là một lần của chính quy tắc lặp.",
        "The start {start} is not an occurrence of its own rule.",
    ),
    "time_needed": ("Cần cả giờ, ví dụ 2026-03-02T05:30:00.", "A time is needed, for example 2026-03-02T05:30:00."),
    "time_zone_required": (
        "Thời điểm phải kèm múi giờ, ví dụ 2026-11-26T07:00:00+07:00.",
        "The time needs a zone, for example 2026-11-26T07:00:00+07:00.",
    ),
    "too_deep": ("Các phần lồng nhau quá sâu.", "Components are nested too deeply."),
    "too_easy": ("Mật khẩu quá dễ đoán.", "The password is too easy to guess."),
    "too_far": (
        "Phải từ {first} trở đi và không quá {years} năm tới.",
        "Must be from {first} on and at most {years} years ahead.",
    ),
    "too_many_cells": ("Dòng có nhiều ô hơn dòng tiêu đề.", "The row has more cells than the header."),
    "too_many_events": ("Quá nhiều mục lịch trong một tệp.", "Too many entries in one file."),
    "too_many_occurrences": (
        "Chuỗi có quá nhiều lần trong ba năm tới; hãy kết thúc bằng COUNT hoặc UNTIL.",
        "The series has too many occurrences within three years; end it with COUNT or UNTIL.",
    ),
    "unknown_code": ("Không có mã “{value}”.", "There is no code “{value}”."),
    "unknown_column": ("Không có cột “{value}”.", "There is no column “{value}”."),
    "unknown_field": ("Không có trường này.", "There is no such field."),
    "unknown_reference": ("Không có mục này, hoặc bạn không được xem.", "It does not exist, or you may not see it."),
    "unknown_zone": ("Không có múi giờ “{value}”.", "There is no time zone “{value}”."),
    "unplayable": (
        "Không đọc được thời lượng: tệp có thể hỏng.",
        "Its duration cannot be read: the file may be damaged.",
    ),
    "wrong_type": ("Cần {expected}, nhận được {got}.", "Expected {expected}, got {got}."),
    "zone_of_outlet": ("Khung giờ theo múi giờ của nơi phát.", "A slot is in the zone of its outlet."),
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
