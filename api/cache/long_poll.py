"""A long poll: waits for news on behalf of the application, which is asked as if nobody would wait."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from api.cache.memo import Reply
from api.cache.responses import Answer, Key, key_of
from api.callers.tokens import Caller
from api.http.rate_limits import Taken

if TYPE_CHECKING:
    from api.cache.middleware import Shortcut


class Poll:
    """One waiting request. `scope` is what was asked, without `wait`."""

    __slots__ = ("_answer", "_caller", "_receive", "_said", "_scope", "_send", "_shortcut", "_taken")

    def __init__(self, shortcut: "Shortcut", scope: Any, receive: Any, send: Any) -> None:
        self._shortcut, self._scope, self._receive, self._send = shortcut, scope, receive, send
        self._caller: Caller | None = None
        self._taken: Taken | None = None
        self._answer: Answer | None = None
        self._said: list[Any] | None = None

    def _question(self) -> tuple[bytes | None, Key]:
        """Who asks, and what. Made anew each time, for thousands sleep."""
        headers = dict(self._scope["headers"])
        return headers.get(b"authorization"), key_of(self._scope, headers)

    async def run(self, seconds: int) -> None:
        """Answer when there is news, or when the time is up."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        answer = await self._look()
        while answer is not None:
            assert self._caller is not None
            assert self._taken is not None
            if not answer.repeat.waits or clock() >= deadline:
                reply = Reply(answer, self._caller, self._shortcut.parts.counts)
                await reply.tell(self._taken[1], time.monotonic(), self._send)
                return
            if not answer.current:
                answer = await self._look()
                continue
            channel, crowd = answer.repeat.channel, self._shortcut.crowd
            caller, counts = self._caller, self._shortcut.parts.counts
            assert channel is not None
            caller.waiting += 1
            counts.waiting += 1
            sleeper = crowd.join(channel, deadline)
            try:
                await sleeper
                answer = await self._look()  # before it leaves: others may wait for what it finds
            finally:
                crowd.leave(sleeper, channel, deadline)
                caller.waiting -= 1
                counts.waiting -= 1
        for message in self._said or ():
            await self._send(message)

    async def _look(self) -> Answer | None:
        """What there is now. None: the application said something that nobody may repeat; it is in `_said`."""
        token, key = self._question()
        answer = self._find(token, key)
        if answer is None:
            # Crowds come and wake together: one asks, the others look again. Whom we know asks for all whom we know.
            known = self._caller is not None and time.monotonic() < self._caller.until
            if await self._shortcut.flights.once((None if known else token, key), partial(self._ask, key)):
                return self._answer
            answer = self._find(token, key)
        if answer is None:
            await self._ask(key)
            return self._answer
        if self._taken is None and not self._count():
            await self._ask(key)  # the application says that it was too much
            return self._answer
        return answer

    def _find(self, token: bytes | None, key: Key) -> Answer | None:
        self._caller = self._shortcut.caller(self._scope, token)
        return self._shortcut.find(key, self._caller, time.monotonic())

    def _count(self) -> bool:
        assert self._caller is not None
        taken = self._caller.bucket.take(time.monotonic())
        if taken[2]:
            return False
        self._taken = taken
        return True

    async def _ask(self, key: Key) -> None:
        state: dict[str, Any] = {} if self._taken is None else {"taken": self._taken}
        said = self._said = []

        async def heard(message: Any) -> None:
            said.append(message)

        scope = {**self._scope, "state": state}
        self._answer = await self._shortcut.ask(key, scope, self._receive, heard)
        self._taken, self._caller = state.get("taken"), state.get("caller")
