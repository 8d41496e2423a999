"""The room time of syncs in games with steps."""

from __future__ import annotations


class SyncTime:
    """Finds the room time of each sync, which has either an absolute time or the time since the version from which it leads."""

    def __init__(self) -> None:
        self._last_version = -1
        #: The time of the last sync, and of the last change of the state, in ms.
        self._last: float | None = None
        self._base: float | None = None

    def take(self, version: int, base: int | None, time: float | None, elapsed: float | None) -> float | None:
        """Returns the room time of a sync in ms, or None when the server has not sent it."""
        if time is not None:
            self._base = time
        elif base == self._last_version:
            self._base = self._last
        self._last_version = version
        if time is None and self._base is not None and elapsed is not None:
            time = self._base + elapsed
        self._last = time
        return time
