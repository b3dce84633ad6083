"""Replay is recovery is test oracle: fold a visit's rows through `decide` again and compare every state digest."""

from __future__ import annotations

import json
from dataclasses import dataclass

from station.core.codec import digest, from_plain
from station.core.decide import decide
from station.core.events import Envelope, VisitOpened
from station.core.procedure import Procedure
from station.core.state import State
from station.runtime.journal import Journal, JournalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What folding a visit's rows gave."""

    procedure: Procedure
    state: State
    events: int
    bad_seq: int | None
    """First row whose digest differs; None when all agree."""


def replay(journal: Journal, visit: str) -> Replay:
    """Fold the visit again from its start document. Raises JournalError when there is none."""
    procedure: Procedure | None = None
    state = State()
    events, bad = 0, None
    for row in journal.rows(visit):
        if row.kind != "event":
            continue
        envelope = from_plain(Envelope, row.body["envelope"])
        if isinstance(envelope.event, VisitOpened):
            procedure = procedure_of(journal, envelope.event.procedure_sha256)
            state = from_plain(State, row.body["before"])
        if procedure is None:
            raise JournalError(f"visit {visit} has no start document in {journal.path}; see `station journal list`")
        state, _ = decide(procedure, state, envelope)
        events += 1
        if digest(state) != row.body["state"] and bad is None:
            bad = row.seq
    if procedure is None:
        raise JournalError(f"there is no visit {visit} in {journal.path}; see `station journal list`")
    return Replay(procedure=procedure, state=state, events=events, bad_seq=bad)


def procedure_of(journal: Journal, sha256: str) -> Procedure:
    """The procedure as the visit ran it, from the journal's own copy."""
    procedure: Procedure = from_plain(Procedure, json.loads(journal.document(sha256)))
    return procedure
