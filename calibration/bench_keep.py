"""A bench calibrated on its stand, and what comes of it as artefacts that a store keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from calibration.bench_artefacts import Need, Stamp, bench_artefacts
from calibration.bench_flow import BenchFlow
from calibration.bench_holdout import checked_bench
from calibration.bench_plan import tightest
from calibration.bench_set import KnownLens
from calibration.bench_set_file import write_bench_set
from calibration.bench_work import BenchOutcome, BenchPlan, Progress, Say, Technician
from calibration.lens_artefact import lens_values
from calibration.robot_run import Leave, Stand
from calibration.store import Store
from station.config.artefact import Artefact, ArtefactError, Kind, in_force
from station.config.station_values import StationConfig
from station.core.procedure import Procedure

POSES, OBSERVATIONS = "robot-poses.jsonl", "robot-observations"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchToKeep:
    """Whose calibration it is."""

    station: StationConfig
    procedure: Procedure
    store: Path
    software: str
    why: str
    """What put it in force, for the history."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def lenses(self, work: BenchPlan) -> BenchPlan:
        """The plan with each camera's lens in force. Raises ArtefactError for one without, or that may not be used."""
        found = {}
        for camera in work.cameras:
            artefact = in_force(self.store, Kind.LENS, camera.name, now=self.now())
            lens, covariance = lens_values(artefact)
            found[camera.name] = KnownLens(lens=lens, covariance=covariance, artefact=artefact.id)
        return replace(work, known_lenses=found)

    def lenses_if_any(self, work: BenchPlan) -> BenchPlan:
        """As `lenses`; without them, the plan has the lens board held up for every camera."""
        try:
            return self.lenses(work)
        except ArtefactError:
            return work

    def measure(
        self,
        work: BenchPlan,
        stand: Stand,
        technician: Technician,
        *,
        record: Path,
        leave: Leave,
        say: Say,
        progress: Progress = lambda taken, of: None,
    ) -> BenchOutcome:
        """The whole run. Poses are kept in `record` while they are taken: one that was broken off goes on.

        Raises CalibrationError, LinkError, OSError.
        """
        return BenchFlow(
            work,
            stand,
            technician,
            leave=leave,
            say=say,
            record=record,
            station_sha256=self.station.sha256,
            utc=self.now().isoformat(timespec="seconds"),
            progress=progress,
        ).run()

    def artefacts(self, work: BenchPlan, outcome: BenchOutcome, *, by: str, keep: bool) -> tuple[Artefact, ...]:
        """What came of a run; with `keep` it is kept, and what is good is in force afterwards. Raises OSError."""
        made = self.now()
        inputs = {"station": self.station.sha256}
        inputs |= {f"lens-{camera}": known.artefact for camera, known in work.known_lenses.items()}
        if keep:
            name = f"{OBSERVATIONS}-{made:%Y%m%dT%H%M%SZ}.json"
            inputs["observations"] = write_bench_set(outcome.bench, self.store / name)
        tolerance, of = tightest(self.procedure, self.station.limits.tool_within_mm)
        artefacts = bench_artefacts(
            outcome,
            work,
            checked_bench(outcome.bench, outcome.result),
            Need(procedure=self.procedure.id, tightest_mm=tolerance, of=of),
            Stamp(
                made_utc=made.isoformat(timespec="seconds"), by=by, software=self.software, inputs=inputs, serials={}
            ),
        )
        if keep:
            kept = Store(self.store)
            for artefact in artefacts:
                if artefact.verdict.good:
                    kept.put_in_force(artefact, utc=artefact.made_utc, by=artefact.by, why=self.why)
                else:
                    kept.keep(artefact)
        return artefacts
