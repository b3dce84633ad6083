"""One run of rundowns, each paired with what the reference transducer read. Pure values; newton metres.

Nothing is thrown away without a word: a rundown or a reading that does not count stands in `left_out` with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drivers.api import TighteningResult

PAIR_WITHIN_S = 10.0
"""A rundown and a reading that came over a line belong together when they came within this."""
SAME_IN_A_ROW = 4
"""So many equal readings of different rundowns are one old peak that is still held."""
FAR_APART = 2.0
"""A reading that is more or less than the tool's word by this factor is not of the same rundown."""
UNIT_WITHIN = 0.03
"""A ratio this close to a unit's factor is that unit."""
UNITS = {
    "lbf·ft": 0.737562,
    "lbf·in": 8.850746,
    "kgf·m": 0.101972,
    "kgf·cm": 10.197162,
    "cN·m": 100.0,
    "mN·m": 1000.0,
}
"""How much of the unit one newton metre is."""
INTERRUPTED = ("trigger lost", "disable drive", "rundown angle max shut off", "angle max shut off")
"""Error bits of a rundown that somebody or something broke off: it says nothing of the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceReading:
    """A peak that the reference read."""

    value_nm: float
    t_s: float
    """Monotonic."""
    count: int | None = None
    """The transducer's own running number, where it has one."""
    over: bool = False
    """It says itself that it is saturated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """What the tool says of one rundown."""

    tightening_id: int
    torque_nm: float
    t_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One rundown with its reference reading."""

    tightening_id: int
    tool_nm: float
    reference_nm: float
    at_utc: str

    @property
    def deviation_pct(self) -> float:
        """`100 (X_a - X_r) / X_r`: what the tool told over what was there."""
        return 100.0 * (self.tool_nm - self.reference_nm) / self.reference_nm


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that does not count, and why."""

    what: str
    """E.g. `rundown 1017`, `reading 9.03`."""
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A series as it grows."""

    pset: int
    tool_serial: str
    range_nm: float
    pairs: tuple[Pair, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    rundown: Rundown | None = None
    """Waits for its reading."""
    reading: ReferenceReading | None = None
    """Waits for its rundown."""
    last_id: int = 0
    """Highest tightening id that was heard of; 0 = none."""
    last_count: int | None = None
    any_next: bool = True
    """The next rundown may have any higher number: the run has just begun, or goes on after a break."""

    @property
    def problem(self) -> LeftOut | None:
        """What was left out last."""
        return self.left_out[-1] if self.left_out else None


def take_rundown(run: Run, result: TighteningResult, at_utc: str) -> Run:
    """The controller reports a rundown: paired when its reading is there, else it waits, or is left out with a word."""
    number, what = result.tightening_id, f"rundown {result.tightening_id}"
    if number == run.last_id:
        return _out(run, what, "torque.duplicate", "the controller told it twice; it counts once")
    if number < run.last_id:
        return _out(
            run,
            what,
            "torque.out_of_order",
            f"it came after rundown {run.last_id}; controllers count up, so it is an old one and does not count",
        )
    before, run = run, replace(run, last_id=number, any_next=False)
    refusal = _refusal(before, result)
    if refusal is not None:
        return _out(replace(_unread(run), reading=None), what, *refusal)
    if run.rundown is not None:
        run = _unread(run)
    told = Rundown(tightening_id=number, torque_nm=result.torque_nm, t_s=result.t_mono_s)
    reading = run.reading
    if reading is not None and told.t_s - reading.t_s > PAIR_WITHIN_S:
        run, reading = _stray(run, reading), None
    if reading is None:
        return replace(run, rundown=told)
    return _paired(run, told, reading, at_utc)


def take_reading(run: Run, reading: ReferenceReading, at_utc: str, *, typed: bool = False) -> Run:
    """The reference has read a peak; `typed` readings may take as long as they like after their rundown."""
    what = f"reading {reading.value_nm:g}"
    if reading.count is not None and run.last_count is not None:
        if reading.count == run.last_count:
            return _out(run, what, "torque.repeated", f"number {reading.count} was sent twice; it counts once")
        if reading.count < run.last_count:
            return _out(run, what, "torque.out_of_order", f"number {reading.count} came after {run.last_count}")
    missed = 0 if reading.count is None or run.last_count is None else reading.count - run.last_count - 1
    run = replace(run, last_count=reading.count if reading.count is not None else run.last_count)
    if run.rundown is not None:
        what = f"rundown {run.rundown.tightening_id} with {what}"
    if missed:
        text = f"readings {reading.count - missed if reading.count else 0} to {(reading.count or 0) - 1} never came"
        run = _out(run, what, "torque.missing", f"{text}; tighten again, with the transducer at rest between rundowns")
        return replace(run, rundown=None, reading=None)
    if reading.over or reading.value_nm >= run.range_nm:
        run = _out(
            run,
            what,
            "torque.saturated",
            f"it is at the end of the transducer's range ({run.range_nm:g} N·m); use a larger",
        )
        return replace(run, rundown=None)
    if reading.value_nm <= 0.0:
        run = _out(run, what, "torque.not_a_peak", "a peak is above zero; zero the transducer, and mind its direction")
        return replace(run, rundown=None)
    told = run.rundown
    if told is not None and not typed and reading.t_s - told.t_s > PAIR_WITHIN_S:
        run, told = _unread(run), None
    if told is None:
        run = _stray(run, run.reading) if run.reading is not None else run
        return replace(run, reading=reading)
    return _paired(run, told, reading, at_utc)


def leave_out_last(run: Run, why: str) -> Run:
    """The technician takes the last pair out; it stands among what is left out, with the reason."""
    if not run.pairs:
        return run
    pair = run.pairs[-1]
    what = f"rundown {pair.tightening_id} ({pair.reference_nm:g} N·m)"
    return _out(replace(run, pairs=run.pairs[:-1]), what, "torque.taken_out", why)


def leave_out_early(run: Run, what: str, tightening_id: int = 0) -> Run:
    """A rundown or a reading from before the tool was enabled for this run belongs to nothing."""
    run = replace(run, last_id=max(run.last_id, tightening_id), rundown=None, reading=None)
    return _out(run, what, "torque.too_early", "it came before the tool was enabled for this series; wait for that")


def leave_out_waiting(run: Run, why: str) -> Run:
    """The rundown that waits for its reading does not count."""
    if run.rundown is None:
        return run
    return _out(replace(run, rundown=None), f"rundown {run.rundown.tightening_id}", "torque.no_reading", why)


def reference_nm(pairs: Iterable[Pair]) -> tuple[float, ...]:
    """What the reference read, in order."""
    return tuple(pair.reference_nm for pair in pairs)


def tool_nm(pairs: Iterable[Pair]) -> tuple[float, ...]:
    """What the tool told, in order."""
    return tuple(pair.tool_nm for pair in pairs)


def _refusal(run: Run, result: TighteningResult) -> tuple[str, str] | None:
    """Code and sentence of a rundown that cannot be one of this run's."""
    if not run.any_next and result.tightening_id > run.last_id + 1:
        first, last = run.last_id + 1, result.tightening_id - 1
        missed = f"rundown {first}" if first == last else f"rundowns {first} to {last}"
        return "torque.missing", f"{missed} never came, so nobody knows which reading is whose; tighten again"
    if run.tool_serial and result.tool_serial != run.tool_serial:
        return "torque.other_tool", f"it is of tool {result.tool_serial}, this run of {run.tool_serial}; begin anew"
    if result.pset != run.pset:
        return (
            "torque.wrong_pset",
            f"it was made with parameter set {result.pset} instead of {run.pset}; select {run.pset}",
        )
    if result.result_type != "tightening":
        return "torque.not_a_rundown", f"it was a {result.result_type}; only tightenings count"
    broken = [bit for bit in result.error_bits if bit in INTERRUPTED]
    if broken:
        return "torque.interrupted", f"it was broken off ({', '.join(broken)}); keep the trigger pulled"
    return None


def _paired(run: Run, told: Rundown, reading: ReferenceReading, at_utc: str) -> Run:
    what = f"rundown {told.tightening_id} with reading {reading.value_nm:g}"
    run = replace(run, rundown=None, reading=None)
    ratio = reading.value_nm / told.torque_nm if told.torque_nm > 0.0 else 0.0
    unit = next((name for name, factor in UNITS.items() if abs(ratio / factor - 1.0) <= UNIT_WITHIN), "")
    if unit:
        return _out(
            run,
            what,
            "torque.wrong_unit",
            f"the reading looks like {unit}; set the transducer to N·m. If it is, the tool is {1 / ratio - 1:+.0%} off",
        )
    if not 1.0 / FAR_APART <= ratio <= FAR_APART:
        return _out(
            run,
            what,
            "torque.far_apart",
            f"the tool tells {told.torque_nm:g} N·m; look whether the reading was cut off, and at the transducer's fit",
        )
    last = run.pairs[-(SAME_IN_A_ROW - 1) :]
    held = len(last) == SAME_IN_A_ROW - 1 and all(pair.reference_nm == reading.value_nm for pair in last)
    if held and any(pair.tool_nm != told.torque_nm for pair in last):
        return _out(
            run,
            what,
            "torque.repeated",
            f"{reading.value_nm:g} N·m for the {SAME_IN_A_ROW}th time; clear the transducer's peak between rundowns",
        )
    pair = Pair(tightening_id=told.tightening_id, tool_nm=told.torque_nm, reference_nm=reading.value_nm, at_utc=at_utc)
    return replace(run, pairs=(*run.pairs, pair))


def _unread(run: Run) -> Run:
    told = run.rundown
    if told is None:
        return run
    text = "its reading never came; it does not count"
    return _out(replace(run, rundown=None), f"rundown {told.tightening_id}", "torque.no_reading", text)


def _stray(run: Run, reading: ReferenceReading) -> Run:
    text = "no rundown belongs to it; keep the transducer untouched between rundowns"
    return _out(replace(run, reading=None), f"reading {reading.value_nm:g}", "torque.no_rundown", text)


def _out(run: Run, what: str, code: str, text: str) -> Run:
    return replace(run, left_out=(*run.left_out, LeftOut(what=what, code=code, text=text)))
