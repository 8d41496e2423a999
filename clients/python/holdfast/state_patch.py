"""The decoder of compact state patches, as docs/state-patch.md of Holdfast specifies them."""

from __future__ import annotations

import math
import struct
from typing import Any

from .plain import SAFE_INTEGER_MAX, Plain, as_number

#: Levels of lists and dicts. Each level is one call of Python, whose stack allows about 1,000.
_DEPTH_MAX = 500

_ENTER, _SET, _INSERT, _REMOVE, _AGAIN, _RUN, _ADD = range(7)
_STEP32, _STEP64, _SPLICE, _FLIP = range(11, 15)
_SCALES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)


class StatePatchError(ValueError):
    """Malformed bytes, or a patch for another old value."""


def apply_patch(before: Plain, patch: bytes) -> Plain:
    """Returns the value after the patch. Does not change `before`, and shares what stays equal. Raises StatePatchError."""
    if not patch:
        return before
    operations = _Bytes(patch, 0, len(patch))
    length = operations.varint()
    start = operations.at
    if length > len(patch) - start:
        raise StatePatchError("The patch ends within its operations.")
    operations.end = start + length
    values = _Values(patch, start + length, len(patch))
    after: Plain = values.value(before, 0) if length == 0 else _edit_children(operations, values, before, 0)
    if operations.at != operations.end or values.at != values.end:
        raise StatePatchError("Bytes are left over.")
    return after


def decode_value(data: bytes) -> Plain:
    """Returns the value of a whole state. Raises StatePatchError."""
    values = _Values(data, 0, len(data))
    value: Plain = values.value(None, 0)
    if values.at != values.end:
        raise StatePatchError("Bytes are left over.")
    return value


class _Bytes:
    """Reads from a range of bytes."""

    def __init__(self, data: bytes, at: int, end: int):
        self.data = data
        self.at = at
        self.end = end

    def byte(self) -> int:
        at = self.at
        if at >= self.end:
            raise StatePatchError("The bytes end too early.")
        self.at = at + 1
        return self.data[at]

    def take(self, count: int) -> bytes:
        at = self.at
        if count > self.end - at:
            raise StatePatchError("The bytes end too early.")
        self.at = at + count
        return self.data[at : self.at]

    def varint(self) -> int:
        byte = self.byte()
        value = byte & 0x7F
        shift = 7
        while byte >= 0x80:
            if shift > 49:
                raise StatePatchError("An integer has too many bytes.")
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
        if value > SAFE_INTEGER_MAX:
            raise StatePatchError("An integer is too large.")
        return value

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def text_of(self, byte_count: int) -> str:
        try:
            return self.take(byte_count).decode("utf-8")
        except UnicodeDecodeError:
            raise StatePatchError("A string is not UTF-8.") from None

    def text(self) -> str:
        """Reads a string with its tag."""
        tag = self.byte()
        if 0x80 <= tag < 0xA0:
            return self.text_of(tag - 0x80)
        if tag != 0xE7:
            raise StatePatchError("A string is expected.")
        return self.text_of(self.varint())


class _Values(_Bytes):
    """Reads values."""

    def __init__(self, data: bytes, at: int, end: int):
        super().__init__(data, at, end)
        #: The key lists of this message, in their order.
        self.key_lists: list[list[str]] = []

    def value(self, model: Any, depth: int) -> Any:
        tag = self.byte()
        if tag < 0x80:
            return tag
        if tag < 0xA0:
            return self.text_of(tag - 0x80)
        if 0xB0 <= tag < 0xC0:
            return 0xAF - tag
        if tag < 0xB0 or tag == 0xE8:
            count = self.varint() if tag == 0xE8 else tag - 0xA0
            self._assert_room(count, depth)
            first = model[0] if isinstance(model, list) and model else None
            # Loops instead of comprehensions, which take a second call of Python for each level.
            items: list[Any] = []
            for _ in range(count):
                items.append(self.value(first, depth + 1))
            return items
        if tag < 0xE0 or 0xE9 <= tag <= 0xEB:
            keys = self._keys(tag, model)
            self._assert_room(len(keys), depth)
            models = model if isinstance(model, dict) else {}
            record: dict[str, Any] = {}
            for key in keys:
                record[key] = self.value(models.get(key), depth + 1)
            return record
        return self._scalar(tag)

    def _scalar(self, tag: int) -> Any:
        if tag <= 0xE2:
            return (None, False, True)[tag - 0xE0]
        if tag == 0xE3:
            return self.varint()
        if tag == 0xE4:
            return -1 - self.varint()
        if tag == 0xE5:
            return finite(struct.unpack(">f", self.take(4))[0])
        if tag == 0xE6:
            return finite(struct.unpack(">d", self.take(8))[0])
        if tag == 0xE7:
            return self.text_of(self.varint())
        if 0xF1 <= tag <= 0xF4:
            return as_number(self.zigzag() / _SCALES[tag - 0xF0])
        raise StatePatchError("A value has an unknown tag.")

    def _keys(self, tag: int, model: Any) -> list[str]:
        if tag == 0xEB:
            if not isinstance(model, dict):
                raise StatePatchError("A value has the keys of a model that is no object.")
            return sorted(model)
        if tag == 0xEA or 0xD0 <= tag < 0xE0:
            index = self.varint() if tag == 0xEA else tag - 0xD0
            if index >= len(self.key_lists):
                raise StatePatchError("There is no such key list.")
            return self.key_lists[index]
        count = self.varint() if tag == 0xE9 else tag - 0xC0
        self._assert_room(count, 0)
        keys: list[str] = []
        for _ in range(count):
            key = self.text()
            # Python compares strings by code points, which is the order of their UTF-8 bytes.
            if key == "__proto__" or (keys and key <= keys[-1]):
                raise StatePatchError("Keys are not sorted, or a key is __proto__.")
            keys.append(key)
        self.key_lists.append(keys)
        return keys

    def _assert_room(self, count: int, depth: int) -> None:
        """Refuses a count that exceeds the bytes that remain, because each child has at least one."""
        if depth >= _DEPTH_MAX:
            raise StatePatchError(f"A value has more than {_DEPTH_MAX} levels.")
        if count > self.end - self.at:
            raise StatePatchError("A count exceeds the bytes that remain.")


class _Cursor:
    """Reads the operations on the children of one parent."""

    def __init__(self) -> None:
        self.kind = -1
        #: The position of the old child on which the operation acts.
        self.index = 0
        #: The number of children with this operation.
        self.count = 0
        self.is_last = False
        #: The position of the operations inside the last ENTER.
        self.body = -1

    def read(self, operations: _Bytes) -> None:
        head = operations.byte()
        self.is_last = head & 8 != 0
        gap = head & 7
        if gap == 7:
            gap += operations.varint()
        if head >> 4 == _RUN:
            if self.kind < 0:
                raise StatePatchError("An operation is repeated before the first one.")
            if self.kind == _ENTER:
                self.kind = _AGAIN
            self.count = gap + 1
            return
        self.kind = head >> 4
        self.index += gap
        self.count = 1
        if self.kind == _ENTER:
            self.body = operations.at
        elif self.kind == _AGAIN and self.body < 0:
            raise StatePatchError("Edits are repeated before the first ones.")


def _edit_children(operations: _Bytes, values: _Values, before: Any, depth: int) -> Any:
    if not isinstance(before, (list, dict)):
        raise StatePatchError("A value without children is edited.")
    if depth >= _DEPTH_MAX:
        raise StatePatchError(f"A value has more than {_DEPTH_MAX} levels.")
    is_list = isinstance(before, list)
    # The old children in their order, and the new value: a new list, or a copy of the object that is edited.
    keys = range(len(before)) if is_list else sorted(before)
    after: Any = [] if is_list else before.copy()
    copied = 0
    added: dict[str, Any] = {}
    cursor = _Cursor()
    while not cursor.is_last:
        cursor.read(operations)
        if cursor.index > len(keys):
            raise StatePatchError("A child is edited that is not there.")
        if is_list:
            after += before[copied : cursor.index]
        copied = cursor.index
        for _ in range(cursor.count):
            kind, index = cursor.kind, cursor.index
            if kind == _INSERT and is_list:
                neighbor = before[max(index - 1, 0)] if before else None
                after.append(values.value(neighbor, depth + 1))
                continue
            if kind == _INSERT:
                key = values.text()
                if key == "__proto__" or key in before or key in added:
                    raise StatePatchError("A key is added that exists already, or that is __proto__.")
                added[key] = values.value(before[keys[0]] if keys else None, depth + 1)
                continue
            if index >= len(keys):
                raise StatePatchError("A child is edited that is not there.")
            cursor.index = copied = index + 1
            old_key = keys[index]
            if kind == _REMOVE:
                if not is_list:
                    del after[old_key]
                continue
            old = before[old_key]
            if kind == _ENTER:
                new = _edit_children(operations, values, old, depth + 1)
            elif kind == _AGAIN:
                at = operations.at
                operations.at = cursor.body
                new = _edit_children(operations, values, old, depth + 1)
                operations.at = at
            elif kind == _SET:
                new = values.value(old, depth + 1)
            else:
                new = _edit_primitive(kind, old, values)
            if is_list:
                after.append(new)
            else:
                after[old_key] = new
    if is_list:
        after += before[copied:]
    else:
        after.update(added)
    return after


def _edit_primitive(kind: int, before: Any, values: _Values) -> Any:
    if kind == _FLIP:
        if not isinstance(before, bool):
            raise StatePatchError("A value that is no boolean is negated.")
        return not before
    if kind == _SPLICE:
        if not isinstance(before, str):
            raise StatePatchError("A value that is no string is edited as one.")
        return _splice(before, values)
    if not _ADD <= kind <= _STEP64:
        raise StatePatchError("An operation is unknown.")
    if isinstance(before, bool) or not isinstance(before, (int, float)):
        raise StatePatchError("A number is added to a value that is none.")
    steps = values.zigzag()
    if kind == _STEP32:
        bits = (_float32_bits(before) + steps) & 0xFFFF_FFFF
        return finite(struct.unpack(">f", struct.pack(">I", bits))[0])
    if kind == _STEP64:
        bits = (struct.unpack(">Q", struct.pack(">d", before))[0] + steps) & 0xFFFF_FFFF_FFFF_FFFF
        return finite(struct.unpack(">d", struct.pack(">Q", bits))[0])
    # All of this is computed with floats, also for an int, so that both ends get the same number.
    scale = _SCALES[kind - _ADD]
    scaled = float(before) * scale + 0.5
    if not math.isfinite(scaled):
        raise StatePatchError("A number is too large for a sum.")
    return finite((float(math.floor(scaled)) + float(steps)) / scale)


def _float32_bits(value: float) -> int:
    try:
        return int.from_bytes(struct.pack(">f", value), "big")
    except OverflowError:
        # Rounded to float32, the number is infinite.
        return 0x7F80_0000 if value > 0 else 0xFF80_0000


def _splice(before: str, values: _Values) -> str:
    start_count, end_count = values.varint(), values.varint()
    if start_count + end_count > len(before):
        raise StatePatchError("More characters are kept than the string has.")
    start, end = before[:start_count], before[len(before) - end_count :]
    if not start.isascii() or not end.isascii():
        raise StatePatchError("Characters are kept that are not ASCII.")
    return start + values.text() + end


def finite(value: float) -> int | float:
    """Returns the number. Refuses NaN, the infinities and -0, which plain data cannot have."""
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        raise StatePatchError("A number is not finite, or is -0.")
    return as_number(value)
