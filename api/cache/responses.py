"""The response cache: complete responses within a bound of bytes, and who may read each of them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.actor import Actor

MAX_AGE_SECONDS = 60.0
"""No response is served from the cache for longer, whatever notification was missed."""
OVERHEAD_BYTES = 1500
"""What a cached response takes beside its body: key, headers, objects."""
OnDelivery = Callable[[Actor | None], None]
"""Called with every caller that gets the response: the recipient ledger counts it."""
Headers = list[tuple[bytes, bytes]]
Key = tuple[bool, str, bytes, bytes | None, bytes | None]


def key_of(scope: Any, headers: dict[bytes, bytes]) -> Key:
    """Everything that a cacheable response depends on, beside the caller's read partition."""
    return (
        b"authorization" in headers,
        scope["path"],
        scope["query_string"],
        headers.get(b"if-none-match"),
        headers.get(b"accept-encoding"),
    )


class CachePolicy:
    """What a route says of its response: the channel it was read from (None: several) and how delivery is counted.

    `nothing_new`: a long poll goes on waiting. `count_each`: every delivery is counted, not one a second.
    """

    __slots__ = ("channel", "count_each", "nothing_new", "on_delivery", "seconds")

    def __init__(
        self,
        channel: UUID | None,
        on_delivery: OnDelivery | None,
        seconds: float,
        *,
        nothing_new: bool,
        count_each: bool,
    ) -> None:
        self.channel = channel
        self.on_delivery = on_delivery
        self.seconds = seconds
        self.nothing_new = nothing_new
        self.count_each = count_each


def mark_cacheable(
    state: dict[str, Any],
    channel: UUID | None,
    on_delivery: OnDelivery | None = None,
    *,
    seconds: float = MAX_AGE_SECONDS,
    nothing_new: bool = False,
    count_each: bool = False,
) -> None:
    """Mark the response of the current request as cacheable. Nothing else is ever cached."""
    state["cache_policy"] = CachePolicy(channel, on_delivery, seconds, nothing_new=nothing_new, count_each=count_each)


class Generation:
    """The responses of one channel, or of several channels together, until the next notification of a change."""

    __slots__ = ("readers", "since", "valid")

    def __init__(self, since: int, readers: set[str]) -> None:
        self.valid = True
        self.since = since
        self.readers = readers


_OUTDATED = Generation(0, set())
_OUTDATED.valid = False


class CachedResponse:
    """Status, headers and body. `limit_at`: the index of the caller's own RateLimit header, or -1.

    `readers`: the read partitions that may have it. `until`: end of its life, on the monotonic clock.
    """

    __slots__ = (
        "__weakref__",
        "body",
        "body_message",
        "generation",
        "headers",
        "limit_at",
        "policy",
        "readers",
        "status",
        "until",
    )

    def __init__(self, status: int, headers: Headers, body: bytes, policy: CachePolicy) -> None:
        self.status, self.headers, self.body, self.policy = status, headers, body, policy
        names = [name for name, _ in headers]
        self.limit_at = names.index(b"ratelimit") if b"ratelimit" in names else -1
        self.generation = _OUTDATED
        self.readers: set[str] = set()
        self.body_message = {"type": "http.response.body", "body": body, "more_body": False}
        self.until = 0.0

    @property
    def current(self) -> bool:
        """Whether no change was notified since it was read."""
        return self.generation.valid

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD_BYTES


class ResponseCache:
    """Least recently stored responses are dropped first. With `bound_bytes` 0 nothing is stored."""

    def __init__(self, bound_bytes: int) -> None:
        self.bound_bytes = bound_bytes
        self.size_bytes = 0
        self.tick = 0
        """Counts notifications; a response read before the latest one is not stored."""
        self._cleared_at = 0
        self._responses: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._generations: dict[UUID | None, Generation] = {}

    def find(self, key: Key, partition: str, now: float) -> CachedResponse | None:
        """A current response that callers of this read partition may have."""
        found = self._responses.get(key)
        if found is None or not found.generation.valid or now >= found.until or partition not in found.readers:
            return None
        return found

    def invalidate(self, channels: frozenset[UUID] | None) -> None:
        """Drop what was read from these channels; None: drop everything, read access may have changed."""
        self.tick += 1
        if channels is None:
            self._cleared_at = self.tick
            for generation in self._generations.values():
                generation.valid = False
            self._generations.clear()
            self._responses.clear()
            self.size_bytes = 0
            return
        for channel in (*channels, None):
            old = self._generations.get(channel)
            if old is not None:
                old.valid = False
            self._generations[channel] = Generation(self.tick, old.readers if old is not None else set())

    def store(self, key: Key, response: CachedResponse, partition: str, began: int) -> None:
        """Store what was requested at tick `began`, unless a change was notified meanwhile."""
        generation = self._generations.get(response.policy.channel)
        if generation is None:
            generation = self._generations[response.policy.channel] = Generation(0, set())
        if began < max(generation.since, self._cleared_at):
            return
        response.generation = generation
        if response.size * 8 > self.bound_bytes:
            return
        before = self._responses.pop(key, None)
        if before is not None:
            self.size_bytes -= before.size
        # Whoever may read one page of a channel may read all of them; for single documents that is not known.
        same = before is not None and before.current and before.body == response.body
        response.readers = (
            generation.readers if response.policy.channel else before.readers if before and same else set()
        )
        response.readers.add(partition)
        self._responses[key] = response
        self.size_bytes += response.size
        while self.size_bytes > self.bound_bytes:
            _, oldest = self._responses.popitem(last=False)
            self.size_bytes -= oldest.size
