"""What was answered, in so many bytes; and who may have it again."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.actor import Actor

REMEMBERED_SECONDS = 60.0
"""No answer is given again for longer, whatever was not heard."""
OVERHEAD_BYTES = 1500
"""What an answer takes beside its body: key, headers, objects."""
Received = Callable[[Actor | None], None]
Headers = list[tuple[bytes, bytes]]
Key = tuple[bool, str, bytes, bytes | None, bytes | None]


def key_of(scope: Any, headers: dict[bytes, bytes]) -> Key:
    """What an answer depends on, beside what the caller may read."""
    return (
        b"authorization" in headers,
        scope["path"],
        scope["query_string"],
        headers.get(b"if-none-match"),
        headers.get(b"accept-encoding"),
    )


class Repeat:
    """What a route says of an answer: which channel it was read from (None: of several) and how to book it.

    `waits`: there is nothing new in it, a long poll goes on waiting. `counts`: every time is booked.
    """

    __slots__ = ("channel", "counts", "received", "seconds", "waits")

    def __init__(
        self, channel: UUID | None, received: Received | None, seconds: float, *, waits: bool, counts: bool
    ) -> None:
        self.counts = counts
        self.channel = channel
        self.received = received
        self.seconds = seconds
        self.waits = waits


def may_repeat(
    state: dict[str, Any],
    channel: UUID | None,
    received: Received | None = None,
    *,
    seconds: float = REMEMBERED_SECONDS,
    waits: bool = False,
    counts: bool = False,
) -> None:
    """Say that the answer under way may be repeated; `received` is called with whoever gets it again."""
    state["repeat"] = Repeat(channel, received, seconds, waits=waits, counts=counts)


class Shelf:
    """What is remembered of one channel, or of all together, until something is heard of it."""

    __slots__ = ("readers", "since", "valid")

    def __init__(self, since: int, readers: set[str]) -> None:
        self.valid = True
        self.since = since
        self.readers = readers


_NOWHERE = Shelf(0, set())
_NOWHERE.valid = False


class Answer:
    """A status with headers and body. `limit_at`: where among the headers the caller's own limit stands, or -1."""

    __slots__ = (
        "__weakref__",
        "body",
        "body_message",
        "headers",
        "limit_at",
        "readers",
        "repeat",
        "shelf",
        "status",
        "until",
    )

    def __init__(self, status: int, headers: Headers, body: bytes, repeat: Repeat) -> None:
        self.status, self.headers, self.body, self.repeat = status, headers, body, repeat
        names = [name for name, _ in headers]
        self.limit_at = names.index(b"ratelimit") if b"ratelimit" in names else -1
        self.shelf = _NOWHERE
        self.readers: set[str] = set()
        self.body_message = {"type": "http.response.body", "body": body, "more_body": False}
        self.until = 0.0

    @property
    def current(self) -> bool:
        """Whether nothing was heard of since it was remembered."""
        return self.shelf.valid

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD_BYTES


class Memory:
    """The answers, oldest first, in so many bytes; and who may have them."""

    def __init__(self, bound: int) -> None:
        self.bound_bytes = bound
        self.size_bytes = 0
        self.tick = 0
        self._cleared = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._shelves: dict[UUID | None, Shelf] = {}

    def find(self, key: Key, reach: str, now: float) -> Answer | None:
        """What callers of that reach may be told."""
        answer = self._answers.get(key)
        if answer is None or not answer.shelf.valid or now >= answer.until or reach not in answer.readers:
            return None
        return answer

    def forget(self, channels: frozenset[UUID] | None) -> None:
        """Something was heard: what was read before is not given again. None: nor is known who may read what."""
        self.tick += 1
        if channels is None:
            self._cleared = self.tick
            for shelf in self._shelves.values():
                shelf.valid = False
            self._shelves.clear()
            self._answers.clear()
            self.size_bytes = 0
            return
        for channel in (*channels, None):
            old = self._shelves.get(channel)
            if old is not None:
                old.valid = False
            self._shelves[channel] = Shelf(self.tick, old.readers if old is not None else set())

    def keep(self, key: Key, answer: Answer, reach: str, began: int) -> None:
        """Remember what was asked for at tick `began`, unless it was overtaken by a change meanwhile."""
        shelf = self._shelves.get(answer.repeat.channel)
        if shelf is None:
            shelf = self._shelves[answer.repeat.channel] = Shelf(0, set())
        if began < max(shelf.since, self._cleared) or answer.size * 8 > self.bound_bytes:
            return
        before = self._answers.pop(key, None)
        if before is not None:
            self.size_bytes -= before.size
        answer.shelf = shelf
        # Whoever may read one page of a channel may read all of them; of single things that is not known.
        alike = before is not None and before.current and before.body == answer.body
        answer.readers = shelf.readers if answer.repeat.channel else before.readers if before and alike else set()
        answer.readers.add(reach)
        self._answers[key] = answer
        self.size_bytes += answer.size
        while self.size_bytes > self.bound_bytes:
            _, oldest = self._answers.popitem(last=False)
            self.size_bytes -= oldest.size
