"""The journal: one SQLite file, append only, hash-chained, committed before any effect starts.

Row hash = sha256 of the canonical JSON of everything in the row and the previous row's hash. Media are never in the
chain, only their hashes, so that deleting a picture cannot break it. Write-ahead log and `synchronous=FULL`: what
`append` has
returned for survives a power cut, as far as the disk keeps its word.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station.core.codec import canonical

GENESIS = "0" * 64
"""`prev_hash` of the first row."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY,
    visit TEXT NOT NULL,
    kind TEXT NOT NULL,
    t_utc TEXT NOT NULL,
    t_mono_s REAL NOT NULL,
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rows_by_visit ON rows (visit, seq);
CREATE TABLE IF NOT EXISTS results (
    station TEXT NOT NULL,
    controller_serial TEXT NOT NULL,
    tightening_id INTEGER NOT NULL,
    seq INTEGER NOT NULL REFERENCES rows (seq),
    PRIMARY KEY (station, controller_serial, tightening_id)
);
CREATE TABLE IF NOT EXISTS documents (sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS rows_are_never_changed BEFORE UPDATE ON rows
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS rows_are_never_deleted BEFORE DELETE ON rows
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
"""


class JournalError(Exception):
    """The journal cannot be opened, read or written. The text says which file, what happened and what to do next."""

    code = "journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as it stands on disk."""

    seq: int
    visit: str
    kind: str
    """`event` or `stop`."""
    t_utc: str
    t_mono_s: float
    source: str
    body: dict[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultKey:
    """What makes a tightening result unique."""

    station: str
    controller_serial: str
    tightening_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSummary:
    """One line of `station journal list`."""

    visit: str
    first_seq: int
    last_seq: int
    started_utc: str
    outcome: str
    """Empty while the visit is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `verify` found."""

    rows: int
    bad_seq: int | None
    """First row that does not fit; None when the chain holds."""
    detail: str


def row_hash(columns: tuple[int, str, str, str, float, str, str, str]) -> str:
    """sha256, hexadecimal, of a row's columns from `seq` to `prev_hash` as canonical text."""
    return hashlib.sha256(canonical(list(columns)).encode()).hexdigest()


class Journal:
    """The open journal. One writer; used from one thread at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        try:
            if read_only:
                if not path.exists():
                    raise JournalError(f"{path}: there is no journal; run a visit first, or name another file")
                self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA foreign_keys=ON")
                self._db.executescript(_SCHEMA)
                found = self._db.execute("PRAGMA quick_check").fetchone()[0]
                if found != "ok":
                    raise JournalError(
                        f"{path}: the file is damaged ({found}); keep it, and start with a new data folder"
                    )
            last = self._db.execute("SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"{path}: the journal cannot be opened ({error}); check the folder and its rights"
            ) from error
        self._seq, self._hash = (int(last[0]), str(last[1])) if last else (0, GENESIS)

    @property
    def next_seq(self) -> int:
        """Sequence number that the next row will have."""
        return self._seq + 1

    def append(
        self,
        *,
        visit: str,
        kind: str,
        t_utc: str,
        t_mono_s: float,
        source: str,
        body: dict[str, Any],
        result: ResultKey | None = None,
    ) -> int:
        """Commit one row and return its number. When this returns, the row is on disk.

        Raises JournalError when it is not: nothing may be done that the row was to record.
        """
        seq, text = self._seq + 1, canonical(body)
        columns = (seq, visit, kind, t_utc, t_mono_s, source, text, self._hash)
        digest = row_hash(columns)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*columns, digest),
            )
            if result is not None:
                self._db.execute(
                    "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)",
                    (result.station, result.controller_serial, result.tightening_id, seq),
                )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise JournalError(
                f"{self.path}: row {seq} could not be written ({error}); free disk space, then start the station again"
            ) from error
        self._seq, self._hash = seq, digest
        return seq

    def keep_document(self, sha256: str, kind: str, body: str) -> None:
        """Keep the text of what a visit ran on, once."""
        self._db.execute("INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", (sha256, kind, body))

    def document(self, sha256: str) -> str:
        """The text of a kept document. Raises JournalError when it is not there."""
        found = self._db.execute("SELECT body FROM documents WHERE sha256 = ?", (sha256,)).fetchone()
        if found is None:
            raise JournalError(
                f"{self.path}: document {sha256[:12]} is not in the journal; was it written by this station?"
            )
        return str(found[0])

    def rows(self, visit: str | None = None) -> Iterator[Row]:
        """All rows, or those of one visit, in order."""
        where, values = ("WHERE visit = ?", (visit,)) if visit is not None else ("", ())
        for seq, name, kind, t_utc, t_mono_s, source, body, prev, digest in self._db.execute(
            f"SELECT seq, visit, kind, t_utc, t_mono_s, source, body, prev_hash, hash FROM rows {where} ORDER BY seq",
            values,
        ):
            yield Row(
                seq=seq,
                visit=name,
                kind=kind,
                t_utc=t_utc,
                t_mono_s=t_mono_s,
                source=source,
                body=json.loads(body),
                prev_hash=prev,
                hash=digest,
            )

    def visits(self) -> tuple[VisitSummary, ...]:
        """Every visit, oldest first."""
        found = self._db.execute(
            "SELECT visit, MIN(seq), MAX(seq), MIN(t_utc) FROM rows WHERE visit != '' GROUP BY visit ORDER BY MIN(seq)"
        ).fetchall()
        stops = {
            visit: json.loads(body)["outcome"]
            for visit, body in self._db.execute("SELECT visit, body FROM rows WHERE kind = 'stop'")
        }
        return tuple(
            VisitSummary(visit=v, first_seq=first, last_seq=last, started_utc=t, outcome=stops.get(v, ""))
            for v, first, last, t in found
        )

    def open_visit(self) -> str | None:
        """The visit that has no stop document, if the last one has none."""
        visits = self.visits()
        return visits[-1].visit if visits and not visits[-1].outcome else None

    def verify(self) -> Verdict:
        """Walk the whole chain."""
        expected, count = GENESIS, 0
        query = "SELECT seq, visit, kind, t_utc, t_mono_s, source, body, prev_hash, hash FROM rows ORDER BY seq"
        for seq, visit, kind, t_utc, t_mono_s, source, body, prev, digest in self._db.execute(query):
            count += 1
            if seq != count:
                return Verdict(rows=count, bad_seq=count, detail=f"row {count} is missing")
            if prev != expected:
                return Verdict(rows=count, bad_seq=seq, detail=f"row {seq} does not follow row {seq - 1}")
            if row_hash((seq, visit, kind, t_utc, t_mono_s, source, body, prev)) != digest:
                return Verdict(rows=count, bad_seq=seq, detail=f"row {seq} has been changed")
            expected = digest
        return Verdict(rows=count, bad_seq=None, detail=f"{count} rows, chain holds")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
