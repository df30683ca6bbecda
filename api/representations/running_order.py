"""A running order as text to print, and as extended M3U for players (UTF-8)."""

from api.outlets.views import RunningOrder, RunningOrderEntry

_STATES = {"held": "giữ chỗ", "confirmed": "đã xác nhận"}


def _length(entry: RunningOrderEntry) -> str:
    minutes, seconds = divmod(entry.duration_seconds, 60)
    return f"{minutes:3}:{seconds:02}"


def as_text(order: RunningOrder, outlet: str) -> str:
    """One line for each booking: time, length, title; for the wall of the studio."""
    lines = [f"LỊCH PHÁT · {outlet}", f"Ngày {order.on:%d/%m/%Y} ({order.zone})", ""]
    for each in order.items:
        state = "" if each.state == "confirmed" else f"  [{_STATES[each.state]}]"
        lines.append(f"{each.start[11:16]}  {_length(each)}  {each.title}{state}")
        if each.note:
            lines.append(f"               {each.note}")
    if not order.items:
        lines.append("(chưa có lịch)")
    return "\n".join(lines) + "\n"


def as_m3u(order: RunningOrder) -> str:
    """The entries that have audio, in their order."""
    lines = ["#EXTM3U", f"#PLAYLIST:{order.on:%Y-%m-%d}"]
    for each in order.items:
        if isinstance(each.audio_url, str):
            title = each.title.replace("\n", " ")
            lines += [f"#EXTINF:{each.duration_seconds},{title}", each.audio_url]
    return "\n".join(lines) + "\n"
