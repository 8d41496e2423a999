"""Plays tic-tac-toe: takes the first free cell whenever it is its turn.

Run: python3 clients/python/examples/tic_tac_toe.py ws://127.0.0.1:7000/play [more gateways …] --name Ada
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from holdfast import HoldfastError, Room, Session, connect  # noqa: E402

GAME = "tic-tac-toe"


async def play(urls: list[str], name: str, way: str, think: float, tls: ssl.SSLContext | None) -> None:
    async with await connect(urls, name=name, tls=tls) as session:
        session.on("status", lambda status: print(f"connection {status}", flush=True))
        room = await WAYS[way](session)
        room.on("pause", lambda reason: print(f"paused {reason}", flush=True))
        await room.wait_for(lambda room: room.state is not None)
        print(f"room {room.id} seat {room.seat}", flush=True)
        while True:
            await room.wait_for(is_my_turn_or_over)
            if room.status in ("ended", "left"):
                break
            await asyncio.sleep(think)
            # The own move may have ended the game, which the state does not show.
            if room.status != "playing":
                continue
            cell = board_of(room)["cells"].index(None)
            try:
                await room.send("place", {"cell": cell})
                print(f"placed {cell}", flush=True)
            except HoldfastError as error:
                print(f"refused {error.code}", flush=True)
        print(f"cells {json.dumps(board_of(room)['cells'])}")
        print(f"result {json.dumps(room.result)}", flush=True)


async def search(session: Session) -> Room:
    return await session.quick_match(GAME)


async def host(session: Session) -> Room:
    """Creates a room, and starts the game when another player is in it and ready."""
    room = await session.create_room(GAME, name=f"Room of {session.name}")
    print(f"created {room.id}", flush=True)
    await room.wait_for(lambda room: any(member["ready"] for member in room.view["members"] if member["user"] != session.user))
    await room.start()
    return room


async def join(session: Session) -> Room:
    """Joins the first room of the list, as soon as there is one."""
    while not (rooms := await session.rooms(game=GAME, filter={"status": "waiting", "free": {"min": 1}})):
        await asyncio.sleep(0.5)
    room = await session.join_room(rooms[0]["id"])
    await room.ready()
    return room


WAYS = {"match": search, "host": host, "join": join}


def board_of(room: Room) -> dict[str, Any]:
    assert isinstance(room.state, dict)
    return room.state


def is_my_turn_or_over(room: Room) -> bool:
    return room.status in ("ended", "left") or (room.status == "playing" and board_of(room)["turn"] == room.seat)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Plays one game of tic-tac-toe.")
    parser.add_argument("urls", nargs="+", help="one or more gateways, such as ws://127.0.0.1:7000/play")
    parser.add_argument("--name", default="Python")
    parser.add_argument("--room", choices=WAYS, default="match", help="search for a match, host a room, or join one")
    parser.add_argument("--think-ms", type=float, default=200, help="wait this long before each move")
    parser.add_argument("--certificate", help="trust the wss:// gateway with this certificate")
    options = parser.parse_args()
    context = ssl.create_default_context(cafile=options.certificate) if options.certificate else None
    asyncio.run(play(options.urls, options.name, options.room, options.think_ms / 1_000, context))
