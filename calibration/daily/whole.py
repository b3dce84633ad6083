"""The daily check of a whole bench: its cameras, its arm, a test rundown; and the reference that it compares with.

Who opens cameras and arm, and who asks the technician, is the caller's: a command or a page.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from calibration.bench_plan import bench_plan
from calibration.daily.arm_check import POINTER, VISITS, ArmNow, Hands, board_on, check_whole, choose_check_poses, visit
from calibration.daily.arm_check import measured as measured_visits
from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES, check_camera
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.in_force import COBOT, arm_in_force, camera_in_force
from calibration.daily.new_reference import arm_may_have_one, new_camera_reference
from calibration.daily.reference import (
    ArmReference,
    CameraReference,
    Reference,
    arm_reference,
    reference_artefact,
)
from calibration.daily.tag_burst import TagBurst
from calibration.daily.verdicts import DeviceVerdict, untold
from calibration.observations import CalibrationError
from calibration.robot_run import Leave, Stand
from calibration.store import Store
from station.config.artefact import Artefact, Kind
from station.config.station_values import CameraConfig, StationConfig
from station.core.procedure import Procedure
from vision.geometry import CameraModel

Bursts = Callable[[CameraConfig, CameraModel, int], TagBurst]
"""A camera as its file says, its calibration, how many pictures -> the fixed tags in them. Raises CalibrationError."""
OpenArm = Callable[[ArmNow], AbstractContextManager[tuple[Stand, Hands]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBench:
    """Whose check it is."""

    station: StationConfig
    procedure: Procedure
    store: Store
    software: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def cameras(self, reference: Reference, bursts: Bursts) -> list[DeviceVerdict]:
        """A verdict each. Raises ArtefactError."""
        fixture, verdicts = self.station.fixture, []
        for camera in self.station.cameras:
            found = camera_in_force(self.store.folder, camera)
            take = partial(bursts, camera, found.model, PICTURES)
            part = reference.camera(camera.name)
            verdicts.append(check_camera(take, part, found.model, found.id, fixture, found.covariance))
        return verdicts

    def arm(
        self, reference: ArmReference, open_arm: OpenArm, leave: Leave | None, before: list[DeviceVerdict]
    ) -> DeviceVerdict:
        """The verdict on the arm, whose eyes are the cameras that `before` is about. Raises LinkError, CameraError."""
        moved = [verdict.device for verdict in before if not verdict.good]
        if moved:
            return untold(COBOT, Kind.ARM, "eyes", f"Its eyes are camera {', '.join(moved)}: put that right first.")
        if leave is None:
            return untold(COBOT, Kind.ARM, "no_leave", "Nobody gave leave to move it.")
        try:
            arm = self.arm_now()
            with open_arm(arm) as (stand, hands):
                return check_whole(arm, reference, stand, hands, leave)
        except CalibrationError as error:
            return untold(COBOT, Kind.ARM, error.code, f"{error}.")

    def keep_check(self, verdicts: list[DeviceVerdict], reference: str, by: str) -> Artefact:
        """One artefact of all verdicts, kept; it speaks against what it found wrong. Raises OSError."""
        check = check_artefact(
            verdicts,
            Checker(station=self.station.id, by=by, made_utc=self._utc(), software=self.software, reference=reference),
        )
        keep_check(self.store, check, verdicts)
        return check

    def camera_references(self, bursts: Bursts) -> tuple[CameraReference, ...]:
        """What later checks of the cameras compare with. Raises CalibrationError, ArtefactError."""
        parts = []
        for camera in self.station.cameras:
            found = camera_in_force(self.store.folder, camera)
            burst = bursts(camera, found.model, REFERENCE_PICTURES)
            parts.append(new_camera_reference(self.store.folder, burst, found, self.station.fixture))
        return tuple(parts)

    def arm_reference(self, open_arm: OpenArm, leave: Callable[[], Leave | None]) -> ArmReference | None:
        """What later checks of the arm compare with; None without leave, which is asked once it may have one.

        The poses are chosen, each is visited several times, and the pointer put back. Raises CalibrationError,
        ArtefactError, LinkError, CameraError.
        """
        arm = self.arm_now()
        arm_may_have_one(self.store.folder, arm.calibration)
        given = leave()
        if given is None:
            return None
        with open_arm(arm) as (stand, hands):
            poses = choose_check_poses(arm)
            board_on(arm, poses, stand, hands)
            try:
                errors, noise = measured_visits([visit(arm, poses, stand, given) for _ in range(VISITS)])
            except CalibrationError:
                hands.put_on(POINTER)
                raise
            hands.put_on(POINTER)
        return arm_reference(errors, arm.calibration, arm.table, noise, {pose.pose: pose.seen_by for pose in poses})

    def keep_reference(self, cameras: tuple[CameraReference, ...], arm: ArmReference | None, by: str) -> Artefact:
        """Put it in force. Raises OSError."""
        utc = self._utc()
        kept = reference_artefact(
            self.station.id, Reference(cameras=cameras, arm=arm), made_utc=utc, by=by, software=self.software
        )
        self.store.put_in_force(kept, utc=utc, by=by, why="reference of the daily check")
        return kept

    def arm_now(self) -> ArmNow:
        """Arm and cameras as they are in force. Raises CalibrationError `calibration.no_arm`, ArtefactError."""
        work, cobot = bench_plan(self.station, self.procedure), self.station.cobot
        assert cobot is not None  # `bench_plan` asks
        found = arm_in_force(self.store.folder, cobot)
        return ArmNow(
            work=work,
            cameras=tuple(camera_in_force(self.store.folder, camera).model for camera in self.station.cameras),
            bench_from_base=found.bench_from_base,
            table=found.table,
            offsets_deg=found.offsets_deg,
            calibration=found.id,
        )

    def _utc(self) -> str:
        return self.now().isoformat(timespec="milliseconds")
