"""Access tokens: who holds one, and how long it lives after its last use.

Source: SOAP API Developer Guide, "Error Handling" (two hours of inactivity unless an admin says otherwise).
"""

from __future__ import annotations

from random import Random

import msgspec

from afterclick.sandbox import Clock
from afterclick_salesforce.sandbox.access import User
from afterclick_salesforce.sandbox.options import Options

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"


class Session(msgspec.Struct):
    """A token's user, and when it was last used (seconds of the clock); None: it does not expire."""

    user: User
    used: float | None


class Sessions:
    """The sessions of one org."""

    def __init__(self, options: Options, clock: Clock, rng: Random) -> None:
        self._options = options
        self._clock = clock
        self._rng = rng
        self._open: dict[str, Session] = {}

    def start(self, org_id: str, user: User) -> str:
        """Return a new token for a user; older ones stay good."""
        secret = "".join(self._rng.choices(_LETTERS, k=80))
        token = f"{org_id[:15]}!AQ{secret}"
        self._open[token] = Session(user, self._clock.elapsed())
        return token

    def keep(self, token: str, user: User) -> None:
        """Let a token be good for ever."""
        if token:
            self._open[token] = Session(user, None)

    def user(self, token: str) -> User | None:
        """Return whose token it is, and prolong its life; None if it is unknown or has expired."""
        session = self._open.get(token)
        if session is None:
            return None
        if session.used is not None:
            now = self._clock.elapsed()
            if now - session.used > self._options.session_seconds:
                del self._open[token]
                return None
            session.used = now
        return session.user

    def expire(self) -> None:
        """End all sessions but those that are good for ever."""
        self._open = {token: session for token, session in self._open.items() if session.used is None}
