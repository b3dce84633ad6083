"""What can be done at a bench that the station hands over: calibrate its arm, check all of it, take a reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from calibration.bench_keep import POSES, BenchToKeep
from calibration.daily.arm_check import ArmNow
from calibration.daily.arm_check import Hands as CheckHands
from calibration.daily.in_force import COBOT, current_reference
from calibration.daily.reference import reference_of
from calibration.daily.tag_burst import TagBurst, burst_of
from calibration.daily.tool_check import check_tool
from calibration.daily.verdicts import untold
from calibration.daily.whole import DailyBench
from calibration.robot_run import Leave, Stand
from station.config.artefact import Artefact, Kind
from station.config.station_values import CameraConfig
from station.web.bench_job import AtBench, Done, Result
from vision.geometry import CameraModel
from vision.tags import TagTracker

CALIBRATE, CHECK, REFERENCE = "calibrate", "check", "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateRobot:
    """Cameras to the bench, the arm, its tip, the joints of the part."""

    kept: BenchToKeep

    def __call__(self, bench: AtBench) -> Done:
        """The whole run; its result is to be accepted."""
        outcome = self.kept.measure(
            bench.plan,
            bench.stand,
            bench.technician,
            record=self.kept.store / POSES,
            leave=Leave(technician=bench.person),
            say=bench.say,
            progress=bench.progress,
        )

        def artefacts(keep: bool) -> tuple[Result, ...]:
            return tuple(_result(each) for each in self.kept.artefacts(bench.plan, outcome, by=bench.person, keep=keep))

        return Done(results=artefacts(False), keep=lambda: artefacts(True))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBench:
    """The daily check: cameras, arm, and a test rundown where one was made."""

    daily: DailyBench

    def __call__(self, bench: AtBench) -> Done:
        """Each device's verdict, kept as it is."""
        artefact = current_reference(self.daily.station.id, self.daily.store.folder)
        reference = reference_of(artefact)
        verdicts = self.daily.cameras(reference, _Bursts(self.daily, bench.stand))
        if reference.arm is not None:
            verdicts.append(self.daily.arm(reference.arm, _opened(bench), Leave(technician=bench.person), verdicts))
        else:
            why = "There is no reference of the arm: take one right after calibrating."
            verdicts.append(untold(COBOT, Kind.ARM, "no_reference", why))
        if bench.rundown is None:
            bench.say("No test rundown was made, so nothing is said of the torque tool.")
        else:
            series, reading_nm = bench.rundown
            verdicts.append(check_tool(self.daily.store.folder, reading_nm, series))
        kept = self.daily.keep_check(verdicts, artefact.id, bench.person)
        return Done(
            results=tuple(
                Result(
                    kind=each.kind.value,
                    name=each.device,
                    good=each.good,
                    error_mm=None,
                    text=f"{each.text} {each.advice}".strip(),
                    id=kept.id,
                    source=each,
                )
                for each in verdicts
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeReference:
    """What later checks of cameras and arm compare with."""

    daily: DailyBench

    def __call__(self, bench: AtBench) -> Done:
        """In force at once: who takes it has just calibrated."""
        cameras = self.daily.camera_references(_Bursts(self.daily, bench.stand))
        arm = self.daily.arm_reference(_opened(bench), lambda: Leave(technician=bench.person))
        kept = self.daily.keep_reference(cameras, arm, bench.person)
        return Done(results=(replace(_result(kept), name=self.daily.station.id),))


@dataclass(frozen=True, slots=True)
class _Bursts:
    """The fixed tags in pictures that a stand takes."""

    daily: DailyBench
    stand: Stand

    def __call__(self, camera: CameraConfig, model: CameraModel, count: int) -> TagBurst:
        known = frozenset(mount.tag_id for mount in self.daily.station.fixture.tags)
        tracker = TagTracker(known)
        try:
            seen = [tracker.find(self.stand.picture(camera.name).grey) for _ in range(count)]
        finally:
            tracker.close()
        return burst_of(camera.name, seen, known)


def _opened(bench: AtBench) -> Callable[[ArmNow], AbstractContextManager[tuple[Stand, CheckHands]]]:
    @contextmanager
    def opened(arm: ArmNow) -> Iterator[tuple[Stand, CheckHands]]:
        yield bench.stand, bench.technician

    return opened


def _result(artefact: Artefact) -> Result:
    error_mm = artefact.figures.get("error_at_part_95_mm")
    return Result(
        kind=artefact.kind.value,
        name=artefact.subject,
        good=artefact.verdict.good,
        error_mm=error_mm if isinstance(error_mm, int | float) else None,
        text=f"{artefact.verdict.text} {artefact.verdict.advice}".strip(),
        id=artefact.id,
        source=artefact,
    )
