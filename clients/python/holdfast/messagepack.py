"""MessagePack, without extension types, as docs/protocol.md of Holdfast restricts it."""

from __future__ import annotations

import math
import struct
from typing import Any

from .plain import SAFE_INTEGER_MAX, Plain, as_number

#: Nested lists and dicts in a message of the player, and in one of the server.
_DEPTH_SENT_MAX = 512
_DEPTH_RECEIVED_MAX = 1024


class MessagePackError(ValueError):
    """The bytes are not one plain MessagePack value, or a value cannot be written as one."""


def pack(value: Plain) -> bytes:
    """Returns the bytes of a value. Raises MessagePackError for a value that is not plain."""
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


def unpack(data: bytes) -> Plain:
    """Returns the value whose bytes are exactly `data`. Raises MessagePackError for other bytes."""
    reader = _Reader(data)
    root: list[Any] = []
    # Containers that are not complete, and how many children each still gets. A loop, because Python limits recursion.
    unfinished: list[tuple[list[Any] | dict[str, Any], int]] = [(root, 1)]
    while unfinished:
        container, left = unfinished[-1]
        if left == 0:
            unfinished.pop()
            continue
        unfinished[-1] = (container, left - 1)
        key = reader.key() if isinstance(container, dict) else ""
        value, children = reader.part()
        if isinstance(container, dict):
            container[key] = value
        else:
            container.append(value)
        if children > 0:
            if len(unfinished) > _DEPTH_RECEIVED_MAX:
                raise MessagePackError(f"A value has more than {_DEPTH_RECEIVED_MAX} levels.")
            unfinished.append((value, children))
    if reader.at != len(data):
        raise MessagePackError("Bytes are left over.")
    whole: Plain = root[0]
    return whole


def _write(out: bytearray, value: Plain, depth: int) -> None:
    if value is None:
        out.append(0xC0)
    elif value is False:
        out.append(0xC2)
    elif value is True:
        out.append(0xC3)
    elif isinstance(value, int):
        _write_integer(out, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise MessagePackError("A number is not finite.")
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        try:
            text = value.encode("utf-8")
        except UnicodeEncodeError:
            raise MessagePackError("A string has half of a surrogate pair.") from None
        _write_head(out, len(text), 0xA0, 31, (0xD9, 0xDA, 0xDB))
        out += text
    elif isinstance(value, (bytes, bytearray)):
        _write_head(out, len(value), 0, -1, (0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, (list, tuple, dict)):
        if depth >= _DEPTH_SENT_MAX:
            raise MessagePackError(f"A value has more than {_DEPTH_SENT_MAX} levels.")
        if isinstance(value, dict):
            _write_head(out, len(value), 0x80, 15, (0, 0xDE, 0xDF))
            for key, child in value.items():
                if not isinstance(key, str) or key == "__proto__":
                    raise MessagePackError(f"{key!r} is not allowed as a key: use a string other than __proto__.")
                _write(out, key, depth + 1)
                _write(out, child, depth + 1)
        else:
            _write_head(out, len(value), 0x90, 15, (0, 0xDC, 0xDD))
            for child in value:
                _write(out, child, depth + 1)
    else:
        raise MessagePackError(f"A {type(value).__name__} is not plain: use None, bool, int, float, str, bytes, list or dict.")


def _write_integer(out: bytearray, value: int) -> None:
    if not -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
        raise MessagePackError(f"The integer {value} is beyond ±(2^53 - 1): send it as a string or as a float.")
    if -32 <= value <= 127:
        out += struct.pack(">b" if value < 0 else ">B", value)
    elif -0x80000000 <= value < 0:
        out += struct.pack(">Bi", 0xD2, value)
    elif 0 <= value <= 0xFF:
        out += struct.pack(">BB", 0xCC, value)
    elif 0 <= value <= 0xFFFF:
        out += struct.pack(">BH", 0xCD, value)
    elif 0 <= value <= 0xFFFFFFFF:
        out += struct.pack(">BI", 0xCE, value)
    else:
        out += struct.pack(">Bq", 0xD3, value)


def _write_head(out: bytearray, length: int, short: int, short_max: int, tags: tuple[int, int, int]) -> None:
    if length <= short_max:
        out.append(short | length)
    elif length <= 0xFF and tags[0] != 0:
        out += struct.pack(">BB", tags[0], length)
    elif length <= 0xFFFF:
        out += struct.pack(">BH", tags[1], length)
    else:
        out += struct.pack(">BI", tags[2], length)


#: The formats of numbers, by tag.
_NUMBERS = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
#: The number of bytes of a length, by tag.
_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}


class _Reader:
    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def key(self) -> str:
        value, _ = self.part()
        if not isinstance(value, str) or value == "__proto__":
            raise MessagePackError("A key is not a string, or it is __proto__.")
        return value

    def part(self) -> tuple[Any, int]:
        """Reads a scalar, or the head of a container with the number of its children."""
        tag = self._take(1)[0]
        if tag <= 0x7F:
            return tag, 0
        if tag >= 0xE0:
            return tag - 0x100, 0
        if tag <= 0x8F:
            return {}, self._count(tag & 0x0F)
        if tag <= 0x9F:
            return [], self._count(tag & 0x0F)
        if tag <= 0xBF:
            return self._text(tag & 0x1F), 0
        if tag in _CONSTANTS:
            return _CONSTANTS[tag], 0
        if tag in _NUMBERS:
            return self._number(_NUMBERS[tag]), 0
        if tag not in _LENGTHS:
            raise MessagePackError(f"The tag {tag:#04x} is not allowed: there are no extension types.")
        length = int.from_bytes(self._take(_LENGTHS[tag]), "big")
        if tag <= 0xC6:
            return self._take(length), 0
        if tag <= 0xDB:
            return self._text(length), 0
        return ([] if tag <= 0xDD else {}), self._count(length)

    def _number(self, form: struct.Struct) -> int | float:
        value: int | float = form.unpack(self._take(form.size))[0]
        if isinstance(value, float):
            return as_number(value)
        if not -SAFE_INTEGER_MAX <= value <= SAFE_INTEGER_MAX:
            raise MessagePackError("An integer is beyond ±(2^53 - 1).")
        return value

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise MessagePackError("A string is not UTF-8.") from None

    def _count(self, count: int) -> int:
        """Refuses a count that exceeds the bytes that remain, because each child has at least one."""
        if count > len(self.data) - self.at:
            raise MessagePackError("A count exceeds the bytes that remain.")
        return count

    def _take(self, length: int) -> bytes:
        start = self.at
        if length > len(self.data) - start:
            raise MessagePackError("The value ends too early.")
        self.at = start + length
        return self.data[start : self.at]
