"""The units on a bench: what each was measured to be, and the bench with its joints where they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vision.api import FactReading, told
from vision.bench import Bench, Joint, Watch, WatchFastener, WatchTool, WatchUnit
from vision.recent import Recent
from vision.unit_watch import UnitReference, judge_unit


class UnitBoard:
    """Keeps the references that stand. Belongs to a fact board, which guards it."""

    def __init__(self, bench: Bench, watches: tuple[Watch, ...]) -> None:
        """`bench` has the joints as the files have them. Those that a watched unit carries are placed by nobody yet."""
        self.watches = tuple(watch for watch in watches if isinstance(watch, WatchUnit))
        self._all = watches
        self._nominal = bench
        self._joints = {joint.name: joint for joint in bench.joints}
        self._standing: dict[str, UnitReference] = {}
        self._since_s: dict[str, float] = {}
        """When the last reference of a unit ended: no older picture is a part of the next one."""
        self.bench = self._bench_now()
        """The bench for everything that asks where a joint is."""

    def judge(self, recent: Recent) -> tuple[FactReading, ...]:
        """Compare every unit with what is seen. A reference is never replaced by another one in one and the same call:
        between the two nobody knows where the joints are, and every fact about them says so.
        """
        readings, before = [], dict(self._standing)
        for watch in self.watches:
            standing = before.get(watch.fact)
            counted = recent if standing else replace(recent, since_s=self._since_s.get(watch.fact, recent.since_s))
            reading, reference = judge_unit(watch, counted, self._joints, standing)
            if reference is not None:
                self._standing[watch.fact] = reference
            elif self._standing.pop(watch.fact, None) is not None:
                self._since_s[watch.fact] = recent.now_s
            figures = {name: told(figure) for name, figure in reading.measures.items()}
            readings.append(replace(reading, measures=figures))
        if {fact: r.joints for fact, r in before.items()} != {fact: r.joints for fact, r in self._standing.items()}:
            self.bench = self._bench_now()
        return tuple(readings)

    def forget(self, now_s: float) -> None:
        """Nothing is measured: only pictures that are taken from now on count."""
        self._standing.clear()
        self._since_s = {watch.fact: now_s for watch in self.watches}
        self.bench = self._bench_now()

    def facts(self) -> frozenset[str]:
        """Names of the facts that rest on what units were measured to be."""
        carried = {name for watch in self.watches for name in watch.joints}
        return frozenset(
            watch.fact
            for watch in self._all
            if isinstance(watch, WatchUnit) or (isinstance(watch, WatchTool | WatchFastener) and watch.joint in carried)
        )

    def placed(self) -> Mapping[str, tuple[float, float, float]]:
        """Name -> bench mm of the joints that a measured unit has placed."""
        carried = {name for watch in self.watches for name in watch.joints}
        found = (joint for joint in self.bench.joints if joint.name in carried and joint.placed)
        return {joint.name: (float(x), float(y), float(z)) for joint in found for x, y, z in [joint.bench_mm]}

    def _bench_now(self) -> Bench:
        if not self.watches:
            return self._nominal
        return replace(self._nominal, joints=tuple(self._here(joint) for joint in self._nominal.joints))

    def _here(self, joint: Joint) -> Joint:
        """Where the joint is: as measured by exactly one unit, or somewhere round where the files have it."""
        carriers = [watch for watch in self.watches if joint.name in watch.joints]
        if not carriers:
            return joint
        by = [self._standing[watch.fact] for watch in carriers if watch.fact in self._standing]
        if len(by) == 1:
            return by[0].joints[joint.name]
        most_mm = max(watch.most_mm for watch in carriers)
        return replace(joint, placed=False, covariance=joint.covariance + most_mm**2 * np.eye(3))
