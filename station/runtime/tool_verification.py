"""The torque tool's verification as the station finds it now: read at each start of a visit, after each restart, and
every few seconds between, so that what expires or is replaced is known at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from station.config.artefact import ArtefactError, Kind, current_id, folder_of, in_force, read_artefact
from station.config.torque_result import SUBJECT, fitness_of, torque_result
from station.core.events import ToolVerified
from station.core.procedure import Procedure
from station.core.state import State
from station.core.verification import ToolVerification


class VerificationWatch:
    """One station's look at its store. `read` and `tell_changes` may be called from any thread."""

    def __init__(
        self,
        store: Path | None,
        procedure: Procedure,
        *,
        uses_since: Callable[[datetime], int],
        utc: Callable[[], str],
        post: Callable[[ToolVerified], None],
        state: Callable[[], State],
    ) -> None:
        """`store` is None on a station that asks for no verification; `uses_since` counts rundowns on record."""
        self._store = store
        self._procedure = procedure
        self._uses_since = uses_since
        self._utc = utc
        self._post = post
        self._state = state

    def read(self) -> ToolVerification | None:
        """Which joints the tool is fit for, read now; None where the station asks for no verification."""
        if self._store is None:
            return None
        now = datetime.fromisoformat(self._utc())
        return read_verification(self._store, self._procedure, now=now, uses_since=self._uses_since)

    def tell_changes(self) -> None:
        """Tell the loop when the verification is another one by now, or counts no more."""
        now, known = self.read(), self._state().verification
        if now is None or known is None:
            return
        # The loop counts rundowns by itself, and at once.
        if replace(now, rundowns_left=None) != replace(known, rundowns_left=None):
            self._post(ToolVerified(verification=now))


def read_verification(
    store: Path, procedure: Procedure, *, now: datetime, uses_since: Callable[[datetime], int]
) -> ToolVerification:
    """What is in force, or why nothing is. Never raises: a tool that nobody can vouch for is a locked one.

    `uses_since` counts those on record that came after a moment; `now` is timezone-aware.
    """
    identity = ""
    try:
        identity = current_id(store, Kind.TORQUE, SUBJECT) or ""
        uses = 0
        if identity:
            made = read_artefact(folder_of(store, Kind.TORQUE, SUBJECT) / f"{identity}.json").made_utc
            uses = uses_since(datetime.fromisoformat(made))
        artefact = in_force(store, Kind.TORQUE, SUBJECT, now=now, uses=uses)
        fit, why_not = fitness_of(torque_result(artefact), procedure)
    except ArtefactError as error:
        return ToolVerification(id=identity, code=error.code, detail=str(error))
    return ToolVerification(
        id=artefact.id,
        serial=artefact.serial,
        fit=fit,
        why_not=why_not,
        rundowns_left=artefact.expires_count - uses if artefact.expires_count else None,
    )
