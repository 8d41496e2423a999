"""The binary form of messages, as docs/protocol.md of Holdfast describes it."""

from __future__ import annotations

import struct
from typing import Any

from .messagepack import MessagePackError, pack, unpack
from .plain import Plain

PROTOCOL_VERSION = 1
#: The subprotocols that this client offers, the preferred one first. An older gateway knows only the second.
SUBPROTOCOLS = ("holdfast.v1.compact", "holdfast.v1.msgpack")

COMPACT_KIND = 0x8D
UINT32_MAX = 0xFFFF_FFFF

_HELLO, _REQUEST, _COMMAND, _PING, _BYE, _INPUT = 0x01, 0x02, 0x03, 0x05, 0x06, 0x07
_RESPONSE, _SYNC, _REJECTED, _PONG, _ROOMS = 0x82, 0x85, 0x86, 0x8A, 0x8F
#: The kinds of messages whose frame is the kind and one map.
_MAP_KINDS = {
    0x81: "welcome",
    0x83: "room",
    0x84: "placed",
    0x87: "paused",
    0x88: "resumed",
    0x89: "ended",
    0x8B: "error",
    0x8C: "goodbye",
    0x8E: "players",
    0x90: "chat",
    0x91: "match",
}
#: The kinds with a header of numbers before their map: the names of these numbers.
_HEADERS: dict[int, tuple[str, tuple[str, ...]]] = {
    _SYNC: ("sync", ("version", "seq")),
    _REJECTED: ("rejected", ("seq",)),
    _ROOMS: ("rooms", ("id",)),
}

#: A message of the server: its `kind`, and the fields that docs/protocol.md names.
Message = dict[str, Any]


class FrameError(ValueError):
    """A frame of the server cannot be decoded."""


def encode_hello(fields: dict[str, Any]) -> bytes:
    return bytes((_HELLO,)) + pack({"protocol": PROTOCOL_VERSION, **fields})


def encode_request(number: int, operation: str, data: Plain) -> bytes:
    return struct.pack(">BI", _REQUEST, number) + _name(operation) + _body(data)


def encode_command(seq: int, settled: int, name: str, data: Plain) -> bytes:
    return struct.pack(">BII", _COMMAND, seq, settled) + _name(name) + _body(data)


def encode_input(number: int, data: Plain) -> bytes:
    return struct.pack(">BI", _INPUT, number) + _body(data)


def encode_ping(nonce: int) -> bytes:
    return struct.pack(">BI", _PING, nonce)


def encode_bye() -> bytes:
    return bytes((_BYE,))


def decode_message(frame: bytes) -> Message | None:
    """Returns a message of the server, or None for a kind that this client is too old to know.

    Raises FrameError for a malformed frame. `decode_compact` decodes compact syncs.
    """
    if not frame:
        raise FrameError("The frame is empty.")
    kind = frame[0]
    if kind in _MAP_KINDS:
        return {**_map(frame, 1), "kind": _MAP_KINDS[kind]}
    if kind in _HEADERS:
        name, fields = _HEADERS[kind]
        numbers = [_uint32(frame, 1 + 4 * index) for index in range(len(fields))]
        return {**_map(frame, 1 + 4 * len(fields)), **dict(zip(fields, numbers)), "kind": name}
    if kind == _RESPONSE:
        if len(frame) < 6:
            raise FrameError("The frame ends within its header.")
        field = "error" if frame[5] == 1 else "data"
        return {"kind": "response", "id": _uint32(frame, 1), field: _value(frame, 6)}
    if kind == _PONG:
        return {"kind": "pong", "nonce": _uint32(frame, 1)}
    return None


def _name(name: str) -> bytes:
    text = name.encode("utf-8")
    if len(text) > 255:
        raise MessagePackError(f"A name has {len(text)} bytes: at most 255 are allowed.")
    return bytes((len(text),)) + text


def _body(data: Plain) -> bytes:
    """None is the same as no data."""
    return b"" if data is None else pack(data)


def _uint32(frame: bytes, at: int) -> int:
    if at + 4 > len(frame):
        raise FrameError("The frame ends within its header.")
    return int.from_bytes(frame[at : at + 4], "big")


def _map(frame: bytes, at: int) -> dict[str, Any]:
    value = _value(frame, at)
    if not isinstance(value, dict):
        raise FrameError("The body is not a map.")
    return value


def _value(frame: bytes, at: int) -> Plain:
    try:
        return unpack(frame[at:])
    except MessagePackError as error:
        raise FrameError(f"The body is not one plain MessagePack value: {error}") from error
