"""Listeners for named events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

Listener = Callable[..., Any]


class Emitter:
    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Adds a listener. Returns a function that removes it."""
        listeners = self._listeners.setdefault(event, [])
        listeners.append(listener)

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return remove

    def emit(self, event: str, *args: Any) -> None:
        """Calls the listeners. An error in one of them is reported to the event loop, and does not harm the connection."""
        for listener in tuple(self._listeners.get(event, ())):
            try:
                listener(*args)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"A listener of the event {event!r} failed.", "exception": error}
                )
