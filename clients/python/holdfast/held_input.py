"""What a player holds down, in games with steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .codec import encode_input
from .plain import Plain

#: An unchanged input is repeated after this time, in seconds: the room drops inputs, and forgets them with its server.
_KEEPALIVE = 1.0


class HeldInput:
    """Numbers the inputs of a seat and sends them: each change, the unchanged input once per second, and after an interruption."""

    def __init__(self, send: Callable[[bytes], bool]):
        """`send` returns False when no input can be sent now."""
        self._send = send
        self._number = 0
        self._data: Plain = None
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, data: Plain) -> int | None:
        """Returns the number of the input. None: it is sent when the game goes on."""
        encode_input(0, data)
        self._data = data
        return self.repeat()

    def repeat(self) -> int | None:
        """Sends the held input now, if there is one."""
        self.stop()
        if self._data is None:
            return None
        self._timer = asyncio.get_running_loop().call_later(_KEEPALIVE, self.repeat)
        if not self._send(encode_input(self._number + 1, self._data)):
            return None
        self._number += 1
        return self._number

    def sampled(self, number: int) -> None:
        """Takes the number of the input that a sync contains. After a restart of this program, it continues the numbers."""
        self._number = max(self._number, number)

    def stop(self) -> None:
        """Stops the repeats."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
