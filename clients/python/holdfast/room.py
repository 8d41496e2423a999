"""A room, and the game that is played in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from .codec import Message
from .compact_sync import CompactSync
from .emitter import Emitter, Listener
from .errors import HoldfastError
from .held_input import HeldInput
from .json_patch import PatchError, apply_patches
from .outbox import Outbox
from .plain import Plain
from .state_patch import StatePatchError
from .sync_time import SyncTime

Status = Literal["waiting", "starting", "playing", "paused", "ended", "left"]

#: The lobby and the server of the game both report the end of a game, and only the second knows the result. The room waits
#: this long for it, in seconds.
_ENDED_GRACE = 0.5
#: After this time without an answer to a command the connection is probed; after twice this time the command is repeated.
_ANSWER = 1.5
#: Delay before the commands after a refused one are repeated, in seconds. By then all of them are answered.
_AGAIN = 0.02


@dataclass(frozen=True, slots=True)
class RoomLine:
    """The part of a session that its room uses."""

    send: Callable[[bytes], bool]
    is_congested: Callable[[], bool]
    request: Callable[[str, Plain, float], Awaitable[Any]]
    #: Reports that a sync does not fit. The session then asks for the whole state over a new connection.
    resync: Callable[[str], None]
    probe: Callable[[], None]
    is_probing: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Sync:
    """A new state. `time`: the room time in ms. `input`: the number of the latest own input that the state contains."""

    version: int
    state: Plain
    time: float | None
    input: int | None


class Room:
    """A room of this player. `Session` creates it.

    Events, each with the arguments of its listeners:

    `change` (state): the state is another one. `sync` (Sync): a sync was applied, also one without a change.
    `event` (name, data, version): an event of the game, once and in order. `missed` (): events are lost, because the player was
    away for too long. `placed` (room): a game runs, or goes on over a new connection. `players` (list): a seat was taken.
    `pause` (reason) and `resume` (reason): the game has no server at the moment, and goes on. `rewound` (first, last): the
    versions after `last` are undone. `end` (result): a dict with `reason` and `result`. `view` (view): the lobby reports a
    change of the room. `left` (reason): the player is not in this room any more.
    """

    def __init__(self, view: Message, line: RoomLine):
        #: The lobby's view of the room: a dict with `members`, `owner`, `status` and so on.
        self.view = view
        self.status: Status = _phase_of(view)
        #: The state as this player may see it. Treat it as constant: the next state shares parts with it.
        self.state: Plain = None
        #: The version of the state. -1: there is none yet.
        self.version = -1
        #: The seat of this player, from 0. None: a spectator.
        self.seat: int | None = None
        self.players: list[dict[str, Any]] = []
        #: How the last game ended: a dict with `reason` and `result`.
        self.result: dict[str, Any] | None = None
        #: The number of the game in this room, and the epoch under which `version` came.
        self.round = 0
        self.version_epoch = 0

        self._line = line
        self._emitter = Emitter()
        self._outbox = Outbox()
        self._input = HeldInput(self._send_input)
        self._sync_time = SyncTime()
        self._epoch = 0
        #: The last reported rewind: the epoch of the version that was undone, and the version to which the game went back.
        self._rewind = (0, -1)
        #: The version up to which events were emitted.
        self._event_version = -1
        #: Whether commands can be sent: from the `placed` of this connection to the next pause.
        self._is_attached = False
        #: Whether the last `placed` came from a server that has been replaced.
        self._is_from_old_owner = False
        #: Whether the lobby has reported `waiting` since the last game began.
        self._is_back_in_lobby = False
        self._ended_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._again_timer: asyncio.TimerHandle | None = None
        self._again_from: int | None = None
        self._watchers: set[Callable[[], None]] = set()

    @property
    def id(self) -> str:
        return str(self.view["id"])

    @property
    def game(self) -> str:
        return str(self.view["game"])

    @property
    def is_in_play(self) -> bool:
        return self.status in ("playing", "paused")

    @property
    def unanswered(self) -> int:
        """The number of commands without an answer."""
        return len(self._outbox)

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Adds a listener of one of the events of this class. Returns a function that removes it."""
        return self._emitter.on(event, listener)

    def send(self, name: str, data: Plain = None) -> asyncio.Future[None]:
        """Sends a command to the game at once. The future settles with its answer: None, or a HoldfastError.

        The command is applied exactly once, or refused, also when connections and servers are lost meanwhile.
        """
        if self.status == "left":
            raise HoldfastError("not-in-room")
        if self.status == "ended":
            raise HoldfastError("game-ended")
        if not self.is_in_play:
            raise HoldfastError("room-not-playing")
        if self.seat is None:
            raise HoldfastError("spectator")
        seq, answer = self._outbox.add(name, data)
        self._send_from(seq)
        self._await_answers(False)
        return answer

    def hold_input(self, data: Plain) -> int | None:
        """Says what the player holds down, in games with steps. Returns the number of the input.

        Call it for each change, at most once per step of the game. The room repeats the input once per second and after an
        interruption. None: the game does not run, and the input is sent when it goes on.
        """
        return self._input.hold(data)

    async def ready(self, is_ready: bool = True) -> None:
        self.look((await self._line.request("rooms.ready", {"ready": is_ready}, 0))["room"])

    async def rematch(self) -> None:
        self.look((await self._line.request("rooms.rematch", None, 0))["room"])

    async def start(self, wait: float = 0.0) -> None:
        """Starts the game, for the host. `wait`: how long to wait for a free server, in seconds."""
        data = {"waitMs": round(wait * 1_000)} if wait > 0 else {}
        self.look((await self._line.request("rooms.start", data, wait))["room"])

    async def leave(self) -> None:
        await self._line.request("rooms.leave", None, 0)
        self.quit("left")

    async def wait_for(self, predicate: Callable[[Room], bool], timeout: float | None = None) -> Room:
        """Waits until `predicate(room)` is true. Raises TimeoutError after `timeout` seconds, or when the player leaves the room."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def look() -> None:
            if done.done():
                return
            try:
                if predicate(self):
                    done.set_result(None)
                elif self.status == "left":
                    done.set_exception(HoldfastError("not-in-room"))
            except Exception as error:
                done.set_exception(error)

        self._watchers.add(look)
        try:
            look()
            async with asyncio.timeout(timeout):
                await done
        finally:
            self._watchers.discard(look)
        return self

    # ── Input from the session ──────────────────────────────────────────────────────────────────────────────────

    def look(self, view: Message) -> None:
        """Takes a view of the room from the lobby. Older views are ignored."""
        if self.status == "left" or view["rev"] < self.view["rev"]:
            return
        self.view = view
        if view["status"] == "waiting":
            self._is_back_in_lobby = True
        if self.is_in_play:
            self._doubt_whether_in_play(view)
        elif self.status != "ended" or (self._is_back_in_lobby and view["status"] != "waiting"):
            # After a game, a view counts only once the lobby has reported `waiting`. An older one may still name that game.
            self.status = _phase_of(view)
        self._emitter.emit("view", view)
        self._updated()

    def take(self, frame: Message | CompactSync) -> None:
        """Takes a message of the game."""
        if self.status == "left":
            return
        if isinstance(frame, dict) and frame["kind"] == "placed":
            self._placed(frame)
        elif not self._is_from_old_owner:
            if isinstance(frame, CompactSync):
                self._compact(frame)
            else:
                self._take_message(frame)
        self._updated()

    def detached(self, is_faulty: bool) -> None:
        """The connection is lost. `is_faulty`: a message could not be applied, so the next hello asks for the whole state."""
        if is_faulty:
            self.version = -1
        self._is_attached = False
        self._is_from_old_owner = False
        self._pause("connection-lost")
        self._updated()

    def quit(self, reason: str | None, error: HoldfastError | None = None) -> None:
        if self.status == "left":
            return
        for timer in (self._ended_timer, self._answer_timer, self._again_timer):
            if timer is not None:
                timer.cancel()
        self._input.stop()
        self.status = "left"
        self._is_attached = False
        self._outbox.refuse_all(error or HoldfastError("not-in-room"))
        self._emitter.emit("left", reason)
        self._updated()

    def _take_message(self, frame: Message) -> None:
        kind = frame["kind"]
        if kind == "sync":
            self._sync(frame)
        elif kind == "players":
            self.players = frame["players"]
            self._emitter.emit("players", self.players)
        elif kind == "rejected":
            self._outbox.rejected(frame["seq"], HoldfastError.of(frame))
            # A gateway refused the command, so the room never received it, and has ignored the commands after it. They are
            # repeated with a `settled` that includes the refused one.
            if frame.get("retry") is True:
                self._send_soon_from(frame["seq"] + 1)
        elif kind == "paused":
            self._is_attached = False
            self._pause(frame["reason"])
        elif kind == "resumed":
            self._attach()
            self._resume(frame["reason"])
        elif kind == "ended":
            self._end(_result_of(frame))

    def _placed(self, frame: Message) -> None:
        self._is_from_old_owner = frame["epoch"] < self._epoch
        if self._is_from_old_owner:
            return
        self._cancel_doubt()
        if frame["round"] != self.round:
            self._end(self.view.get("lastResult") or {"reason": "abandoned"})
        if self.is_in_play:
            self._outbox.align(frame["seq"])
        else:
            self._begin(frame)
        self._epoch = frame["epoch"]
        self.round = frame["round"]
        self.seat = frame.get("seat")
        self.players = frame["players"]
        self._attach()
        if frame.get("rewound") is not None:
            self._rewound(frame["rewound"])
        if self.status == "paused":
            self._resume("placed")
        self.status = "playing"
        self._emitter.emit("placed", self)

    def _begin(self, frame: Message) -> None:
        self.result = None
        self._is_back_in_lobby = False
        self.state = None
        self.version = -1
        self._event_version = -1
        self._sync_time = SyncTime()
        self._input.stop()
        self._input = HeldInput(self._send_input)
        self._outbox.restart(frame["seq"], HoldfastError("game-ended"))
        self.status = "playing"

    def _rewound(self, rewind: dict[str, int]) -> None:
        """Reports a rewind once, although a server may repeat it until the new state arrives."""
        key = (self.version_epoch, rewind["to"])
        if self.version < 0 or self._rewind == key:
            return
        self._rewind = key
        self._event_version = min(self._event_version, rewind["to"])
        self._emitter.emit("rewound", rewind["from"], rewind["to"])

    # ── Syncs ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _compact(self, sync: CompactSync) -> None:
        try:
            state = sync.next(self.state, self.version)
        except StatePatchError as error:
            self._misfit(str(error))
            return
        time = self._sync_time.take(sync.version, sync.base, sync.time, sync.elapsed)
        self._input.sampled(sync.input)
        self._advance(state, sync.version, sync.seq, sync.base is None, sync.events, sync.missed, time, sync.input)

    def _sync(self, frame: Message) -> None:
        version, events = frame["version"], frame.get("events") or []
        is_whole = "patches" not in frame
        try:
            if is_whole:
                state = frame.get("state")
            elif frame.get("from") != self.version:
                raise PatchError(f"The sync leads from {frame.get('from')}, but the client has {self.version}.")
            else:
                state = apply_patches(self.state, frame["patches"])
        except (PatchError, AttributeError, TypeError) as error:
            self._misfit(str(error))
            return
        self._sync_time.take(version, frame.get("from"), None, None)
        self._advance(state, version, frame["seq"], is_whole, events, frame.get("missed") is True, None, None)

    def _misfit(self, reason: str) -> None:
        self.version = -1
        self._line.resync(f"a sync does not fit: {reason}")

    def _advance(
        self,
        state: Plain,
        version: int,
        seq: int,
        is_whole: bool,
        events: list[dict[str, Any]],
        is_missed: bool,
        time: float | None,
        input_number: int | None,
    ) -> None:
        before = self.state
        self.state, self.version, self.version_epoch = state, version, self._epoch
        if is_whole and version < self._event_version:
            # A whole state of an earlier version is the beginning of another history.
            self._event_version = -1
        self._outbox.settle(seq)
        if is_missed:
            self._emitter.emit("missed")
        self._emitter.emit("sync", Sync(version, state, time, input_number))
        if state is not before:
            self._emitter.emit("change", state)
        for event in events:
            if event["version"] > self._event_version:
                self._emitter.emit("event", event["name"], event.get("data"), event["version"])
        self._event_version = max(self._event_version, version)

    # ── Commands and inputs ─────────────────────────────────────────────────────────────────────────────────────

    def _attach(self) -> None:
        self._is_attached = True
        self._repeat()
        self._input.repeat()

    def _repeat(self) -> None:
        if self._is_attached:
            for frame in self._outbox.repeat():
                self._line.send(frame)

    def _send_from(self, seq: int) -> None:
        if self._is_attached:
            for frame in self._outbox.frames_from(seq):
                self._line.send(frame)

    def _send_soon_from(self, seq: int) -> None:
        """Schedules one repeat for a burst of refusals."""
        if self._again_from is not None:
            self._again_from = min(self._again_from, seq)
            return
        self._again_from = seq

        def again() -> None:
            first, self._again_from = self._again_from or 0, None
            self._send_from(first)

        self._again_timer = asyncio.get_running_loop().call_later(_AGAIN, again)

    def _send_input(self, frame: bytes) -> bool:
        if not self._is_attached or self.seat is None or self._line.is_congested():
            return False
        return self._line.send(frame)

    def _await_answers(self, is_probed: bool) -> None:
        """Probes the connection when a command has no answer: it is dead, or only the command was lost.

        When the probe is answered and the command is not, all commands are repeated.
        """
        oldest = self._outbox.oldest
        if oldest is None or self._answer_timer is not None:
            return

        def look() -> None:
            self._answer_timer = None
            is_unanswered = self._outbox.oldest == oldest
            is_waiting = is_unanswered and is_probed and self._line.is_probing()
            if is_unanswered and is_probed and not is_waiting:
                self._repeat()
            elif is_unanswered and not is_probed and self._is_attached:
                self._line.probe()
            self._await_answers(is_waiting or (is_unanswered and not is_probed))

        self._answer_timer = asyncio.get_running_loop().call_later(_ANSWER, look)

    # ── Phases ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _pause(self, reason: str) -> None:
        if self.status == "playing":
            self.status = "paused"
            self._emitter.emit("pause", reason)

    def _resume(self, reason: str) -> None:
        if self.status == "paused":
            self.status = "playing"
            self._emitter.emit("resume", reason)

    def _end(self, result: dict[str, Any]) -> None:
        self._cancel_doubt()
        if not self.is_in_play:
            return
        self.status = "ended"
        self._is_attached = False
        self._input.stop()
        self.result = result
        self._outbox.refuse_all(HoldfastError("game-ended", "The game ended before this command was answered."))
        self._emitter.emit("end", result)

    def _doubt_whether_in_play(self, view: Message) -> None:
        """Ends the game soon when the lobby reports that none is played, and no `ended` has arrived by then."""
        self._cancel_doubt()
        if view["status"] in ("playing", "starting"):
            return

        def end() -> None:
            self._end(view.get("lastResult") or {"reason": "abandoned"})
            self._updated()

        self._ended_timer = asyncio.get_running_loop().call_later(_ENDED_GRACE, end)

    def _cancel_doubt(self) -> None:
        if self._ended_timer is not None:
            self._ended_timer.cancel()
            self._ended_timer = None

    def _updated(self) -> None:
        for look in tuple(self._watchers):
            look()


def _phase_of(view: Message) -> Status:
    """A room counts as `playing` only after its `placed`. Until then a room with a game is `starting`."""
    return "starting" if view["status"] in ("starting", "playing") else "waiting"


def _result_of(frame: Message) -> dict[str, Any]:
    return {name: frame[name] for name in ("reason", "result", "message") if name in frame}
