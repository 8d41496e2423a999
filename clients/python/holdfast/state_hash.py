"""The hash of a state, as docs/state-patch.md of Holdfast specifies it: MurmurHash3 (x86, 32 bits, seed 0)."""

from __future__ import annotations

import struct
from typing import Any

from .plain import Plain

_MASK = 0xFFFF_FFFF
_NULL, _FALSE, _TRUE, _NUMBER, _TEXT, _LIST, _OBJECT = range(7)


def hash_value(value: Plain) -> int:
    words: list[int] = []
    _collect(value, words)
    return _murmur(words)


def _collect(value: Any, words: list[int]) -> None:
    """Appends the words of a value."""
    if value is None:
        words.append(_NULL)
    elif isinstance(value, bool):
        words.append(_TRUE if value else _FALSE)
    elif isinstance(value, (int, float)):
        words.append(_NUMBER)
        words += struct.unpack(">II", struct.pack(">d", value))
    elif isinstance(value, str):
        words.append(_TEXT)
        _collect_text(value, words)
    elif isinstance(value, list):
        words += (_LIST, len(value))
        for item in value:
            _collect(item, words)
    else:
        keys = sorted(value)
        key_words: list[int] = []
        for key in keys:
            _collect_text(key, key_words)
        words += (_OBJECT, _murmur(key_words))
        for key in keys:
            _collect(value[key], words)


def _collect_text(text: str, words: list[int]) -> None:
    words += map(ord, text)
    words.append(len(text))


def _murmur(words: list[int]) -> int:
    state = 0
    for word in words:
        k = word * 0xCC9E2D51 & _MASK
        k = (k << 15 | k >> 17) * 0x1B873593 & _MASK
        state ^= k
        state = ((state << 13 & _MASK | state >> 19) * 5 + 0xE6546B64) & _MASK
    state ^= len(words) * 4 & _MASK
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    return state ^ state >> 16
