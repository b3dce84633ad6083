"""A station's configuration as frozen values: what `load_station` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from station.config.torque_check import TorqueCheck
from station.core.procedure import Role
from station.motion.bench_model import BenchModel
from station.motion.gesture import Gesture
from station.motion.supervision import SupervisorConfig
from vision.bench import Body, Zone
from vision.cameras.settings import CameraSettings
from vision.geometry import CameraModel, Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraConfig:
    """A camera: where its pictures come from, and its calibration."""

    source: str
    """A number, `/dev/v4l/by-id/...`, a video file, a picture folder, a stream URL, or `scene`."""
    fps: float
    calibration: str
    """Id of the calibration artefact, for the journal."""
    model: CameraModel
    settings: CameraSettings = field(default_factory=CameraSettings)
    """What of the camera is locked."""

    @property
    def name(self) -> str:
        """Its name on this station."""
        return self.model.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CobotConfig:
    """The cobot: its line, its dialect, and where it stands."""

    family: str
    """Name of the arm's model in `station.config.arm_models`."""
    url: str
    """`/dev/...`, `socket://host:port`, or `simulated`: the composition root starts a wire-level simulator."""
    baudrate: int
    ack: Literal["auto", "modern", "legacy"]
    """Only for a myCobot 280."""
    calibration: str
    """Id of the calibration artefact, for the journal."""
    bench_from_base: Transform
    pointer_mm: float
    """Length of the pointer on the flange, along the flange's z axis."""
    pointer_radius_mm: float
    dish_radius_mm: float
    """Of a dish around the pointer for what the arm brings; 0 = none."""
    dish_above_tip_mm: float
    joint_offset_deg: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Added to the joints that the arm reports; the arm is told its joints without it."""
    link_correction_mm: tuple[tuple[float, float], ...] = ((0.0, 0.0),) * 6
    """Added to d and a of each row of the maker's table."""
    tip_mm: tuple[float, float, float] | None = None
    """End of the pointer in the flange frame, where it was measured; None = straight out by `pointer_mm`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GestureBook:
    """A gestures file, read and checked."""

    path: Path | None = None
    """None on a station without one."""
    sha256: str = ""
    """Of the file's bytes; empty on a station without one."""
    by_name: Mapping[str, Gesture] = field(default_factory=dict)
    """In the order of the file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneBook:
    """The zones of a bench, and where those that are drawn on a page are kept."""

    path: Path | None = None
    """The zones file; None on a station where none are drawn."""
    sha256: str = ""
    """Of the file's bytes; empty while there is no file and the station file's own zones are used."""
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TorqueToolConfig:
    """The torque tool's controller."""

    url: str
    """`/dev/...`, `socket://host:port`, or `simulated`."""
    carriage: str
    """`serial`, `tcp` or `3964r`."""
    baudrate: int
    profile: str = "generic"
    """Name of the controller's family in `drivers.torque_tool.open_protocol.profiles`."""
    start_revision: int | None = None
    """Revision of 0001 to begin with; None = the family's highest."""
    time_zone: str | None = None
    """Of the controller's clock, as the IANA database names it; None = the station's own."""
    set_clock: bool = False
    """Whether the station may set the controller's clock."""
    identify: bool = False
    """Whether the controller is told the car's VIN, so that its results carry it."""
    traces: bool = True
    """Whether the curves of rundowns are asked for."""
    trigger: str = "tool"
    """`tool`: its own; `key`: the space bar of the visitor's page, for a simulated one."""
    calibration: str = "by-hand"
    """`store`: locked at joints that no verification in force finds it fit for."""
    sockets: Mapping[int, str] = field(default_factory=dict)
    """Digital input of the controller (from 1) -> socket that has left the tray while it is high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonConfig:
    """Somebody who may say more than a visitor."""

    name: str
    role: Role
    pin: str
    """The PIN as a salted scrypt hash, `scrypt$n$r$p$salt$hash` with salt and hash in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """The pages' server."""

    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """Speech."""

    enabled: bool
    rate_wpm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Figures that decide when something counts."""

    camera_stale_s: float
    """A camera without a new picture for this long is lost."""
    hands_clear_s: float
    """A zone is clear after this long without hands."""
    near_mm: float
    """A part that lies still within this of its place, but not within the step's tolerance, is misplaced."""
    near_deg: float
    near_still_s: float
    tray_mm: float
    """A part within this of its place in the tray lies in the tray."""
    tray_deg: float
    tool_within_mm: float
    """The tool's tip is at a joint within this, and leaves it beyond `tool_leave_mm`."""
    tool_leave_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitReferenceConfig:
    """When the measured pose of a unit says where the joints are that it carries."""

    most_mm: float
    """A unit that would move any of them by more is refused."""
    doubt_mm: float
    """Nor is one taken that leaves any of them in more doubt: the radius that holds it in 95 of 100 cases."""
    cameras: int
    """At least so many must see it at once; two can contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StationConfig:
    """One bench."""

    id: str
    title: str
    sha256: str
    """Of the file's bytes."""
    language: str
    """Before a visitor chooses one."""
    procedure: Path
    phrases: Path
    """Folder of the phrase files."""
    orders: Path
    checks: Path | None
    """Folder of the models of taught checks; None on a bench without."""
    calibrations: Path | None
    """Folder of the calibration artefacts; None on a bench whose file says all itself."""
    joints: str
    """`procedure`: the procedure file says where a part's joints are; `store`: an artefact does."""
    scenes: Path | None
    """Folder with a drawing of the bench for each procedure id; None on a bench where nothing is drawn."""
    data_dir: Path
    cameras: tuple[CameraConfig, ...]
    fixture: Body
    tool: Body | None
    """The tool as vision finds it: tags relative to its tip. None where no tool is tracked."""
    zone_book: ZoneBook
    hand_height_mm: float
    cobot: CobotConfig | None
    gestures: GestureBook
    bench_model: BenchModel
    """What the arm keeps clear of."""
    supervisor: SupervisorConfig | None
    """None: nobody watches the gap between arm and people but by the zone."""
    torque_tool: TorqueToolConfig | None
    torque_check: TorqueCheck | None
    """How the torque tool is verified; None on a station that says nothing of it."""
    web: WebConfig
    voice: VoiceConfig
    people: tuple[PersonConfig, ...]
    limits: Limits
    unit_reference: UnitReferenceConfig | None
    """None: every joint is where the files say, whatever unit lies there."""

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones that are used."""
        return self.zone_book.zones
