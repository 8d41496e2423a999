"""Opens sessions."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from .errors import HoldfastError
from .reconnect import ReconnectOptions
from .session import Credentials, Session
from .uplink import UplinkOptions


async def connect(
    urls: str | Sequence[str],
    *,
    name: str | None = None,
    token: str | None = None,
    credentials: Credentials | None = None,
    tls: ssl.SSLContext | None = None,
    reconnect: ReconnectOptions = ReconnectOptions(),
    welcome_timeout: float = 5.0,
    open_timeout: float = 20.0,
) -> Session:
    """Opens a session at the first of these gateways that answers (`ws://HOST:7000/play` or `wss://…`).

    `name`: the name of a guest. `token`: a JSON Web Token, for servers with `AUTH=jwt`. `credentials`: resumes a session; with
    a name or token as well, a new session begins when that one is over. `tls`: which certificates to trust for `wss://`.

    `welcome_timeout`: seconds until the next gateway is tried. `open_timeout`: seconds for which a first connection is repeated
    that a gateway refuses only for now.

    Raises HoldfastError: the refusal of the gateway, or `unavailable` when no gateway could be reached.
    """
    gateways = [urls] if isinstance(urls, str) else list(urls)
    if not gateways:
        raise HoldfastError("bad-data", "Give the URL of at least one gateway.")
    login = {field: value for field, value in (("name", name), ("token", token)) if value is not None}
    options = UplinkOptions(gateways, tls, welcome_timeout, open_timeout, reconnect)
    session = Session(options, login, credentials)
    await session.open()
    return session
