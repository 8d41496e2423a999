"""Keeps one connection open, to any gateway that answers."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .codec import COMPACT_KIND, SUBPROTOCOLS, Message, decode_message, encode_hello, encode_ping
from .compact_sync import CompactSync, decode_compact
from .errors import RETRY_CODES, HoldfastError
from .reconnect import GIVE_UP_DEFAULT, ReconnectOptions, SearchTime, retry_delay
from .websocket import WebSocket

#: Added to a `retryAfterMs`, so that clients with the same value do not all return at the same moment, in seconds.
_SPREAD = 0.05
#: Faults, each at most `_FAULT_FREE` seconds after the one before, after which the session ends.
_FAULTS_MAX = 8
_FAULT_FREE = 60.0
#: An open connection that does not answer a ping within this time is replaced, in seconds.
_PROBE = 3.0


@dataclass(frozen=True, slots=True)
class UplinkOptions:
    urls: Sequence[str]
    tls: ssl.SSLContext | None
    #: Time within which a gateway must send its welcome, in seconds.
    welcome: float
    #: Time for which a first connection is repeated that a gateway refuses for now, in seconds.
    opening: float
    reconnect: ReconnectOptions


class UplinkListener(Protocol):
    def hello(self) -> dict[str, Any]:
        """Returns the fields of the hello of a new connection."""

    def welcomed(self, welcome: Message) -> None: ...

    def received(self, message: Message | CompactSync) -> None: ...

    def lost(self, is_faulty: bool) -> None:
        """The connection is lost, and another is being opened. `is_faulty`: a message could not be decoded or applied."""

    def ended(self, error: HoldfastError) -> None:
        """No further connection is opened."""


@dataclass(slots=True)
class _Loss:
    """The end of a connection or of an attempt."""

    error: HoldfastError
    was_open: bool = False
    is_faulty: bool = False
    is_final: bool = False
    #: The server has sent a refusal that allows another attempt.
    is_refusal: bool = False


class Uplink:
    def __init__(self, options: UplinkOptions, listener: UplinkListener):
        self._options = options
        self._listener = listener
        self._socket: WebSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._gateway = 0
        self._attempt = 0
        self._was_welcome = False
        #: The last refusal of the first connection that allows another attempt.
        self._refusal: HoldfastError | None = None
        self._faults = 0
        self._faulty_at = 0.0
        #: Why the current connection is replaced. Empty: it is not.
        self._fault = ""
        self._search = SearchTime()
        self._give_up = GIVE_UP_DEFAULT
        self._heartbeat = _Heartbeat(self._ping, self._abort)
        self._probe_timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._attempt = 0
        self._refusal = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def is_probing(self) -> bool:
        """True from a probe until its answer, or until the connection is replaced."""
        return self._probe_timer is not None

    @property
    def is_congested(self) -> bool:
        return self._socket is not None and self._socket.is_congested

    def send(self, frame: bytes) -> bool:
        """Sends a frame. Returns False when there is no open connection."""
        if self._socket is None:
            return False
        self._heartbeat.has_sent = True
        self._socket.send(frame)
        return True

    def probe(self) -> None:
        """Pings the connection, and replaces it when nothing arrives within some seconds."""
        if self._socket is not None and self._probe_timer is None:
            self._probe_timer = asyncio.get_running_loop().call_later(_PROBE, self._abort)
            self._ping(0)

    def faulty(self, reason: str) -> None:
        """Replaces a connection whose messages cannot be applied, after a growing pause."""
        self._fault = self._fault or reason
        self._abort()

    def stop(self, last: bytes | None = None) -> None:
        """Closes the connection and opens no other. `last`: a frame to send before."""
        if last is not None:
            self.send(last)
        socket, self._socket = self._socket, None
        self._quiet()
        if socket is not None:
            socket.close()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        self._search.begin()
        while True:
            loss = await self._connection(self._options.urls[self._gateway])
            delay = self._delay_after(loss)
            if isinstance(delay, HoldfastError):
                self._listener.ended(delay)
                return
            if loss.was_open:
                self._listener.lost(loss.is_faulty)
            await asyncio.sleep(delay)
            self._search.tried(delay)

    async def _connection(self, url: str) -> _Loss:
        """Opens a connection and reads from it until it is over."""
        self._fault = ""
        socket: WebSocket | None = None
        is_open = False
        try:
            async with asyncio.timeout(self._options.welcome):
                socket = await WebSocket.open(url, SUBPROTOCOLS, self._options.tls)
                socket.send(encode_hello(self._listener.hello()))
                first = await self._first_message(socket)
            if isinstance(first, _Loss):
                return first
            self._socket = socket
            is_open = True
            self._welcomed(first)
            await _yield_turns()
            return await self._read(socket)
        except TimeoutError:
            return _Loss(_unavailable(f"{url} has sent no welcome within {self._options.welcome} s."))
        except OSError as error:
            if self._fault:
                return self._fault_of(self._fault, is_open)
            return _Loss(_unavailable(f"{url}: {error}"), was_open=is_open)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # A frame is malformed, or a message lacks a field.
            return self._fault_of(f"{url}: {error!r}", is_open)
        finally:
            self._socket = None
            self._quiet()
            if socket is not None:
                socket.close()

    async def _first_message(self, socket: WebSocket) -> Message | _Loss:
        """Returns the welcome, or the loss after a refusal."""
        while True:
            message = decode_message(await socket.receive())
            if message is None:
                continue
            if message["kind"] == "goodbye":
                return self._goodbye(message, False)
            if message["kind"] == "error":
                return _Loss(HoldfastError.of(message), is_final=True)
            if message["kind"] == "welcome":
                return message

    def _welcomed(self, welcome: Message) -> None:
        self._attempt = 0
        self._was_welcome = True
        self._refusal = None
        kept_ms = welcome.get("sessionMs")
        kept = kept_ms / 1_000 if isinstance(kept_ms, (int, float)) else GIVE_UP_DEFAULT
        self._give_up = kept if self._options.reconnect.give_up is None else self._options.reconnect.give_up
        self._heartbeat.start(welcome["pingMs"] / 1_000)
        self._listener.welcomed(welcome)

    async def _read(self, socket: WebSocket) -> _Loss:
        while True:
            frame = await socket.receive()
            self._heartbeat.silent_beats = 0
            self._stop_probe()
            message = decode_compact(frame) if frame[:1] == bytes((COMPACT_KIND,)) else decode_message(frame)
            if isinstance(message, dict) and message["kind"] == "goodbye":
                return self._goodbye(message, True)
            if message is not None:
                self._listener.received(message)
            if self._fault:
                return self._fault_of(self._fault, True)
            await _yield_turns()

    def _goodbye(self, goodbye: Message, was_open: bool) -> _Loss:
        error = HoldfastError.of({**goodbye, "message": goodbye.get("reason")})
        error.retry = error.code in RETRY_CODES or error.retry_after_ms is not None
        return _Loss(error, was_open=was_open, is_final=not error.retry, is_refusal=True)

    def _fault_of(self, reason: str, was_open: bool) -> _Loss:
        """Counts a fault. After too many of them, the session ends."""
        now = time.monotonic()
        if now - self._faulty_at > _FAULT_FREE:
            self._faults = 0
        self._faulty_at = now
        self._faults += 1
        error = HoldfastError("sync-failed", f"The client repeatedly could not decode or apply what the server sent ({reason}).")
        return _Loss(error, was_open=was_open, is_faulty=True, is_final=self._faults > _FAULTS_MAX)

    def _delay_after(self, loss: _Loss) -> float | HoldfastError:
        """Returns the pause before the next attempt in seconds, or the error with which the session ends."""
        options, error = self._options, loss.error
        if loss.is_final:
            return error
        if loss.was_open:
            self._search.begin()
        else:
            self._search.tried(options.welcome)
        if loss.is_refusal and not self._was_welcome:
            self._refusal = error
        tries, gateways = self._attempt, len(options.urls)
        self._attempt += 1
        self._gateway = (self._gateway + 1) % gateways
        named = None if error.retry_after_ms is None else error.retry_after_ms / 1_000
        wait = named or 0.0
        if named is None and self._refusal is not None:
            wait = (self._refusal.retry_after_ms or 0) / 1_000
        if not self._was_welcome:
            if self._attempt < gateways:
                return 0.0
            # A refusal says more about the cause than the silence of another gateway.
            if self._refusal is None:
                return error
            if self._search.seconds + wait > options.opening:
                return self._refusal
        elif self._search.seconds > self._give_up:
            return error
        growing = retry_delay(tries, gateways, options.reconnect, random.random())
        if loss.is_faulty:
            growing = max(growing, retry_delay(self._faults - 1, 1, options.reconnect, random.random()))
        # A gateway that shuts down names the time for the first attempt. Later attempts use the usual pauses.
        if named is not None and tries == 0:
            return named + random.random() * _SPREAD
        return max(wait, growing)

    def _ping(self, nonce: int) -> None:
        self.send(encode_ping(nonce))

    def _abort(self) -> None:
        if self._socket is not None:
            self._socket.abort()

    def _stop_probe(self) -> None:
        if self._probe_timer is not None:
            self._probe_timer.cancel()
            self._probe_timer = None

    def _quiet(self) -> None:
        """Stops everything that belongs to the current connection."""
        self._heartbeat.stop()
        self._stop_probe()


class _Heartbeat:
    """Detects a dead connection.

    Pings when nothing was sent or nothing was received for the period that the server names. Calls `dead` when nothing
    was received for twice this period.
    """

    def __init__(self, ping: Callable[[int], None], dead: Callable[[], None]):
        self._ping = ping
        self._dead = dead
        self._timer: asyncio.TimerHandle | None = None
        self._period = 0.0
        self._nonce = 0
        self.silent_beats = 0
        self.has_sent = False

    def start(self, period: float) -> None:
        self.stop()
        self._period = period
        self.silent_beats = 0
        self.has_sent = True
        self._schedule()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._period / 2, self._beat)

    def _beat(self) -> None:
        self._schedule()
        self.silent_beats += 1
        if self.silent_beats > 4:
            self._dead()
            return
        is_due = not self.has_sent or self.silent_beats > 1
        self.has_sent = False
        if is_due:
            self._nonce = (self._nonce + 1) % 2**32
            self._ping(self._nonce)


async def _yield_turns() -> None:
    """Lets tasks that await a message go on before the next message is handled, so that they can add listeners in time.

    A task that awaits a match is two tasks away from the message.
    """
    for _ in range(3):
        await asyncio.sleep(0)


def _unavailable(reason: str) -> HoldfastError:
    return HoldfastError("unavailable", reason, retry=True)
