"""The client side of WebSocket (RFC 6455) over asyncio, without extensions."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
import struct
from collections.abc import Sequence
from urllib.parse import urlsplit

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
#: The largest message that this client reads, in bytes. Servers send at most 4 MiB by default.
_MESSAGE_BYTES_MAX = 64 * 1024 * 1024
#: A connection with more unsent bytes than this does not take inputs, because they would be old when they arrive.
_BACKLOG_BYTES = 64 * 1024


class WebSocketError(ConnectionError):
    """The connection could not be opened, or is over."""


class WebSocket:
    """An open connection. One task may call `receive`; all other methods return at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, subprotocol: str):
        self.subprotocol = subprotocol
        self._reader = reader
        self._writer = writer

    @staticmethod
    async def open(url: str, subprotocols: Sequence[str], tls: ssl.SSLContext | None = None) -> WebSocket:
        """Opens a connection to a `ws://` or `wss://` URL. Raises OSError, of which WebSocketError is one."""
        address = urlsplit(url)
        if address.scheme not in ("ws", "wss") or address.hostname is None:
            raise WebSocketError(f"{url} is not the URL of a WebSocket: it must begin with ws:// or wss://.")
        is_secure = address.scheme == "wss"
        context = (tls or ssl.create_default_context()) if is_secure else None
        port = address.port or (443 if is_secure else 80)
        reader, writer = await asyncio.open_connection(address.hostname, port, ssl=context, limit=1024 * 1024)
        try:
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            subprotocol = await _shake_hands(reader, writer, path, address.netloc.rpartition("@")[2], subprotocols)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.transport.abort()
            raise WebSocketError("The server ended the connection during the handshake.") from error
        except BaseException:
            writer.transport.abort()
            raise
        return WebSocket(reader, writer, subprotocol)

    @property
    def is_congested(self) -> bool:
        """Whether the server does not read what was sent."""
        return self._writer.transport.get_write_buffer_size() > _BACKLOG_BYTES

    def send(self, data: bytes) -> None:
        """Sends a binary message."""
        self._write(_BINARY, data)

    async def receive(self) -> bytes:
        """Returns the next message. Raises WebSocketError when the connection is over."""
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                is_final, opcode, payload = await self._frame()
                if opcode == _PING:
                    self._write(_PONG, payload)
                elif opcode == _CLOSE:
                    self._write(_CLOSE, payload[:2])
                    self.abort()
                    raise WebSocketError("The server closed the connection.")
                elif opcode in (_TEXT, _BINARY, _CONTINUATION):
                    if (opcode == _CONTINUATION) != bool(parts):
                        raise WebSocketError("The server sent fragments in a wrong order.")
                    parts.append(payload)
                    size += len(payload)
                    if size > _MESSAGE_BYTES_MAX:
                        raise WebSocketError("The server sent a message that is too large.")
                    if is_final:
                        return parts[0] if len(parts) == 1 else b"".join(parts)
                elif opcode != _PONG:
                    raise WebSocketError("The server sent an unknown kind of frame.")
        except asyncio.IncompleteReadError as error:
            raise WebSocketError("The connection was lost.") from error

    def close(self) -> None:
        """Sends a close frame after everything that was sent before, and ends the connection."""
        if not self._writer.is_closing():
            self._write(_CLOSE, struct.pack(">H", 1000))
            self._writer.close()

    def abort(self) -> None:
        """Ends the connection at once. `receive` then raises WebSocketError."""
        self._writer.transport.abort()

    async def _frame(self) -> tuple[bool, int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if first & 0x70 or second & 0x80:
            raise WebSocketError("The server sent a frame with an extension or a mask.")
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self._reader.readexactly(8), "big")
        if length > _MESSAGE_BYTES_MAX:
            raise WebSocketError("The server sent a message that is too large.")
        return first & 0x80 != 0, first & 0x0F, await self._reader.readexactly(length)

    def _write(self, opcode: int, payload: bytes) -> None:
        if self._writer.is_closing():
            return
        length = len(payload)
        if length < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
        elif length < 0x10000:
            head = struct.pack(">BBH", 0x80 | opcode, 0xFE, length)
        else:
            head = struct.pack(">BBQ", 0x80 | opcode, 0xFF, length)
        mask = os.urandom(4)
        repeated = (mask * (length // 4 + 1))[:length]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")
        self._writer.write(head + mask + masked)


async def _shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, host: str, subprotocols: Sequence[str]
) -> str:
    """Sends the request for a WebSocket, and returns the subprotocol that the server has chosen."""
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}\r\n\r\n"
        ).encode()
    )
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    if status.split(" ")[1:2] != ["101"]:
        raise WebSocketError(f"The server refused the WebSocket: {status}")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    expected = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
    if headers.get("sec-websocket-accept") != expected:
        raise WebSocketError("The server is not a WebSocket server.")
    subprotocol = headers.get("sec-websocket-protocol", "")
    if subprotocol not in subprotocols:
        raise WebSocketError(f"The server chose the subprotocol {subprotocol!r}, which was not offered.")
    return subprotocol
