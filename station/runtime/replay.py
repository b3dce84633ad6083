"""Replay is recovery is test oracle: fold a visit's rows through `decide` again and compare every state and effect."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from station.core.codec import digest, from_plain, to_plain
from station.core.decide import decide
from station.core.events import Envelope, VisitOpened
from station.core.procedure import Procedure
from station.core.state import State
from station.runtime.journal import Journal, JournalError, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What folding a visit's rows gave."""

    procedure: Procedure
    state: State
    events: int
    bad_seq: int | None
    """First row whose state, effects or procedure differ from what this program gives; None when all agree."""


def replay(journal: Journal, visit: str) -> Replay:
    """Fold the visit again from its start document. Raises JournalError when there is none, or a row cannot be read."""
    procedure: Procedure | None = None
    state = State()
    events, bad = 0, None
    for row in journal.rows(visit):
        agrees = True
        if row.kind == "event":
            envelope: Envelope = _read(journal, row, Envelope, "envelope")
            if isinstance(envelope.event, VisitOpened):
                procedure = procedure_of(journal, envelope.event.procedure_sha256)
                state = _read(journal, row, State, "before")
                # The kept procedure stands outside the chain, its digest inside.
                agrees = digest(procedure) == row.body.get("procedure")
            if procedure is None:
                raise JournalError(f"visit {visit} has no start document in {journal.path}; see `station journal list`")
            state, effects = decide(procedure, state, envelope)
            events += 1
            agrees = agrees and [to_plain(effect) for effect in effects] == row.body.get("effects")
        if bad is None and not (agrees and digest(state) == row.body.get("state")):
            bad = row.seq
    if procedure is None:
        raise JournalError(f"there is no visit {visit} in {journal.path}; see `station journal list`")
    return Replay(procedure=procedure, state=state, events=events, bad_seq=bad)


def _read(journal: Journal, row: Row, kind: Any, name: str) -> Any:
    try:
        return from_plain(kind, row.body[name])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JournalError(
            f"{journal.path}: row {row.seq} cannot be read back ({error!r}); run `station journal verify`"
        ) from error


def procedure_of(journal: Journal, sha256: str) -> Procedure:
    """The procedure as the visit ran it, from the journal's own copy."""
    procedure: Procedure = from_plain(Procedure, json.loads(journal.document(sha256)))
    return procedure
