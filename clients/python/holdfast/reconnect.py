"""The pauses between attempts to connect."""

from __future__ import annotations

import time
from dataclasses import dataclass

#: How long the client searches when the server does not say how long it keeps the session, in seconds.
GIVE_UP_DEFAULT = 120.0
#: An attempt or pause that took this much longer than planned, in seconds, was interrupted: the device slept.
_LATE = 1.0


@dataclass(frozen=True, slots=True)
class ReconnectOptions:
    """Times in seconds. Each round through all gateways doubles the pause, from `first` up to `longest`.

    `give_up`: the session ends after so much unsuccessful searching. None: as long as the server keeps the session.
    """

    first: float = 0.1
    longest: float = 5.0
    give_up: float | None = None


def retry_delay(attempt: int, gateways: int, options: ReconnectOptions, random: float) -> float:
    """Returns the pause before an attempt, counted from 0, in seconds: a random time between half and all of a growing time.

    So the players of a lost gateway do not return at the same moment. Source: "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015 ("equal jitter").
    """
    ceiling = min(options.longest, options.first * 2.0 ** min(attempt // gateways, 30))
    return ceiling * (0.5 + random / 2)


class SearchTime:
    """Measures how long the client has tried to connect. Time in which the device slept does not count."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since = 0.0

    def begin(self) -> None:
        self.seconds = 0.0
        self._since = time.monotonic()

    def tried(self, planned: float) -> None:
        """Ends an attempt or a pause. `planned`: its longest planned duration, in seconds."""
        now = time.monotonic()
        self.seconds += min(now - self._since, planned + _LATE)
        self._since = now
