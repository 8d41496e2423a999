"""Steers a ship of the arena: it flies towards the nearest other ship, and shoots when that ship is ahead.

Run: python3 clients/python/examples/arena.py ws://127.0.0.1:7000/play [more gateways …] --name Ada --seconds 20
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from holdfast import Room, connect  # noqa: E402
from holdfast.room import Sync  # noqa: E402

#: Direction 0 points right, and the numbers grow clockwise.
DIRECTIONS = 128
GONE = 0


async def fly(urls: list[str], name: str, seconds: float) -> None:
    async with await connect(urls, name=name) as session:
        session.on("status", lambda status: print(f"connection {status}", flush=True))
        room = await session.quick_match("arena")
        room.on("pause", lambda reason: print(f"paused {reason}", flush=True))
        room.on("rewound", lambda first, last: print(f"rewound {first} {last}", flush=True))
        room.on("sync", lambda sync: steer(room, sync))
        print(f"room {room.id}", flush=True)
        try:
            await room.wait_for(lambda room: room.status in ("ended", "left"), timeout=seconds)
        except TimeoutError:
            pass
        print(f"result {room.result}", flush=True)


def steer(room: Room, sync: Sync) -> None:
    """Decides after each state what to hold down, and prints the own ship once per second."""
    state: Any = sync.state
    own = next((ship for ship in state["ships"] if ship["seat"] == room.seat), None)
    if own is None:
        return
    if state["step"] % 20 == 0:
        print(f"step {state['step']} input {sync.input} x {own['x']} y {own['y']} fired {own['fired']}", flush=True)
    others = [ship for ship in state["ships"] if ship is not own and ship["status"] != GONE]
    if not others or own["status"] == GONE:
        room.hold_input({"turn": 0, "thrust": True, "fire": False})
        return
    target = min(others, key=lambda ship: math.hypot(ship["x"] - own["x"], ship["y"] - own["y"]))
    off = direction_off(own, target)
    room.hold_input({"turn": 0 if abs(off) <= 2 else int(math.copysign(1, off)), "thrust": True, "fire": abs(off) < 5})


def direction_off(own: dict[str, Any], target: dict[str, Any]) -> float:
    """Returns by how many directions the ship must turn to look at the target: from -64 to 64, negative to the left."""
    angle = math.atan2(target["y"] - own["y"], target["x"] - own["x"])
    off: float = (angle / math.tau * DIRECTIONS - own["heading"]) % DIRECTIONS
    return off - DIRECTIONS if off > DIRECTIONS / 2 else off


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Steers a ship of the arena.")
    parser.add_argument("urls", nargs="+", help="one or more gateways, such as ws://127.0.0.1:7000/play")
    parser.add_argument("--name", default="Python")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    asyncio.run(fly(options.urls, options.name, options.seconds))
