"""The calibrations of a running station, for their page: how each stands, the way back, reports, and the daily check.

Files are read and written here, and reports reckoned for seconds: not from the server's event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from calibration.daily.camera_check import check_camera
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.in_force import COBOT, camera_in_force, current_reference, kept_arm
from calibration.daily.new_reference import new_camera_reference
from calibration.daily.reference import Reference, reference_artefact, reference_of
from calibration.daily.tag_burst import TagBurst, burst_of
from calibration.report.pages import report_of
from calibration.report.standing import Standing, standings
from calibration.store import Store
from station.config.artefact import Artefact, Kind
from station.config.station_values import StationConfig
from station.config.torque_result import SUBJECT
from vision.api import TagObservation

Tags = Mapping[str, Sequence[Sequence[TagObservation]]]
"""Camera -> the tags of each of its pictures."""
NEWEST = 200
"""So many artefacts of each thing are read for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBook:
    """Of one station."""

    station: StationConfig
    folder: Path
    software: str
    utc: Callable[[], str]
    """The wall clock, ISO 8601 with offset."""

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.fromisoformat(self.utc())

    def standings(self) -> tuple[Standing, ...]:
        """How each calibration stands now, by its newest artefacts: checks are added every day, for years."""
        return standings(self.folder, self.now(), newest=NEWEST)

    def checked(self) -> dict[str, Kind]:
        """Device -> kind, of everything that a whole daily check of this station speaks of."""
        found = {camera.name: Kind.CAMERA for camera in self.station.cameras}
        found |= {COBOT: Kind.ARM} if self.station.cobot is not None else {}
        return found | ({SUBJECT: Kind.TORQUE} if self.station.torque_tool is not None else {})

    def roll_back(self, kind: Kind, subject: str, to: str, why: str, person: str) -> None:
        """Put an earlier one in force again. Raises ArtefactError, OSError."""
        Store(self.folder).roll_back(kind, subject, utc=self.utc(), by=person, why=why, to=to)

    def report(self, form: str) -> bytes:
        """`html` or `pdf`."""
        now = self.now()
        made = report_of(self.station.title, standings(self.folder, now), now)
        if form == "pdf":
            from calibration.report.pdf import pdf_of

            return pdf_of(made)
        from calibration.report.html import html_of

        return html_of(made).encode()

    def check(self, tags: Tags, person: str) -> Artefact:
        """The daily check of the cameras, by the pictures that are looked at anyway. Raises ArtefactError, OSError."""
        reference = current_reference(self.station.id, self.folder)
        parts = reference_of(reference)
        verdicts = []
        for camera in self.station.cameras:
            now = camera_in_force(self.folder, camera)
            take = partial(self._burst, camera.name, tags)
            part = parts.camera(camera.name)
            verdicts.append(check_camera(take, part, now.model, now.id, self.station.fixture, now.covariance))
        checker = Checker(
            station=self.station.id,
            by=person,
            made_utc=self.utc(),
            software=self.software,
            reference=reference.id,
        )
        check = check_artefact(verdicts, checker)
        keep_check(Store(self.folder), check, verdicts)
        return check

    def take_reference(self, tags: Tags, person: str) -> Artefact:
        """What later checks compare with. Raises CalibrationError, ArtefactError, OSError."""
        parts = tuple(
            new_camera_reference(
                self.folder,
                self._burst(camera.name, tags),
                camera_in_force(self.folder, camera),
                self.station.fixture,
            )
            for camera in self.station.cameras
        )
        kept = reference_artefact(
            self.station.id,
            Reference(cameras=parts, arm=kept_arm(self.station.id, self.folder)),
            made_utc=self.utc(),
            by=person,
            software=self.software,
        )
        Store(self.folder).put_in_force(kept, utc=self.utc(), by=person, why="reference of the daily check")
        return kept

    def _burst(self, camera: str, tags: Tags) -> TagBurst:
        return burst_of(camera, tags.get(camera, ()), frozenset(mount.tag_id for mount in self.station.fixture.tags))
