"""What the station may know of any device: commands it can submit, events it gets back, and the error tree.

A driver is a `Conversation`: a protocol as a state machine without I/O, threads or a clock. A
`drivers.session.PortOwner` gives it bytes and time and carries its bytes out. Commands are submitted and answered by
events; nothing here blocks.

Every command carries a `command_id` chosen by the caller and ends in exactly one `CommandDone` or `CommandFailed` with
the same id. `CommandFailed.outcome` says whether the device refused (nothing happened) or whether nobody knows.

Units: `_s` seconds, `_deg` degrees, `_nm` newton metres, `_mm` millimetres, `_percent` 0 to 100. `t_mono_s` is the
owner's monotonic clock when the last byte of the message was taken from the line.

Errors raised::

    DriverError
    +-- LinkError          the line cannot be opened, or was lost
    +-- ProtocolError      bytes that break the protocol in a way the parser cannot skip
    +-- CommandError       a command that no device should get (out of range, unknown pset)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class DriverError(Exception):
    """Base of all errors raised by drivers. `code` is stable; the text says what, where and what to do next."""

    code = "driver.error"


class LinkError(DriverError):
    """The line cannot be opened, or was lost."""

    code = "driver.link"


class ProtocolError(DriverError):
    """The peer broke the protocol in a way that cannot be skipped."""

    code = "driver.protocol"


class CommandError(DriverError):
    """A command that must not reach a device: out of range or unknown."""

    code = "driver.command"


class Outcome(StrEnum):
    """What is known of a command that did not end well."""

    REFUSED = "refused"
    """The device or the driver said no: nothing happened."""
    UNKNOWN = "unknown"
    """Silence, or the line was lost: it may or may not have happened. Never sent again by the driver."""


SWITCHED_ON = "switched on"
"""What an arm's identity says under `power` when the driver's greeting found its joints without power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A device answered its handshake and is ready for commands."""

    device: str
    t_mono_s: float
    identity: Mapping[str, str] = field(default_factory=dict)
    """Serial numbers, firmware, protocol revision: text for the journal and the technician."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """A device that was connected (or never answered) is gone. Sent once per loss."""

    device: str
    t_mono_s: float
    reason: str
    """One sentence for the technician: what happened, where, what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDone:
    """The command was carried out as far as the device can tell (a motion: the arm stands at its target)."""

    device: str
    command_id: str
    t_mono_s: float
    data: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed:
    """The command was refused, or its outcome is unknown."""

    device: str
    command_id: str
    t_mono_s: float
    outcome: Outcome
    code: str
    """Stable, dotted: `cobot.joint_limit`, `tool.silent`, `link.lost`, `cobot.no_motion`, `cobot.interrupted` ..."""
    detail: str
    """One sentence for the technician."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """Something a technician wants to know that no command asked for: a warning, an alarm, noise on the line."""

    device: str
    t_mono_s: float
    code: str
    detail: str
    standing: bool | None = None
    """None: said once. True: it stands until the same code comes with False, or the device is gone."""
    stops: bool = False
    """The device says that it cannot work while this stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CobotPosture:
    """Where the arm is: read a few times a second. For the screen and the supervisor; never journaled row by row."""

    device: str
    t_mono_s: float
    angles_deg: tuple[float, ...]
    moving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CobotStatus:
    """What the arm says of itself: about once a second, and at every change of its flags. For the technician's page.

    What stops the arm comes as standing `DeviceHealth` besides, with `stops`: `cobot.protective_stop`,
    `cobot.emergency_stop`, `cobot.not_powered`, `cobot.servo_error`, `cobot.local_control`, `cobot.free_drive`.
    """

    device: str
    t_mono_s: float
    powered: bool
    """Its joints have power and, where there are any, the brakes are released."""
    ready: bool
    """It takes motion now."""
    free_drive: bool
    error: str
    """The arm's own error in plain words, empty when none."""
    flange: tuple[float, ...] = ()
    """x, y, z in mm and rx, ry, rz in degrees (R = Rz Ry Rx), as the arm itself computes them for the flange in its own
    base frame; empty when not told."""
    temperatures_c: tuple[float, ...] = ()
    voltages_v: tuple[float, ...] = ()
    currents_a: tuple[float, ...] = ()
    gripper_percent: float | None = None
    speed_limit_percent: int = 100
    """The last `LimitSpeed` in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TighteningResult:
    """One rundown as the controller reports it. Torque is always in newton metres, whatever the controller sends."""

    device: str
    t_mono_s: float
    tightening_id: int
    controller_serial: str
    tool_serial: str
    pset: int
    ok: bool
    torque_nm: float
    angle_deg: float
    torque_status: str
    """`low`, `ok` or `high`."""
    angle_status: str
    """`low`, `ok` or `high`."""
    torque_min_nm: float
    torque_max_nm: float
    torque_target_nm: float
    angle_min_deg: float
    angle_max_deg: float
    error_bits: tuple[str, ...]
    """Names of the tightening error status bits, empty when the revision has none."""
    result_type: str = "tightening"
    """`tightening`, `loosening`, or another word of the controller's; where it says nothing, `tightening`."""
    job: int | None = 0
    """The controller's job, 0 where none runs; None where its results do not tell."""
    batch_size: int = 0
    batch_counter: int = 0
    batch_status: str = "unused"
    """`nok` (not completed), `ok`, `unused` or `running`."""
    vin: str = ""
    """The identifier that the controller had, empty where it says none."""
    asked_back: bool = False
    """Fetched from the controller's archive after a gap, not pushed when it was measured."""
    controller_time: str
    """The controller's own clock, `YYYY-MM-DD:HH:MM:SS`, in the controller's time zone."""
    raw: bytes
    """The whole message as received, header included, without framing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsLost:
    """Rundowns that the controller has counted and cannot tell any more. Nobody knows what they were: never OK."""

    device: str
    t_mono_s: float
    controller_serial: str
    first_id: int
    last_id: int
    """Equal to `first_id` for a single one."""
    reason: str
    """One sentence for the technician."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSeen:
    """The controller's latest result when nothing of it was on record yet: what comes later can be asked back."""

    device: str
    t_mono_s: float
    controller_serial: str
    latest_id: int
    """0 for an empty archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TighteningTrace:
    """The curve of one rundown, as the controller sampled it."""

    device: str
    t_mono_s: float
    controller_serial: str
    tightening_id: int
    controller_time: str
    every_s: float
    """Time between two samples."""
    torque_nm: tuple[float, ...]
    angle_deg: tuple[float, ...]
    """As many as `torque_nm`; empty where the controller sends no angle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolInputs:
    """The controller's digital inputs, where a socket tray is wired to. Sent on connecting and at every change."""

    device: str
    t_mono_s: float
    high: tuple[int, ...]
    """Numbers (from 1) of the inputs that are high, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRead:
    """A peak that a reference transducer read. For the verification of a tool; no event of a visit."""

    device: str
    t_mono_s: float
    value_nm: float
    count: int | None
    """Its own running number, where it has one."""
    over: bool
    """It says that it is saturated."""
    line: str
    """As it was sent."""


DriverEvent = (
    Connected
    | Disconnected
    | CommandDone
    | CommandFailed
    | DeviceHealth
    | CobotPosture
    | CobotStatus
    | TighteningResult
    | ResultsLost
    | ArchiveSeen
    | TighteningTrace
    | ToolInputs
    | ReferenceRead
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveJoints:
    """Go to these joint angles. Motion is a lease: without `renew_lease` for `lease_s` the driver stops the arm.

    Sent to the arm once, whatever becomes of it. It ends in CommandDone when the arm stands at `angles_deg`.
    """

    command_id: str
    angles_deg: tuple[float, ...]
    speed_percent: int
    """Of what the arm can do, 1 to 100; `LimitSpeed` lowers it further."""
    through_deg: tuple[tuple[float, ...], ...] = ()
    """Postures on the way, in order. The arm comes close to each and need not rest there."""
    lease_s: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMotion:
    """Stop now. Overtakes everything else that waits, and is never queued behind an exchange."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSpeed:
    """Let every motion, also the one under way, be this much slower: 100 is no limit. Forgotten on reconnecting."""

    command_id: str
    percent: int
    """1 to 100, of the speed that each motion asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetColour:
    """Show a colour on the arm's lamp."""

    command_id: str
    rgb: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGripper:
    """Open or close the gripper. It moves, so it is sent once."""

    command_id: str
    open_percent: int
    """0 closed, 100 open."""
    speed_percent: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDrive:
    """Let a person move the arm by hand, or hold its place again. An arm without brakes sinks: somebody holds it."""

    command_id: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearStop:
    """A person has looked and wants the arm ready again: clear errors, unlock a protective stop, power, brakes.

    No joint moves. It ends in CommandDone when the arm says that it takes motion.
    """

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOff:
    """Take the power off the arm's joints. An arm without brakes sinks."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetToolFrame:
    """Tell the arm where the tip of its tool is, in the flange frame, so that its own coordinates are the tip's.

    Ends in CommandDone when the arm has confirmed it. R = Rz(yaw) Ry(pitch) Rx(roll).
    """

    command_id: str
    at_mm: tuple[float, float, float]
    rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


CobotCommand = (
    MoveJoints | StopMotion | LimitSpeed | SetColour | MoveGripper | FreeDrive | ClearStop | PowerOff | SetToolFrame
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTool:
    """Select the parameter set (or the job that contains it), then enable the tool. Repeating it is harmless."""

    command_id: str
    pset: int
    job: int | None = None
    """Select this job instead: the controller then chooses among its parameter sets itself."""
    batch_size: int | None = None
    """Set the pset's batch to this many first, so that the controller locks itself when they are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisarmTool:
    """Disable the tool. Overtakes waiting commands."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeResult:
    """Tell the controller that this result is safely on disk. Only after it may the controller forget the result."""

    command_id: str
    tightening_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyWork:
    """Tell the controller what is being worked on, so that its results carry it. Kept over reconnects."""

    command_id: str
    identifier: str
    """A VIN, or any text of up to 25 characters."""


ToolCommand = ArmTool | DisarmTool | AcknowledgeResult | IdentifyWork

Command = CobotCommand | ToolCommand


class Conversation(Protocol):
    """One device's protocol as a state machine: bytes, time and commands in; bytes and events out. Not thread-safe.

    `now_s` never goes backwards. After `link_down` the conversation forgets half messages and fails what is in flight
    with outcome UNKNOWN (what was not yet sent: REFUSED). `link_up` starts the handshake.
    """

    device: str

    def link_up(self, now_s: float) -> None:
        """The line is open: begin the handshake."""

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone: fail what is in flight, emit `Disconnected` once."""

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""

    def advance(self, now_s: float) -> None:
        """Let time pass: deadlines, polls, keep-alive, leases."""

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest; None = not before something arrives."""

    def submit(self, command: Command, now_s: float) -> None:
        """Take a command. Raises CommandError for one that is not of this device or out of range."""

    def renew_lease(self, now_s: float) -> None:
        """The caller is alive and still wants the motion that it asked for. No meaning for a tool."""

    def take_output(self) -> bytes:
        """Bytes to write now; empty when there are none. Taking them empties the store."""

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call, oldest first."""

    def wants_hangup(self) -> str | None:
        """A reason to close the line and open it again (peer silent too long, protocol broken), or None."""

    def farewell(self, now_s: float) -> bytes:
        """Last bytes before the owner closes the line for good: leave the device safe. Empty when there are none."""


class Link(Protocol):
    """An open byte line. Reads and writes never block for longer than a few milliseconds."""

    def fileno(self) -> int:
        """A descriptor that `select` can wait on."""

    def read_available(self) -> bytes:
        """All bytes that wait, empty when none. Raises LinkError when the line is gone."""

    def write(self, data: bytes) -> None:
        """Write all of it. Raises LinkError when the line is gone."""

    def close(self) -> None:
        """Close; may be called twice."""


class DeviceSimulator(Protocol):
    """The far end of a line: a simulated device that speaks the vendor's bytes. No I/O, no clock, not thread-safe.

    The seven fault words are those of PX4: `off stuck garbage wrong slow delayed intermittent`.
    """

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the station's side."""

    def advance(self, now_s: float) -> None:
        """Let time pass: motions, rundowns, delayed answers."""

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""

    def take_output(self) -> bytes:
        """Bytes for the station's side."""

    def fail(self, word: str) -> None:
        """Begin to fail in one of the seven ways; `ok` ends it. Raises ValueError for a word it cannot do."""
