"""Holds the decoders of this client against the conformance vectors. Run: python3 -m unittest discover clients/python/tests"""

import json
import sys
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(Path(__file__).parents[1]))

from holdfast.codec import (  # noqa: E402
    FrameError,
    decode_message,
    encode_bye,
    encode_command,
    encode_hello,
    encode_input,
    encode_ping,
    encode_request,
)
from holdfast.compact_sync import decode_compact  # noqa: E402
from holdfast.json_patch import apply_patches  # noqa: E402
from holdfast.plain import as_number  # noqa: E402
from holdfast.state_hash import hash_value  # noqa: E402
from holdfast.state_patch import StatePatchError, apply_patch, decode_value  # noqa: E402


def vectors(name: str) -> Any:
    return json.loads((ROOT / "conformance" / name).read_text("utf-8"), parse_int=lambda digits: as_number(float(digits)))


class Patches(unittest.TestCase):
    def test_applies_every_patch(self) -> None:
        for vector in vectors("patches.json")["patches"]:
            with self.subTest(vector["name"]):
                before = json.dumps(vector["before"])
                self.assertEqual(apply_patch(vector["before"], bytes.fromhex(vector["patch"])), vector["after"])
                self.assertEqual(json.dumps(vector["before"]), before)

    def test_decodes_every_value(self) -> None:
        for vector in vectors("patches.json")["values"]:
            self.assertEqual(decode_value(bytes.fromhex(vector["bytes"])), vector["value"])

    def test_computes_every_hash(self) -> None:
        for vector in vectors("patches.json")["hashes"]:
            self.assertEqual(hash_value(vector["value"]), vector["hash"])

    def test_refuses_patches_that_do_not_fit(self) -> None:
        for vector in vectors("patches.json")["refused"]:
            with self.subTest(vector["name"]), self.assertRaises(StatePatchError):
                apply_patch(vector["before"], bytes.fromhex(vector["patch"]))


class Syncs(unittest.TestCase):
    def test_applies_every_compact_sync(self) -> None:
        for vector in vectors("syncs.json")["syncs"]:
            with self.subTest(vector["name"]):
                sync = decode_compact(bytes.fromhex(vector["frame"]))
                fields = vector["fields"]
                self.assertEqual(
                    (sync.seq, sync.input, sync.version, sync.base, sync.time, sync.elapsed, sync.hash, sync.events, sync.missed),
                    (
                        *(fields[name] for name in ("seq", "input", "version")),
                        *(fields.get(name) for name in ("from", "time", "elapsed", "hash")),
                        fields.get("events", []),
                        fields.get("missed", False),
                    ),
                )
                self.assertEqual(sync.next(vector["before"], vector["held"]), vector["after"])

    def test_refuses_syncs_that_do_not_fit(self) -> None:
        for vector in vectors("syncs.json")["misfits"]:
            with self.subTest(vector["name"]), self.assertRaises(StatePatchError):
                decode_compact(bytes.fromhex(vector["frame"])).next(vector["before"], vector["held"])

    def test_refuses_frames_that_cannot_be_decoded(self) -> None:
        for vector in vectors("syncs.json")["malformed"]:
            with self.subTest(vector["name"]), self.assertRaises(FrameError):
                decode_compact(bytes.fromhex(vector["frame"]))


class Frames(unittest.TestCase):
    def test_decodes_every_message_of_the_server(self) -> None:
        for vector in vectors("frames.json")["toPlayer"]:
            if vector["message"]["kind"] != "compact":
                with self.subTest(vector["message"]):
                    self.assertEqual(decode_message(bytes.fromhex(vector["frame"])), vector["message"])

    def test_encodes_every_message_that_it_sends(self) -> None:
        for vector in vectors("frames.json")["fromPlayer"]:
            message = vector["message"]
            with self.subTest(message):
                frame = bytes.fromhex(vector["frame"])
                self.assertEqual(encoded(message), None if message["kind"] == "ack" else frame)

    def test_refuses_malformed_frames(self) -> None:
        for vector in vectors("frames.json")["malformed"]:
            with self.subTest(vector["name"]), self.assertRaises(FrameError):
                decode_message(bytes.fromhex(vector["frame"]))


class Sessions(unittest.TestCase):
    def test_has_the_states_of_every_recorded_session(self) -> None:
        for session in vectors("sessions.json")["sessions"]:
            with self.subTest(session["name"]):
                self.play(session["steps"])

    def play(self, steps: list[dict[str, Any]]) -> None:
        state: Any = None
        version = -1
        for step in steps:
            if "fromPlayer" in step:
                self.assertEqual(encoded(step["fromPlayer"]), bytes.fromhex(step["frame"]))
            elif "toPlayer" in step:
                frame = bytes.fromhex(step["frame"])
                if step["toPlayer"]["kind"] == "compact":
                    compact = decode_compact(frame)
                    state, version = compact.next(state, version), compact.version
                    continue
                message = decode_message(frame)
                self.assertEqual(message, step["toPlayer"])
                if message is not None and message["kind"] == "sync":
                    state = message["state"] if "state" in message else apply_patches(state, message["patches"])
                    version = message["version"]
            elif "state" in step:
                self.assertEqual((version, state), (step["version"], step["state"]))


def encoded(message: dict[str, Any]) -> bytes | None:
    """Returns the frame of a message in JSON form, or None for `ack`, which this client never sends."""
    fields = {name: value for name, value in message.items() if name != "kind"}
    data = fields.get("data")
    match message["kind"]:
        case "hello":
            return encode_hello(fields)
        case "request":
            return encode_request(fields["id"], fields["operation"], data)
        case "command":
            return encode_command(fields["seq"], fields["settled"], fields["name"], data)
        case "input":
            return encode_input(fields["number"], data)
        case "ping":
            return encode_ping(fields["nonce"])
        case "bye":
            return encode_bye()
    return None


if __name__ == "__main__":
    unittest.main()
