"""A procedure on its way to being right: what could be read of it, beside the names of what could not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from station.config.errors import KeyPath, Problem
from station.core.procedure import Check, Group, JointSpec, Part, Place, Procedure, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names that other files define. None = that file is not at hand, so nothing is checked against it."""

    zones: Collection[str] | None = None
    gestures: Collection[str] | None = None
    phrases: Collection[str] | None = None
    sockets: Collection[str] | None = None
    """Sockets or bits whose place in the tray the controller watches."""
    cameras: Collection[str] | None = None
    station_tags: Mapping[int, str] | None = None
    """Tag ids that the fixture and the tool carry -> whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Every table that is well shaped, by its index in the file."""

    work_zone: str | None
    cobot_zone: str | None
    places: Mapping[int, Place]
    parts: Mapping[int, Part]
    joints: Mapping[int, JointSpec]
    checks: Mapping[int, Check]
    groups: Mapping[int, Group]
    steps: Mapping[int, Step]
    broken: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Table name -> ids whose table is misshapen: naming them elsewhere is no second mistake."""

    @staticmethod
    def of(procedure: Procedure) -> Draft:
        """Of a procedure that is whole."""
        return Draft(
            work_zone=procedure.work_zone,
            cobot_zone=procedure.cobot_zone,
            places=dict(enumerate(procedure.places)),
            parts=dict(enumerate(procedure.parts)),
            joints=dict(enumerate(procedure.joints)),
            checks=dict(enumerate(procedure.checks)),
            groups=dict(enumerate(procedure.groups)),
            steps=dict(enumerate(procedure.steps)),
        )

    def ids(self, table: str) -> set[str]:
        """All ids of `place part joint check group step`, the broken ones included."""
        tables: Mapping[str, Mapping[int, Place | Part | JointSpec | Check | Group | Step]] = {
            "place": self.places,
            "part": self.parts,
            "joint": self.joints,
            "check": self.checks,
            "group": self.groups,
            "step": self.steps,
        }
        return {item.id for item in tables[table].values()} | set(self.broken.get(table, ()))

    def roles(self) -> set[str]:
        """All roles that parts have."""
        return {part.role for part in self.parts.values()}


Report = Callable[[KeyPath, str, str], None]
"""Takes a mistake: where, what, todo."""


class Findings:
    """Collects the mistakes of one file."""

    def __init__(self, make: Callable[[KeyPath, str, str], Problem]) -> None:
        self._make = make
        self.problems: list[Problem] = []

    def report(self, path: KeyPath, what: str, todo: str) -> None:
        """One more."""
        self.problems.append(self._make(path, what, todo))
