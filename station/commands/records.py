"""`station journal` and `station replay`: reading what the journal holds. Nothing here writes to it."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from station.core.codec import digest
from station.runtime.journal import Journal, Row
from station.runtime.replay import replay

_JUDGED = ("seq", "joint", "tightening_id", "torque_nm", "angle_deg", "verdict")
"""What the stop document says of each result."""
_REPORTED = (
    "pset",
    "job",
    "batch_size",
    "batch_counter",
    "vin",
    "torque_min_nm",
    "torque_max_nm",
    "angle_min_deg",
    "angle_max_deg",
    "controller_serial",
    "tool_serial",
    "controller_time",
    "asked_back",
)
"""What the controller said of it, from the result's own row."""


def show_list(path: Path, *, as_json: bool) -> int:
    """Every visit, oldest first."""
    journal = Journal(path, read_only=True)
    visits = journal.visits()
    if as_json:
        print(
            json.dumps([{"visit": v.visit, "started": v.started_utc, "outcome": v.outcome or "open"} for v in visits])
        )
    else:
        table = Table("visit", "started (UTC)", "outcome", "rows")
        for v in visits:
            table.add_row(v.visit, v.started_utc, v.outcome or "open", f"{v.first_seq}-{v.last_seq}")
        Console().print(table if visits else "No visits yet; `station visit` makes one.")
    journal.close()
    return 0


def show_visit(path: Path, visit: str, *, as_json: bool) -> int:
    """Every row of one visit."""
    journal = Journal(path, read_only=True)
    rows = list(journal.rows(visit))
    journal.close()
    if not rows:
        print(f"There is no visit {visit} in {path}; `station journal list` names them.", file=sys.stderr)
        return 1
    if as_json:
        for row in rows:
            print(json.dumps(_plain(row), ensure_ascii=False))
        return 0
    table = Table("row", "time (UTC)", "source", "what happened", "what was done")
    for row in rows:
        table.add_row(str(row.seq), row.t_utc[11:23], row.source, _happened(row), _done(row))
    Console().print(table)
    return 0


def verify(path: Path) -> int:
    """Walk the hash chain of the whole journal."""
    journal = Journal(path, read_only=True)
    verdict = journal.verify()
    journal.close()
    print(f"{path}: {verdict.detail}")
    return 0 if verdict.bad_seq is None else 1


def export(path: Path, visit: str, target: Path) -> int:
    """Write one visit as JSON lines (`.jsonl`), or its tightenings as a table (`.csv`)."""
    journal = Journal(path, read_only=True)
    rows = list(journal.rows(visit))
    journal.close()
    if not rows:
        print(f"There is no visit {visit} in {path}; `station journal list` names them.", file=sys.stderr)
        return 1
    with target.open("w", newline="", encoding="utf-8") as file:
        if target.suffix == ".csv":
            _write_tightenings(rows, file)
        else:
            file.writelines(json.dumps(_plain(row), ensure_ascii=False) + "\n" for row in rows)
    print(f"{len(rows)} rows of visit {visit} -> {target}")
    return 0


def replay_visit(path: Path, visit: str) -> int:
    """Fold a visit through the decisions again and compare every state digest."""
    journal = Journal(path, read_only=True)
    folded = replay(journal, visit)
    journal.close()
    if folded.bad_seq is not None:
        print(
            f"Visit {visit}: the state after row {folded.bad_seq} is not the one in the journal. This program decides "
            f"differently from the one that wrote it; use the version named in the start document."
        )
        return 1
    state = digest(folded.state)[:16]
    print(f"Visit {visit}: {folded.events} events replayed, every state digest agrees; the last is {state}.")
    return 0


def _plain(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Row.__slots__}


def _happened(row: Row) -> str:
    if row.kind == "stop":
        return f"visit closed: {row.body['outcome']} ({row.body['reason']})"
    event = dict(row.body["envelope"]["event"])
    kind = event.pop("kind")
    if kind == "FactChanged":
        reading = event["reading"]
        return f"{reading['fact']} is {reading['value']} {reading['text']}".strip()
    if kind == "TighteningResult":
        back = ", asked back" if event["asked_back"] else ""
        figures = f"{event['torque_nm']:.2f} N·m, {event['angle_deg']:.0f}°, {'OK' if event['ok'] else 'not OK'}"
        bits = f" ({', '.join(event['error_bits'])})" if event["error_bits"] else ""
        return f"{event['result_type']} {event['tightening_id']}: {figures}{back}{bits}"
    if kind == "TighteningTrace":
        samples = len(event["torque_nm"])
        return f"curve of {event['tightening_id']}: {samples} samples in {samples * event['every_s']:.2f} s"
    if kind == "ResultsLost":
        return f"results {event['first_id']} to {event['last_id']} of {event['controller_serial']} are lost"
    if kind == "SocketSeen":
        return f"socket on the tool: {event['socket'] or 'none, or not told apart'}"
    told = ", ".join(f"{key} {value}" for key, value in event.items() if isinstance(value, str | bool) and value != "")
    return f"{kind} {told}"[:110]


def _done(row: Row) -> str:
    return ", ".join(effect["kind"] for effect in row.body.get("effects", ()))


def _write_tightenings(rows: list[Row], file: Any) -> None:
    writer = csv.writer(file)
    writer.writerow(["row", *(name for name in (*_JUDGED, *_REPORTED) if name != "seq"), "error_bits", "curve_row"])
    events = {row.seq: row.body["envelope"]["event"] for row in rows if row.kind == "event"}
    curves = {event["tightening_id"]: seq for seq, event in events.items() if event["kind"] == "TighteningTrace"}
    for row in rows:
        if row.kind != "stop":
            continue
        for entry in row.body["tightenings"]:
            result = events.get(entry["seq"], {})
            writer.writerow(
                [
                    *(entry[name] for name in _JUDGED),
                    *(result.get(name, "") for name in _REPORTED),
                    "; ".join(result.get("error_bits", ())),
                    curves.get(entry["tightening_id"], ""),
                ]
            )
