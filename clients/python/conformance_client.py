"""The client under test of `npm run conformance`: conformance/README.md describes its lines on stdin and stdout.

Run: npm run conformance -- --client "python3 clients/python/conformance_client.py"
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from holdfast import Credentials, HoldfastError, Room, Session, connect  # noqa: E402


class ConformanceClient:
    def __init__(self, urls: list[str]):
        self.urls = urls
        self.session: Session | None = None

    async def act(self, line: dict[str, Any]) -> Any:
        """Does what the line says, and returns its result."""
        what = line["do"]
        if what == "connect":
            return await self.connect(line)
        session = self.opened
        if what == "request":
            return await session.request(line["operation"], line.get("data"))
        if what == "command":
            await self.room.send(line["name"], line.get("data"))
        elif what == "input":
            return self.room.hold_input(line["data"])
        elif what == "close":
            session.close()
        elif what == "detach":
            session.detach()
        else:
            raise HoldfastError("bad-data", f"There is no {what!r}.")
        return None

    @property
    def opened(self) -> Session:
        if self.session is None:
            raise HoldfastError("hello-first", "Send a line with connect first.")
        return self.session

    @property
    def room(self) -> Room:
        if self.opened.room is None:
            raise HoldfastError("not-in-room")
        return self.opened.room

    async def connect(self, line: dict[str, Any]) -> dict[str, Any]:
        known = Credentials(line["session"], line["secret"]) if "session" in line else None
        session = await connect(self.urls, name=line.get("name"), token=line.get("token"), credentials=known)
        self.session = session
        session.on("status", lambda status: say(event="status", status=status))
        session.on("closed", lambda error: say(event="closed", code=error and error.code))
        session.on("room", lambda room: self.watch(room) if room else say(event="room", room=None))
        if session.room is not None:
            self.watch(session.room)
        return {"session": session.id, "user": session.user, "name": session.name}

    def watch(self, room: Room) -> None:
        say(event="room", room=room.id)
        room.on("view", lambda view: say(event="view", view=view))
        room.on("placed", lambda _: say(event="placed", room=room.id, seat=room.seat, round=room.round, players=room.players))
        room.on("players", lambda players: say(event="players", players=players))
        room.on("sync", lambda sync: say(event="state", version=sync.version, state=sync.state, time=sync.time, input=sync.input))
        room.on("event", lambda name, data, version: say(event="event", version=version, name=name, data=data))
        room.on("missed", lambda: say(event="missed"))
        room.on("rewound", lambda first, last: say(event="rewound", **{"from": first, "to": last}))
        room.on("pause", lambda reason: say(event="paused", reason=reason))
        room.on("resume", lambda reason: say(event="resumed", reason=reason))
        room.on("end", lambda result: say(event="ended", **result))
        room.on("left", lambda reason: say(event="left", reason=reason))


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


async def answer(client: ConformanceClient, line: dict[str, Any]) -> None:
    try:
        say(id=line["id"], result=await client.act(line))
    except HoldfastError as error:
        say(id=line["id"], error={"code": error.code, "message": error.message})


async def main() -> None:
    client = ConformanceClient(sys.argv[1:])
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(answer(client, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main())
