"""Who may say more than a visitor: PINs, what happens after wrong ones, and sessions.

A session is a token that only the page which signed in holds (sent as `Authorization: Bearer`). There is no cookie, so
no other page of the same browser, and no foreign site, can act with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from station.config.station_values import PersonConfig
from station.core.procedure import Role

WRONG_BEFORE_WAIT = 5
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
SESSION_S = 900.0
"""A session that is not used for this long ends."""
SESSIONS_MAX = 32
TRIES_MAX = 1024
"""Names and addresses remembered; the oldest are forgotten first, so that guessing names fills no memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who acts."""

    person: str
    role: Role


VISITOR = Session(person="visitor", role=Role.VISITOR)


@dataclass(slots=True, kw_only=True)
class _Tries:
    wrong: int = 0
    wait_s: float = 0.0
    until_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MustWait:
    """Too many wrong PINs."""

    seconds: float


class People:
    """The station's people. Checking a PIN takes about 100 ms of processor time: `pin_is_right` belongs in a thread."""

    def __init__(self, people: tuple[PersonConfig, ...], now_s: Callable[[], float]) -> None:
        self._people = {person.name: person for person in people}
        self._now_s = now_s
        self._tries: dict[str, _Tries] = {}
        self._sessions: dict[str, tuple[Session, float]] = {}

    def names(self) -> tuple[str, ...]:
        """For the sign-in list."""
        return tuple(self._people)

    def must_wait(self, name: str, address: str) -> MustWait | None:
        """Whether this name or this address has to wait after wrong PINs."""
        until_s = max(self._of(key).until_s for key in _keys(name, address))
        left_s = until_s - self._now_s()
        return MustWait(seconds=left_s) if left_s > 0 else None

    def pin_is_right(self, name: str, pin: str) -> bool:
        """Compare with the stored hash; an unknown name costs as much time as a known one."""
        person = self._people.get(name)
        stored = person.pin if person else _NOBODY
        return pin_matches(stored, pin) and person is not None

    def told(self, name: str, address: str, right: bool) -> str | None:
        """Count the try; the new session's token when it was right."""
        for key in _keys(name, address):
            tries = self._of(key)
            if right:
                self._tries.pop(key)
                continue
            tries.wrong += 1
            if tries.wrong >= WRONG_BEFORE_WAIT:
                tries.wait_s = min(LONGEST_WAIT_S, tries.wait_s * 2 or FIRST_WAIT_S)
                tries.until_s = self._now_s() + tries.wait_s
        if not right:
            return None
        token = secrets.token_urlsafe(32)
        while len(self._sessions) >= SESSIONS_MAX:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[token] = (Session(person=name, role=self._people[name].role), self._now_s())
        return token

    def session(self, token: str) -> Session | None:
        """Whose token it is; None when it is unknown or has rested for too long."""
        found = self._sessions.pop(token, None)
        if found is None or self._now_s() - found[1] > SESSION_S:
            return None
        self._sessions[token] = (found[0], self._now_s())
        return found[0]

    def look(self, token: str) -> Session | None:
        """The same, but looking is no use of it: a page that only shows something keeps no session alive."""
        found = self._sessions.get(token)
        return None if found is None or self._now_s() - found[1] > SESSION_S else found[0]

    def sign_out(self, token: str) -> None:
        """Forget the session."""
        self._sessions.pop(token, None)

    def _of(self, key: str) -> _Tries:
        while len(self._tries) >= TRIES_MAX:
            self._tries.pop(next(iter(self._tries)))
        return self._tries.setdefault(key, _Tries())


def pin_matches(stored: str, pin: str) -> bool:
    """Whether `pin` gives the stored `scrypt$n$r$p$salt$hash` (RFC 7914; salt and hash in base64)."""
    _, n, r, p, salt, wanted = stored.split("$")
    expected = base64.b64decode(wanted)
    cost, block = int(n), int(r)
    found = hashlib.scrypt(
        pin.encode(),
        salt=base64.b64decode(salt),
        n=cost,
        r=block,
        p=int(p),
        dklen=len(expected),
        # The algorithm's own need is 128 * n * r bytes; OpenSSL asks for a little more.
        maxmem=256 * cost * block,
    )
    return hmac.compare_digest(found, expected)


_NOBODY = "scrypt$32768$8$1$" + base64.b64encode(bytes(16)).decode() + "$" + base64.b64encode(bytes(32)).decode()


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"name {name}", f"address {address}"
