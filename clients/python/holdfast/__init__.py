"""The client of Holdfast for Python: sessions, rooms and commands over WebSocket. It uses only the standard library."""

from .connecting import connect
from .errors import HoldfastError
from .plain import Plain
from .reconnect import ReconnectOptions
from .room import Room
from .session import Credentials, Session

__all__ = ["Credentials", "HoldfastError", "Plain", "ReconnectOptions", "Room", "Session", "connect"]
