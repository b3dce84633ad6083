"""The journal: one SQLite file, append only, hash-chained, committed before any effect starts.

Row hash = sha256 of the canonical JSON of everything in the row and the previous row's hash. Media are never in the
chain, only their hashes, so that deleting a picture cannot break it. Write-ahead log and `synchronous=FULL`: what
`append` has returned for survives a power cut, as far as the disk keeps its word.

The chain shows every change in the middle. Rows cut off at its end leave a shorter chain that holds: only a copy
elsewhere shows that.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
CREATE TABLE IF NOT EXISTS known_ids (
    station TEXT NOT NULL,
    controller_serial TEXT NOT NULL,
    last_id INTEGER NOT NULL,
    seq INTEGER NOT NULL REFERENCES rows (seq)
);
CREATE TABLE IF NOT EXISTS documents (sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS rows_are_never_changed BEFORE UPDATE ON rows
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS rows_are_never_deleted BEFORE DELETE ON rows
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS results_are_never_changed BEFORE UPDATE ON results
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS results_are_never_deleted BEFORE DELETE ON results
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS known_ids_are_never_changed BEFORE UPDATE ON known_ids
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS known_ids_are_never_deleted BEFORE DELETE ON known_ids
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_never_changed BEFORE UPDATE ON documents
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
CREATE TRIGGER IF NOT EXISTS documents_are_never_deleted BEFORE DELETE ON documents
    BEGIN SELECT RAISE(ABORT, 'the journal is append only'); END;
"""

_NEXT = {
    "SQLITE_FULL": "free disk space, then start the station again",
    "SQLITE_CORRUPT": "the file is damaged: keep it, and start with a new data folder",
    "SQLITE_NOTADB": "the file is damaged: keep it, and start with a new data folder",
    "SQLITE_BUSY": "another program writes to it: stop that, then start the station again",
    "SQLITE_CONSTRAINT": "another program writes to it: stop that, then start the station again",
}
"""What to do next, by SQLite's name of a result code (sqlite.org/rescode.html) without its extension."""


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
class KnownUpTo:
    """Up to this id nothing needs to be asked back: it is lost, or from before this station's time."""

    station: str
    controller_serial: str
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one row is to say; number and hashes are the journal's to give."""

    visit: str
    kind: str
    """`event` or `stop`."""
    t_utc: str
    t_mono_s: float
    source: str
    body: dict[str, Any]
    result: ResultKey | None = None
    """Of a tightening result: its first row is remembered under this key."""
    known: KnownUpTo | None = None
    """Of results that are lost, or of the archive as it was found: they are not asked for again."""


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


_COLUMNS = "seq, visit, kind, t_utc, t_mono_s, source, body, prev_hash, hash"


def row_hash(columns: tuple[int, str, str, str, float, str, str, str]) -> str:
    """sha256, hexadecimal, of a row's columns from `seq` to `prev_hash` as canonical text."""
    return hashlib.sha256(canonical(list(columns)).encode()).hexdigest()


class Journal:
    """The open journal. One thread appends; any thread may keep a document or read."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        if read_only and not path.exists():
            raise JournalError(f"{path}: there is no journal; run a visit first, or name another file")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"{path}: the folder cannot be made ({error}); check its rights") from error
        with self._told("the journal cannot be opened"):
            uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            try:
                if not read_only:
                    self._prepare()
                last = self._db.execute("SELECT seq, hash FROM rows ORDER BY seq DESC LIMIT 1").fetchone()
            except (sqlite3.Error, JournalError):
                self._db.close()
                raise
        self._seq, self._hash = (int(last[0]), str(last[1])) if last else (0, GENESIS)

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)
        found = self._db.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise JournalError(f"{self.path}: {_NEXT['SQLITE_CORRUPT']} ({found})")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say what SQLite could not do, where, and what to do next."""
        try:
            yield
        except sqlite3.Error as error:
            # Extended names (SQLITE_BUSY_SNAPSHOT) begin with the plain one; an error of the module itself has none.
            name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
            todo = _NEXT.get(name, "check the disk, the folder and its rights, then start the station again")
            raise JournalError(f"{self.path}: {what} ({error}); {todo}") from error

    @property
    def next_seq(self) -> int:
        """Sequence number that the next row will have."""
        return self._seq + 1

    def append(self, *entries: Entry) -> int:
        """Commit rows together and return the number of the last. When this returns, all are on disk.

        Raises JournalError when none is: nothing may be done that they were to record. Raises ValueError for a body
        that has no canonical text.
        """
        seq, tip, rows, keys, known = self._seq, self._hash, [], [], []
        for entry in entries:
            seq += 1
            # The column is REAL: SQLite gives back 5.0 for 5 and 0.0 for -0.0, and the hash must say the same.
            t_mono_s = float(entry.t_mono_s) + 0.0
            columns = (seq, entry.visit, entry.kind, entry.t_utc, t_mono_s, entry.source, canonical(entry.body), tip)
            tip = row_hash(columns)
            rows.append((*columns, tip))
            if entry.result is not None:
                key = entry.result
                keys.append((key.station, key.controller_serial, key.tightening_id, seq))
            if entry.known is not None:
                known.append((entry.known.station, entry.known.controller_serial, entry.known.last_id, seq))
        with self._lock, self._told(f"row {self._seq + 1} could not be written"):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                self._db.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)", keys)
                self._db.executemany("INSERT INTO known_ids VALUES (?, ?, ?, ?)", known)
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        self._seq, self._hash = seq, tip
        return seq

    def keep_document(self, sha256: str, kind: str, body: str) -> None:
        """Keep the text of what a visit ran on, once. Raises JournalError when it cannot be written."""
        with self._lock, self._told(f"document {sha256[:12]} could not be written"):
            self._db.execute("INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", (sha256, kind, body))

    def document(self, sha256: str) -> str:
        """The text of a kept document. Raises JournalError when it is not there."""
        found = list(self._read("SELECT body FROM documents WHERE sha256 = ?", (sha256,)))
        if not found:
            raise JournalError(
                f"{self.path}: document {sha256[:12]} is not in the journal; was it written by this station?"
            )
        return str(found[0][0])

    def last_tightening_id(self, station: str, controller_serial: str) -> int | None:
        """The id up to which nothing needs to be asked back: of the newest result that is on disk, or known as lost."""
        found = list(
            self._read(
                "SELECT id FROM (SELECT tightening_id AS id, seq FROM results WHERE station = ?1 AND "
                "controller_serial = ?2 UNION ALL SELECT last_id, seq FROM known_ids WHERE station = ?1 AND "
                "controller_serial = ?2) ORDER BY seq DESC, id DESC LIMIT 1",
                (station, controller_serial),
            )
        )
        return int(found[0][0]) if found else None

    def newest_results(self, station: str, most: int) -> tuple[str, ...]:
        """Keys `controller serial/tightening id` of the newest results, oldest first."""
        query = "SELECT controller_serial, tightening_id FROM results WHERE station = ? ORDER BY seq DESC LIMIT ?"
        return tuple(f"{serial}/{number}" for serial, number in self._read(query, (station, most)))[::-1]

    def results_since(self, station: str, moment: datetime) -> int:
        """How many results of this station came after a moment, which is timezone-aware."""
        since = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        query = "SELECT COUNT(*) FROM results JOIN rows USING (seq) WHERE results.station = ? AND rows.t_utc > ?"
        return int(next(iter(self._read(query, (station, since))))[0])

    def row(self, seq: int) -> Row:
        """One row. Raises JournalError when there is none, or it cannot be read."""
        found = list(self._rows("WHERE seq = ?", (seq,)))
        if not found:
            raise JournalError(f"{self.path}: there is no row {seq}; see `station journal verify`")
        return found[0]

    def rows(self, visit: str | None = None) -> Iterator[Row]:
        """All rows, or those of one visit, in order. Raises JournalError for one that cannot be read."""
        where, values = ("WHERE visit = ?", (visit,)) if visit is not None else ("", ())
        yield from self._rows(where, values)

    def _rows(self, where: str, values: tuple[str | int, ...]) -> Iterator[Row]:
        for columns in self._read(f"SELECT {_COLUMNS} FROM rows {where} ORDER BY seq", values):
            seq, name, kind, t_utc, t_mono_s, source, body, prev, digest = columns
            yield Row(
                seq=seq,
                visit=name,
                kind=kind,
                t_utc=t_utc,
                t_mono_s=t_mono_s,
                source=source,
                body=self._parsed(seq, body),
                prev_hash=prev,
                hash=digest,
            )

    def visits(self) -> tuple[VisitSummary, ...]:
        """Every visit, oldest first."""
        found = list(
            self._read(
                "SELECT visit, MIN(seq), MAX(seq), MIN(t_utc) FROM rows WHERE visit != '' "
                "GROUP BY visit ORDER BY MIN(seq)"
            )
        )
        stops = {
            visit: self._parsed(seq, body)["outcome"]
            for visit, seq, body in self._read("SELECT visit, seq, body FROM rows WHERE kind = 'stop'")
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
        for columns in self._read(f"SELECT {_COLUMNS} FROM rows ORDER BY seq"):
            seq, prev, digest = columns[0], columns[7], columns[8]
            count += 1
            if seq != count:
                return Verdict(rows=count, bad_seq=count, detail=f"row {count} is missing")
            if prev != expected:
                return Verdict(rows=count, bad_seq=seq, detail=f"row {seq} does not follow row {seq - 1}")
            if row_hash(columns[:8]) != digest:
                return Verdict(rows=count, bad_seq=seq, detail=f"row {seq} has been changed")
            expected = digest
        return Verdict(rows=count, bad_seq=None, detail=f"{count} rows, chain holds")

    def _read(self, query: str, values: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        with self._told("the journal cannot be read"):
            yield from self._db.execute(query, values)

    def _parsed(self, seq: int, body: str) -> dict[str, Any]:
        try:
            parsed: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise JournalError(f"{self.path}: row {seq} is not JSON ({error}); run `station journal verify`") from error
        return parsed

    def close(self) -> None:
        """Close the file."""
        self._db.close()
