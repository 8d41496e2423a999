"""Plain values: the data that states, events, commands and results consist of."""

from __future__ import annotations

from typing import Any, Union

#: None, a boolean, a number, a string, bytes (only in messages of the player), a list, or a dict with string keys.
Plain = Union[None, bool, int, float, str, bytes, list[Any], dict[str, Any]]

#: The largest integer that a 64-bit float represents together with all smaller ones.
SAFE_INTEGER_MAX = 2**53 - 1


def as_number(value: float) -> int | float:
    """Returns an int for a whole number. Holdfast does not distinguish 3 and 3.0, but Python does when the number is an index."""
    if value.is_integer() and abs(value) <= SAFE_INTEGER_MAX:
        return int(value)
    return value
