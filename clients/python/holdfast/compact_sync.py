"""Compact syncs, as docs/protocol.md of Holdfast describes them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

from .codec import UINT32_MAX, FrameError
from .messagepack import MessagePackError, unpack
from .plain import SAFE_INTEGER_MAX, Plain
from .state_hash import hash_value
from .state_patch import StatePatchError, apply_patch, decode_value

_STATE, _FROM, _TIME, _HASH, _EVENTS, _MISSED, _CLOCK = (1 << bit for bit in range(7))
_UNKNOWN = 0x80


@dataclass(slots=True)
class CompactSync:
    seq: int
    #: The number of the latest input of this seat that the steps up to `version` have sampled. 0: none.
    input: int
    version: int
    #: The version of the last change before this sync. None: the sync has the whole state.
    base: int | None
    #: The room time of this sync, in ms, or the time since `base`.
    time: float | None
    elapsed: int | None
    hash: int | None
    events: list[dict[str, Any]]
    missed: bool
    #: The bytes of the whole state, or of the patch.
    rest: bytes

    def next(self, before: Plain, held_version: int) -> Plain:
        """Returns the state after this sync. `held_version`: the version of `before`, or -1.

        Raises StatePatchError when the sync does not fit.
        """
        if self.base is None:
            after = decode_value(self.rest)
        else:
            # A version after `base` has the same state, because only acknowledgements came after it.
            last = self.version - 1 if self.rest else self.version
            if not self.base <= held_version <= last:
                raise StatePatchError(f"The sync leads from {self.base} to {self.version}, but the client has {held_version}.")
            after = apply_patch(before, self.rest)
        if self.hash is not None and hash_value(after) != self.hash:
            raise StatePatchError("The state after the sync has another hash.")
        return after


def decode_compact(frame: bytes) -> CompactSync:
    """Raises FrameError for a malformed frame."""
    reader = _Reader(frame)
    seq, input_number = reader.uint32(), reader.uint32()
    flags = reader.take(1)[0]
    is_state, is_clock = flags & _STATE != 0, flags & _CLOCK != 0
    if flags & _UNKNOWN or is_state == (flags & _FROM != 0) or (is_clock and (is_state or not flags & _TIME)):
        raise FrameError("A compact sync has flags that do not belong together.")
    version = reader.uint32()
    base = None if is_state else version - reader.varint()
    if base is not None and base < 0:
        raise FrameError("A compact sync starts from a version below 0.")
    time, elapsed = None, None
    if flags & _TIME and (is_state or is_clock):
        time = reader.time()
    elif flags & _TIME:
        elapsed = reader.varint()
    hash_of_state = int.from_bytes(reader.take(4), "big") if flags & _HASH else None
    events = _events_of(reader.take(reader.varint()), version) if flags & _EVENTS else []
    return CompactSync(
        seq, input_number, version, base, time, elapsed, hash_of_state, events, flags & _MISSED != 0, frame[reader.at :]
    )


def _events_of(data: bytes, version: int) -> list[dict[str, Any]]:
    try:
        rows = unpack(data)
    except MessagePackError as error:
        raise FrameError(f"The events of a compact sync cannot be decoded: {error}") from error
    if not isinstance(rows, list):
        raise FrameError("The events of a compact sync are not an array.")
    events = []
    for row in rows:
        if not isinstance(row, list) or len(row) not in (2, 3):
            raise FrameError("An event is not an array of a number, a name and data.")
        age, name = row[:2]
        if not isinstance(age, int) or isinstance(age, bool) or not 0 <= age <= version or not isinstance(name, str):
            raise FrameError("An event is not an array of a number, a name and data.")
        event: dict[str, Any] = {"version": version - age, "name": name}
        if len(row) == 3:
            event["data"] = row[2]
        events.append(event)
    return events


class _Reader:
    """Reads a frame from its second byte."""

    def __init__(self, frame: bytes):
        self.frame = frame
        self.at = 1

    def take(self, count: int) -> bytes:
        start = self.at
        if count > len(self.frame) - start:
            raise FrameError("A compact sync ends too early.")
        self.at = start + count
        return self.frame[start : self.at]

    def varint(self) -> int:
        value = 0
        for index in range(8):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                if value > SAFE_INTEGER_MAX:
                    break
                return value
        raise FrameError("A number of a compact sync is too large.")

    def uint32(self) -> int:
        value = self.varint()
        if value > UINT32_MAX:
            raise FrameError("A number of a compact sync is above 2^32 - 1.")
        return value

    def time(self) -> float:
        value: float = struct.unpack(">d", self.take(8))[0]
        if not math.isfinite(value):
            raise FrameError("The time of a compact sync is not finite.")
        return value
