"""The requests that have no response yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .codec import Message, encode_request
from .errors import HoldfastError
from .plain import Plain

#: A gateway refuses more unanswered requests of one session.
_REQUESTS_MAX = 16
#: A request without a response fails after this time, in seconds.
_REQUEST_TIMEOUT = 15.0
#: Operations that only read or cancel, or that the server recognizes when they are repeated.
_REPEATABLE = frozenset(
    (
        "chat.history",
        "chat.mute",
        "chat.send",
        "games.list",
        "match.accept",
        "match.cancel",
        "match.status",
        "me",
        "rooms.cancelStart",
        "rooms.list",
    )
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

T = TypeVar("T")


@dataclass(slots=True)
class _Pending:
    operation: str
    frame: bytes
    answer: asyncio.Future[Any]
    #: Whether it was sent over a connection. When that connection is lost, the outcome is unknown.
    was_sent: bool


class Requests:
    def __init__(self, send: Callable[[bytes], bool]):
        """`send` returns False when there is no connection. The request then waits for the next one."""
        self._send = send
        self._pending: dict[int, _Pending] = {}
        self._last = 0

    async def ask(self, operation: str, data: Plain, extra: float = 0.0) -> Any:
        """Returns the data of the response. `extra`: seconds that the operation itself may wait."""
        if len(self._pending) >= _REQUESTS_MAX:
            raise HoldfastError("busy", f"{_REQUESTS_MAX} requests are unanswered.", retry=True)
        self._last = (self._last + 1) % 2**32
        number = self._last
        frame = encode_request(number, operation, data)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = _Pending(operation, frame, answer, self._send(frame))
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT + extra):
                return await answer
        except TimeoutError:
            raise HoldfastError("unavailable", f"{operation} was not answered in time.", retry=True) from None
        finally:
            self._pending.pop(number, None)

    def answered(self, response: Message) -> None:
        pending = self._pending.get(response["id"])
        if pending is None or pending.answer.done():
            return
        if "error" in response:
            pending.answer.set_exception(HoldfastError.of(response["error"]))
        else:
            pending.answer.set_result(response.get("data"))

    def lost(self) -> None:
        """Fails the requests that were sent and cannot be repeated: they may or may not have been executed."""
        for pending in tuple(self._pending.values()):
            if pending.was_sent and pending.operation not in _REPEATABLE and not pending.answer.done():
                message = f"The connection was lost before {pending.operation} was answered."
                pending.answer.set_exception(HoldfastError("server-lost", message, retry=True))

    def repeat(self) -> None:
        """Sends all unanswered requests over a new connection."""
        for pending in tuple(self._pending.values()):
            if not pending.answer.done():
                pending.was_sent = self._send(pending.frame)

    def fail_all(self, error: HoldfastError) -> None:
        for pending in tuple(self._pending.values()):
            if not pending.answer.done():
                pending.answer.set_exception(error)


async def until_answered(ask: Callable[[], Awaitable[T]], tries_max: int | None = None) -> T:
    """Repeats a request that may be repeated until it has an answer. Raises the first refusal without `retry`."""
    tries = 0
    while True:
        try:
            return await ask()
        except HoldfastError as error:
            tries += 1
            if tries == tries_max or not (error.retry or error.code == "overtaken"):
                raise
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (tries - 1))
            await asyncio.sleep(max((error.retry_after_ms or 0) / 1_000, pause))
