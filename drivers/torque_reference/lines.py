"""Lines of a transducer to peaks, by a pattern that the station file gives. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

LONGEST = 200
"""Characters; a longer line is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """One line that was understood."""

    value_nm: float
    count: int | None
    over: bool
    """The transducer says that it is saturated."""


class LineError(Exception):
    """A line that gives no peak. `code` is stable; the text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def peak_of(line: str, pattern: re.Pattern[str], unit: str) -> Peak:
    """The peak of one line without its end. `unit` is how the line writes newton metres.

    Raises LineError `reference.bad_line`, `reference.wrong_unit`.
    """
    found = pattern.match(line) if len(line) <= LONGEST else None
    groups = found.groupdict() if found else {}
    try:
        value = float((groups.get("value") or "").replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = line[:40].encode("ascii", "backslashreplace").decode()
        raise LineError(
            "reference.bad_line",
            f"the line {shown!r} is no reading; compare `pattern`, baud rate and the device's output",
        )
    told = groups.get("unit") or ""
    if told and plain_unit(told) != plain_unit(unit):
        raise LineError(
            "reference.wrong_unit", f"the transducer sends {told} where {unit} is expected; set it to newton metres"
        )
    count = groups.get("count")
    return Peak(value_nm=value, count=int(count) if count else None, over=bool(groups.get("over")))


def plain_unit(unit: str) -> str:
    """A unit without points, middle dots, stars and blanks; small letters."""
    return re.sub(r"[.·*\s]", "", unit).lower()
