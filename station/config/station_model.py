"""The shape of a station file, and each of its tables as a value."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from drivers.torque_tool.open_protocol.profiles import PROFILES
from station.config.shapes import Above0, AtLeast0, Name, TagShape, Vec2, Vec3, Vec4
from station.config.station_values import (
    CameraConfig,
    CobotConfig,
    Limits,
    PersonConfig,
    TorqueToolConfig,
    UnitReferenceConfig,
    VoiceConfig,
    WebConfig,
)
from station.config.strict import Strict
from station.core.procedure import Role
from vision.bench import Zone
from vision.cameras.settings import CameraSettings
from vision.geometry import CameraModel, Transform, looking_at

Vec5 = Annotated[tuple[float, float, float, float, float], Field(strict=False)]
Matrix3 = Annotated[tuple[Vec3, Vec3, Vec3], Field(strict=False)]
MONITORED_INPUTS = 210
"""MID that subscribes to the controller's digital inputs."""
Baudrate = Annotated[int, Field(ge=1200, le=4_000_000)]


class HeadShape(Strict):
    """`[station]`. Paths are relative to the station file."""

    id: Name
    title: Name
    language: Name = "en"
    procedure: Name
    phrases: Name
    orders: Name
    scenes: Name | None = None
    gestures: Name | None = None
    """Needed where there is an arm."""
    zones: Name | None = None
    """File of the zones that are drawn on the page of the eyes; it need not be there yet."""
    checks: Name | None = None
    """Folder of the models of taught checks; needed where a procedure has any."""
    calibration: Name | None = None
    """Folder of the calibration artefacts; needed where anything is taken from there."""
    joints: Literal["procedure", "store"] = "procedure"
    """Who says where the joints of the procedure's part are: its file, or what was taught on this bench."""
    data_dir: Name
    hand_height_mm: AtLeast0 = 90.0


class CameraShape(Strict):
    """`[[camera]]`: placed by hand (`target_mm up focal_px`), or calibrated (`matrix rotation`)."""

    name: Name
    source: Name
    width_px: Annotated[int, Field(ge=160)]
    height_px: Annotated[int, Field(ge=120)]
    fps: Above0
    exposure: AtLeast0 | None = None
    """These four lock the camera, in its own units (`v4l2-ctl --list-ctrls`); without one it is left automatic."""
    gain: AtLeast0 | None = None
    white_balance_k: Above0 | None = None
    focus: AtLeast0 | None = None
    calibration: Name
    """Id of what stands here, for the journal; or `store`: what `station calibrate` has put in force counts, and what
    stands here is only where the camera should be. `mat`: measured at every start."""
    mounted: Literal["bench", "flange"] = "bench"
    """What carries the camera. A station looks with cameras that stand still: one on the flange is refused."""
    position_mm: Vec3
    """Of the lens, bench frame."""
    distortion: Vec5 = (0.0, 0.0, 0.0, 0.0, 0.0)
    """k1, k2, p1, p2, k3 as OpenCV has them."""
    target_mm: Vec3 | None = None
    up: Vec3 = (0.0, 1.0, 0.0)
    focal_px: Above0 | None = None
    matrix: Matrix3 | None = None
    """Intrinsics, row by row."""
    rotation: Matrix3 | None = None
    """camera_from_bench, row by row."""
    position_sigma_mm: AtLeast0 = 0.0
    """How well the calibration knows the camera's place, one standard deviation: every pose is so much less sure."""
    rotation_sigma_deg: AtLeast0 = 0.0
    """How well it knows its direction."""

    @model_validator(mode="after")
    def _stands_still(self) -> Self:
        if self.mounted == "flange":
            raise ValueError(
                "a station cannot look with a camera that moves with the arm; fasten it to the bench and write "
                '`mounted = "bench"`, or take its table out and solve recorded poses with `station calibrate solve`'
            )
        return self

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_hand = self.target_mm is not None and self.focal_px is not None
        calibrated = self.matrix is not None and self.rotation is not None
        if by_hand == calibrated:
            raise ValueError(
                "a camera needs one of two calibrations; give `target_mm` and `focal_px`, or `matrix` and `rotation`"
            )
        if self.target_mm is not None:
            view = np.subtract(self.target_mm, self.position_mm)
            if np.linalg.norm(np.cross(view, self.up)) < 1e-6 * max(1.0, float(np.linalg.norm(view))):
                raise ValueError("`up` points along the view; choose a direction that is up in the picture")
        if self.rotation is not None:
            rotation = np.array(self.rotation)
            if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) or np.linalg.det(rotation) < 0:
                raise ValueError("`rotation` is no rotation; copy the nine figures of the calibration again")
        return self

    def value(self) -> CameraConfig:
        """As the station wants it."""
        return CameraConfig(
            source=self.source,
            fps=self.fps,
            calibration=self.calibration,
            model=replace(
                self._model(), position_sigma_mm=self.position_sigma_mm, rotation_sigma_deg=self.rotation_sigma_deg
            ),
            settings=CameraSettings(
                exposure=self.exposure, gain=self.gain, white_balance_k=self.white_balance_k, focus=self.focus
            ),
        )

    def _model(self) -> CameraModel:
        if self.target_mm is not None and self.focal_px is not None:
            return looking_at(
                self.name,
                position_mm=self.position_mm,
                target_mm=self.target_mm,
                up=self.up,
                focal_px=self.focal_px,
                width_px=self.width_px,
                height_px=self.height_px,
                distortion=self.distortion,
            )
        rotation = np.array(self.rotation)
        camera_from_bench = Transform(rotation, -rotation @ np.array(self.position_mm))
        return CameraModel(
            self.name,
            self.width_px,
            self.height_px,
            np.array(self.matrix),
            np.array(self.distortion),
            camera_from_bench,
        )


class ToolShape(Strict):
    """`[tool]`: the tags on the tool, in a frame whose origin is its tip and whose z runs up along its axis."""

    tag: Annotated[list[TagShape], Field(min_length=1)]


class ZoneShape(Strict):
    """`[[zone]]`: a polygon or a box on the bench, between two heights."""

    id: Name
    outline_mm: Annotated[list[Vec2], Field(min_length=3)] | None = None
    box_mm: Vec4 | None = None
    """x0, y0, x1, y1: a rectangle along the bench's axes."""
    z_mm: Vec2 = (0.0, 150.0)

    @model_validator(mode="after")
    def _has_a_shape(self) -> Self:
        if (self.outline_mm is None) == (self.box_mm is None):
            raise ValueError("a zone has either `outline_mm` or `box_mm = [x0, y0, x1, y1]`; write exactly one of them")
        if self.box_mm is not None and not (self.box_mm[0] < self.box_mm[2] and self.box_mm[1] < self.box_mm[3]):
            raise ValueError("`box_mm` has no area; write [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return self

    @model_validator(mode="after")
    def _has_height(self) -> Self:
        if not self.z_mm[0] < self.z_mm[1]:
            raise ValueError(f"`z_mm` runs from {self.z_mm[0]:g} to {self.z_mm[1]:g}; write [lower, upper]")
        return self

    def value(self) -> Zone:
        """As vision wants it."""
        if self.box_mm is None:
            return Zone(name=self.id, outline_mm=np.array(self.outline_mm), z_mm=self.z_mm)
        x0, y0, x1, y1 = self.box_mm
        return Zone(name=self.id, outline_mm=np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), z_mm=self.z_mm)


class CobotShape(Strict):
    """`[cobot]`."""

    family: Literal["mycobot280", "ur3e", "ur5e", "ur10e"] = "mycobot280"
    url: Name
    baudrate: Baudrate = 115_200
    ack: Literal["auto", "modern", "legacy"] = "auto"
    calibration: Name = "by-hand"
    """As a camera's: `store` takes base, joint zeros, links and tip from what `station calibrate` has put in force."""
    base_mm: Vec3
    base_yaw_deg: float = 0.0
    pointer_mm: AtLeast0 = 0.0
    pointer_radius_mm: Above0 = 4.0

    dish_radius_mm: AtLeast0 = 0.0
    """Of a dish around the pointer; 0 = none."""
    dish_above_tip_mm: AtLeast0 = 45.0

    def value(self) -> CobotConfig:
        """As the station wants it."""
        return CobotConfig(
            family=self.family,
            url=self.url,
            baudrate=self.baudrate,
            ack=self.ack,
            calibration=self.calibration,
            bench_from_base=Transform.of(*self.base_mm, yaw_deg=self.base_yaw_deg),
            pointer_mm=self.pointer_mm,
            pointer_radius_mm=self.pointer_radius_mm,
            dish_radius_mm=self.dish_radius_mm,
            dish_above_tip_mm=self.dish_above_tip_mm,
        )


class SocketShape(Strict):
    """`socket = [{...}]` of `[torque_tool]`: a place of the socket tray, wired to an input of the controller."""

    id: Name
    input: Annotated[int, Field(ge=1, le=8)]


class TorqueToolShape(Strict):
    """`[torque_tool]`."""

    url: Name
    carriage: Literal["serial", "tcp", "3964r"] = "serial"
    baudrate: Baudrate = 115_200
    profile: Name = "generic"
    start_revision: Annotated[int, Field(ge=1, le=7)] | None = None
    time_zone: Name | None = None
    set_clock: bool = False
    identify: bool = False
    traces: bool = True
    trigger: Literal["tool", "key"] = "tool"
    """`key`: the space bar of the visitor's page, for a simulated tool on a bench that is not."""
    calibration: Name = "by-hand"
    """`store`: the tool runs only at joints that the verification in force finds it fit for."""
    socket: list[SocketShape] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.profile not in PROFILES:
            raise ValueError(f"there is no profile `{self.profile}`; choose one of {', '.join(PROFILES)}")
        if self.trigger == "key" and self.url != "simulated":
            raise ValueError("only a simulated tool has a key for a trigger; leave out `trigger`")
        if self.time_zone is not None and self.time_zone not in zoneinfo.available_timezones():
            raise ValueError(f"there is no time zone `{self.time_zone}`; write it like Europe/Berlin")
        if self.socket and MONITORED_INPUTS not in PROFILES[self.profile].revisions:
            raise ValueError(
                f"a {PROFILES[self.profile].title} tells no inputs, so no socket is seen; leave out `socket`"
            )
        for key in ("input", "id"):
            values = [getattr(socket, key) for socket in self.socket]
            if len(set(values)) != len(values):
                raise ValueError(f"two sockets have the same `{key}`; give each its own")
        return self

    def value(self) -> TorqueToolConfig:
        """As the station wants it."""
        given = self.model_dump(exclude={"socket"})
        return TorqueToolConfig(**given, sockets={socket.input: socket.id for socket in self.socket})


class WebShape(Strict):
    """`[web]`."""

    host: Name = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8100
    """0 = any free one."""
    allowed_hosts: list[Name] = Field(default_factory=lambda: ["127.0.0.1", "localhost"])
    allowed_origins: list[Name] = Field(default_factory=list)
    """Beside the server's own address."""

    def value(self) -> WebConfig:
        """As the station wants it."""
        return WebConfig(
            host=self.host,
            port=self.port,
            allowed_hosts=tuple(self.allowed_hosts),
            allowed_origins=tuple(self.allowed_origins),
        )


class VoiceShape(Strict):
    """`[voice]`."""

    enabled: bool = True
    rate_wpm: Annotated[int, Field(ge=80, le=300)] = 150

    def value(self) -> VoiceConfig:
        """As the station wants it."""
        return VoiceConfig(enabled=self.enabled, rate_wpm=self.rate_wpm)


class PersonShape(Strict):
    """`[[person]]`."""

    name: Name
    role: Literal["qualified", "technician"]
    pin: Annotated[str, Field(pattern=r"^scrypt\$\d+\$\d+\$\d+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$")]

    def value(self) -> PersonConfig:
        """As the station wants it."""
        return PersonConfig(name=self.name, role=Role(self.role), pin=self.pin)


class UnitReferenceShape(Strict):
    """`[unit_reference]`: joints that a part carries are placed by each unit's measured pose, within these limits."""

    most_mm: Above0 = 5.0
    doubt_mm: Above0 = 1.5
    cameras: Annotated[int, Field(ge=1)] = 2

    def value(self) -> UnitReferenceConfig:
        """As the station wants it."""
        return UnitReferenceConfig(**self.model_dump())


class LimitsShape(Strict):
    """`[limits]`."""

    camera_stale_s: Above0 = 0.5
    hands_clear_s: Above0 = 0.5
    near_mm: Above0 = 60.0
    near_deg: Above0 = 45.0
    near_still_s: AtLeast0 = 1.0
    tray_mm: Above0 = 40.0
    tray_deg: Above0 = 90.0
    tool_within_mm: Above0 = 10.0
    tool_leave_mm: Above0 = 16.0

    @model_validator(mode="after")
    def _leaves_later(self) -> Self:
        if not self.tool_within_mm < self.tool_leave_mm:
            raise ValueError("the tool leaves a joint before it is there; let `tool_within_mm` < `tool_leave_mm`")
        return self

    def value(self) -> Limits:
        """As the station wants it."""
        return Limits(**self.model_dump())
