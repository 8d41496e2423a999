"""A logged-in player."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .codec import Message, encode_bye
from .compact_sync import CompactSync
from .emitter import Emitter, Listener
from .errors import HoldfastError
from .plain import Plain
from .requests import Requests, until_answered
from .room import Room, RoomLine
from .uplink import Uplink, UplinkOptions

Status = Literal["connecting", "open", "reconnecting", "closed"]

#: Attempts to find out where the player is after an answer was lost.
_LOST_TRIES_MAX = 3
_GAME_KINDS = frozenset(("sync", "players", "paused", "resumed", "ended"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What resumes a session. Each connection replaces the secret: the event `credentials` has the new ones."""

    session: str
    secret: str


@dataclass(slots=True)
class _Search:
    """A search for a match. It ends when the session enters another room of its game."""

    wish: dict[str, Any]
    #: The room in which the search began.
    before: str | None
    found: asyncio.Future[Room]
    #: The ticket at the server. None: not known yet.
    ticket: str | None = None
    #: The number of requests for this search, and of those without an answer.
    finds: int = 0
    unanswered: int = 0

    def fail(self, error: BaseException) -> None:
        if not self.found.done():
            self.found.set_exception(error)


class Session:
    """A session survives its connections: when one is lost, the client opens another, at the next gateway. `connect` creates it.

    Events, each with the arguments of its listeners: `status` (status), `room` (Room or None), `match` (dict), `chat` (dict),
    `rooms` (dict), `error` (HoldfastError) for a message of this client without an id that was refused, `credentials`
    (Credentials), and `closed` (HoldfastError or None). Dicts have the fields of docs/protocol.md.
    """

    def __init__(self, options: UplinkOptions, login: dict[str, str], known: Credentials | None):
        self.id = ""
        self.user = ""
        self.name = ""
        self.status: Status = "connecting"
        #: The room of the player. None: the player is in no room.
        self.room: Room | None = None
        self.credentials = known

        self._login = login
        self._emitter = Emitter()
        self._uplink = Uplink(options, self)
        self._requests = Requests(self._uplink.send)
        self._search: _Search | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        #: The room of the last `placed` on this connection, to which compact syncs belong.
        self._placed_room: str | None = None
        self._room_changes = 0
        self._opened: asyncio.Future[None] | None = None

    async def open(self) -> None:
        self._opened = asyncio.get_running_loop().create_future()
        self._uplink.start()
        try:
            await self._opened
        except asyncio.CancelledError:
            self.detach()
            raise

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def on(self, event: str, listener: Listener) -> Callable[[], None]:
        """Adds a listener of one of the events of this class. Returns a function that removes it."""
        return self._emitter.on(event, listener)

    async def request(self, operation: str, data: Plain = None, extra: float = 0.0) -> Any:
        """Sends one of the requests of docs/protocol.md and returns the data of its response. Raises HoldfastError."""
        if self.status == "closed":
            raise HoldfastError("session-unknown", "This session is closed.")
        result = await self._requests.ask(operation, data, extra)
        # A view in a response may arrive before the same view as a message.
        view = result.get("room") if isinstance(result, dict) else None
        if isinstance(view, dict) and self.room is not None and view.get("id") == self.room.id:
            self.room.look(view)
        return result

    async def games(self) -> list[dict[str, Any]]:
        games: list[dict[str, Any]] = (await self.request("games.list"))["games"]
        return games

    async def rooms(self, **query: Any) -> list[dict[str, Any]]:
        """Returns public rooms. `query`: `game`, `limit`, `filter`, `sort`."""
        rooms: list[dict[str, Any]] = (await self.request("rooms.list", query))["rooms"]
        return rooms

    async def create_room(self, game: str, **settings: Any) -> Room:
        return await self._enter_by("rooms.create", {"game": game, **settings})

    async def join_room(self, room: str | None = None, **address: Any) -> Room:
        """Joins a room by its id, or with `code=`; `password=` if it has one."""
        return await self._enter_by("rooms.join", {**({} if room is None else {"room": room}), **address})

    async def watch_room(self, room: str | None = None, **address: Any) -> Room:
        return await self._enter_by("rooms.watch", {**({} if room is None else {"room": room}), **address})

    async def quick_match(self, game: str, **conditions: Any) -> Room:
        """Searches for a match, also over several connections, and returns its room.

        Raises HoldfastError `not-searching` when the server ends the search without a match. When the task is cancelled, the
        search is cancelled at the server; the event `room` reports a match that was made before.
        """
        if self._search is not None:
            raise HoldfastError("busy", "You are already searching for a match. Cancel that search first.", retry=True)
        before = None if self.room is None else self.room.id
        search = _Search({"game": game, **conditions}, before, asyncio.get_running_loop().create_future())
        self._search = search
        self._find(search)
        try:
            return await search.found
        except asyncio.CancelledError:
            self._search = None
            if self.status != "closed":
                self._spawn(self._where_now(None))
            raise
        finally:
            self._search = None

    def close(self) -> None:
        """Ends the session, and gives up its seat."""
        if self.status != "closed":
            self._uplink.stop(encode_bye())
            self._over(None)

    def detach(self) -> None:
        """Closes the connection. The session can be resumed with its credentials."""
        if self.status != "closed":
            self._uplink.stop()
            self._over(None)

    # ── The connection ──────────────────────────────────────────────────────────────────────────────────────────

    def hello(self) -> dict[str, Any]:
        if self.credentials is None:
            return dict(self._login)
        fields: dict[str, Any] = {"session": self.credentials.session, "secret": self.credentials.secret}
        room = self.room
        if room is not None and room.is_in_play and room.version >= 0:
            fields |= {"room": room.id, "round": room.round, "version": room.version, "epoch": room.version_epoch}
        return fields

    def welcomed(self, welcome: Message) -> None:
        self.id, self.user, self.name = welcome["session"], welcome["user"], welcome["name"]
        self.credentials = Credentials(welcome["session"], welcome["secret"])
        self._emitter.emit("credentials", self.credentials)
        self._become("open")
        self._requests.repeat()
        if self._search is not None:
            self._spawn(self._search_again(self._search))
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def lost(self, is_faulty: bool) -> None:
        self._become("reconnecting")
        self._placed_room = None
        self._requests.lost()
        if self.room is not None:
            self.room.detached(is_faulty)

    def ended(self, error: HoldfastError) -> None:
        is_first = self._opened is not None and not self._opened.done()
        # The session of an earlier run may have expired. With a name or a token, the player starts a new one.
        if is_first and error.code == "session-unknown" and self.credentials is not None and self._login:
            self.credentials = None
            self._uplink.start()
            return
        self._over(error)

    def _over(self, error: HoldfastError | None) -> None:
        reason = error or HoldfastError("session-unknown", "The session was closed.")
        self._become("closed")
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(reason)
        self._requests.fail_all(reason)
        if self._search is not None:
            self._search.fail(reason)
        self._leave(reason.code, reason)
        self._emitter.emit("closed", error)

    def _become(self, status: Status) -> None:
        if self.status != status:
            self.status = status
            self._emitter.emit("status", status)

    # ── Messages ────────────────────────────────────────────────────────────────────────────────────────────────

    def received(self, message: Message | CompactSync) -> None:
        if isinstance(message, CompactSync):
            if self.room is not None and self._placed_room == self.room.id:
                self.room.take(message)
            return
        kind = message["kind"]
        if kind == "response":
            self._requests.answered(message)
        elif kind == "room":
            if message["room"] is None:
                self._leave(message.get("reason"))
            else:
                self._enter(message["room"])
        elif kind == "placed":
            self._placed_room = message["room"]
            self._room_of(message["room"], message["game"]).take(message)
        elif kind == "rejected":
            if self.room is not None:
                self.room.take(message)
        elif kind in _GAME_KINDS:
            if self.room is not None and message["room"] == self.room.id:
                self.room.take(message)
        elif kind == "match":
            self._take_match(message)
        elif kind == "error":
            self._emitter.emit("error", HoldfastError.of(message))
        elif kind in ("chat", "rooms"):
            self._emitter.emit(kind, message)

    def _enter(self, view: Message) -> Room:
        """Makes the room of this view the current room, and returns it."""
        room = self.room
        if room is None or room.id != view["id"]:
            room = self._change_to(view)
        room.look(view)
        search = self._search
        if search is not None and search.wish["game"] == view["game"] and search.before != view["id"] and not search.found.done():
            search.found.set_result(room)
        return room

    def _leave(self, reason: str | None, error: HoldfastError | None = None) -> None:
        room = self.room
        if room is not None:
            room.quit(reason, error)
            self._forget(room)

    def _room_of(self, room_id: str, game: str) -> Room:
        """Returns the room with this id. A `placed` may arrive before the lobby's view of the room."""
        if self.room is not None and self.room.id == room_id:
            return self.room
        return self._change_to(
            {"id": room_id, "game": game, "name": "", "status": "playing", "rev": -1, "owner": "", "seats": 0, "members": []}
        )

    def _change_to(self, view: Message) -> Room:
        uplink = self._uplink
        room = Room(
            view,
            RoomLine(
                send=uplink.send,
                is_congested=lambda: uplink.is_congested,
                request=self.request,
                resync=uplink.faulty,
                probe=uplink.probe,
                is_probing=lambda: uplink.is_probing,
            ),
        )
        before, self.room = self.room, room
        self._room_changes += 1
        if before is not None:
            before.quit("other-room")
        room.on("left", lambda _: self._forget(room))
        self._emitter.emit("room", room)
        return room

    def _forget(self, room: Room) -> None:
        if self.room is room:
            self.room = None
            self._room_changes += 1
            self._emitter.emit("room", None)

    # ── Entering a room ─────────────────────────────────────────────────────────────────────────────────────────

    async def _enter_by(self, operation: str, data: dict[str, Any]) -> Room:
        """Enters a room. When the answer is lost, the session first finds out whether the player is in the room."""
        before = None if self.room is None else self.room.id
        try:
            return self._enter((await self.request(operation, data))["room"])
        except HoldfastError as error:
            if error.code != "server-lost":
                raise
            try:
                room = await self._where_now(_LOST_TRIES_MAX)
            except HoldfastError:
                raise error from None
            wanted = data.get("room")
            if room is not None and (room.id == wanted if wanted else room.id != before):
                return room
            raise

    async def _where_now(self, tries_max: int | None) -> Room | None:
        """Returns the room of the player, once no earlier request can change it any more."""

        async def ask() -> tuple[Room | None, str | None]:
            try:
                await self.request("match.cancel")
            except HoldfastError as error:
                # The server has executed a later request, so no earlier one can take effect any more.
                if error.code != "overtaken":
                    raise
            return await self._enter_current()

        room, _ = await until_answered(ask, tries_max)
        if room is None and self._search is not None:
            self._find(self._search)
        return room

    async def _enter_current(self) -> tuple[Room | None, str | None]:
        """Asks where the player is, and enters that room. Asks again when the player has changed the room meanwhile."""
        while True:
            changes = self._room_changes
            me = await self.request("me")
            if changes == self._room_changes:
                return (None if me["room"] is None else self._enter(me["room"])), me["searching"]

    # ── Matchmaking ─────────────────────────────────────────────────────────────────────────────────────────────

    def _find(self, search: _Search) -> None:
        search.finds += 1
        search.unanswered += 1
        self._spawn(self._await_find(search, search.finds))

    async def _await_find(self, search: _Search, number: int) -> None:
        try:
            answer = await self.request("match.find", search.wish)
        except HoldfastError as error:
            search.unanswered -= 1
            # After a lost connection the client asks the server, when it is connected, whether it has the search.
            if error.code != "server-lost" and search.finds == number:
                search.fail(error)
            return
        search.unanswered -= 1
        if self._search is not search:
            return
        if answer.get("room") is not None:
            self._enter(answer["room"])
        else:
            search.ticket = answer.get("ticket")

    def _take_match(self, message: Message) -> None:
        search = self._search
        is_end = message.get("event") in ("cancelled", "expired")
        if is_end and search is not None and search.ticket == message.get("ticket"):
            search.ticket = None
            if message.get("reason") == "lost":
                self._find(search)
            else:
                search.fail(HoldfastError("not-searching", f"The search for a match has ended: {message.get('reason')}."))
        self._emitter.emit("match", message)

    async def _search_again(self, search: _Search) -> None:
        """Compares the search with the server after a new connection."""
        if search.unanswered > 0:
            return
        try:
            room, searching = await until_answered(self._enter_current)
        except HoldfastError as error:
            search.fail(error)
            return
        if room is None and searching is None and self._search is search and search.unanswered == 0:
            self._find(search)

    def _spawn(self, work: Any) -> None:
        """Runs work in the background. Its refusals are reported where they matter."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

        def done(finished: asyncio.Task[Any]) -> None:
            self._tasks.discard(finished)
            error = None if finished.cancelled() else finished.exception()
            if error is not None and not isinstance(error, HoldfastError):
                asyncio.get_running_loop().call_exception_handler({"message": "The client failed.", "exception": error})

        task.add_done_callback(done)
