"""The error that this client raises for every refusal."""

from __future__ import annotations

from typing import Any

#: Codes of a `goodbye` after which the client connects again, also without `retryAfterMs`.
RETRY_CODES = frozenset(
    (
        "hello-timeout",
        "internal",
        "rate-limited",
        "shutting-down",
        "timed-out",
        "too-many-connections",
        "too-slow",
        "unavailable",
    )
)


class HoldfastError(Exception):
    """A refusal with a stable code, such as `not-your-turn`. `docs/protocol.md` of Holdfast lists the codes.

    `retry`: the same request may succeed later, not before `retry_after_ms`.
    """

    def __init__(self, code: str, message: str | None = None, *, retry: bool = False, retry_after_ms: float | None = None):
        super().__init__(message or code)
        self.code = code
        self.message = message or code
        self.retry = retry
        self.retry_after_ms = retry_after_ms

    @staticmethod
    def of(body: Any) -> HoldfastError:
        """Returns the refusal in a message of the server, or `internal` when the body is not a refusal."""
        fields: dict[str, Any] = body if isinstance(body, dict) else {}
        code, message, after = fields.get("code"), fields.get("message"), fields.get("retryAfterMs")
        if not isinstance(code, str):
            return HoldfastError("internal", "The server sent a refusal without a code.", retry=True)
        return HoldfastError(
            code,
            message if isinstance(message, str) else None,
            retry=fields.get("retry") is True,
            retry_after_ms=after if isinstance(after, (int, float)) else None,
        )

    def __str__(self) -> str:
        return self.code if self.message == self.code else f"{self.code}: {self.message}"
