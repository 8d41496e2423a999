"""The unanswered commands of one seat."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from .codec import encode_command
from .errors import HoldfastError
from .plain import Plain

#: A room remembers this many refusals of a seat, so a seat has no more unanswered commands.
_UNANSWERED_MAX = 64
#: Refusals by gateways that are ignored for a command that was sent more than once.
_TURNED_AWAY_MAX = 5
#: Repeats of a command without an answer, after which its outcome stays unknown.
_REPEATED_MAX = 10


@dataclass(slots=True)
class _Waiting:
    name: str
    data: Plain
    answer: asyncio.Future[None]
    sent: int = 0
    repeated: int = 0
    turned_away: int = 0


class Outbox:
    """The unanswered commands, in order. Each number is used once, without gaps, and each lower number has its answer."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int | None:
        return next(iter(self._waiting), None)

    def add(self, name: str, data: Plain) -> tuple[int, asyncio.Future[None]]:
        """Adds a command. Returns its number, and a future that its answer settles."""
        if len(self._waiting) >= _UNANSWERED_MAX:
            raise HoldfastError("busy", f"{_UNANSWERED_MAX} commands are unanswered. Wait for one of them.", retry=True)
        # Encodes it now, so that a value that is not plain is refused before it has a number.
        encode_command(0, 0, name, data)
        self._last += 1
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = _Waiting(name, data, answer)
        return self._last, answer

    def frames_from(self, first: int) -> list[bytes]:
        """Returns the frames of the unanswered commands from number `first` on, each with the current `settled`."""
        return [self._frame(seq) for seq in self._waiting if seq >= first]

    def repeat(self) -> list[bytes]:
        """Returns the frames of all unanswered commands. Refuses a command that was repeated too often."""
        for seq, waiting in tuple(self._waiting.items()):
            if waiting.sent == 0:
                continue
            waiting.repeated += 1
            if waiting.repeated > _REPEATED_MAX:
                self._refuse(seq, HoldfastError("unanswered", "The command got no answer; it may have been applied."))
        return self.frames_from(0)

    def settle(self, seq: int) -> None:
        """Answers all commands up to `seq`: the room sends refusals before, so it has applied the others."""
        for number in tuple(self._waiting):
            if number > seq:
                return
            _resolve(self._waiting.pop(number).answer)

    def rejected(self, seq: int, error: HoldfastError) -> None:
        """Handles a refusal.

        A refusal with `retry` comes from a gateway. If the command was sent more than once, the room may have applied the
        first copy, so the command stays and is repeated.
        """
        waiting = self._waiting.get(seq)
        if waiting is not None and error.retry and waiting.sent > 1 and waiting.turned_away < _TURNED_AWAY_MAX:
            waiting.turned_away += 1
        else:
            self._refuse(seq, error)

    def align(self, seq: int) -> None:
        """Continues after the number of the room. A lower one means a rewind, after which no number is used again."""
        self._last = max(self._last, seq)

    def restart(self, seq: int, error: HoldfastError) -> None:
        """Begins another game, whose commands are numbered from `seq`."""
        self._last = seq
        self.refuse_all(error)

    def refuse_all(self, error: HoldfastError) -> None:
        for seq in tuple(self._waiting):
            self._refuse(seq, error)

    def _refuse(self, seq: int, error: HoldfastError) -> None:
        waiting = self._waiting.pop(seq, None)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_exception(error)

    def _frame(self, seq: int) -> bytes:
        waiting = self._waiting[seq]
        waiting.sent += 1
        oldest = self.oldest
        settled = self._last if oldest is None else oldest - 1
        return encode_command(seq, settled, waiting.name, waiting.data)


def _resolve(answer: asyncio.Future[None]) -> None:
    # The caller may have given up waiting.
    if not answer.done():
        answer.set_result(None)
