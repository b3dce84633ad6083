"""A real bench's stand: pictures from after the question, joints held again whatever happens, no lens board asked."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from calibration.bench_work import TouchGoal
from calibration.flange_record import FlangeRecord
from calibration.observations import CalibrationError
from drivers.api import CobotCommand, CobotPosture, CommandDone, CommandFailed, FreeDrive, MoveJoints, Outcome
from station.commands.arm_line import ArmLine
from station.commands.live_stand import AskedTechnician, LiveStand, typed_line
from station.motion.plan import Leg
from vision.api import Frame
from vision.cameras.source import CameraError, FrameSource

GOAL = TouchGoal(place="tag 1", at_mm=(470.0, 240.0, 0.0), lean_deg=26.0)


@dataclass
class ScriptedLine:
    """Takes every command, or refuses all."""

    refuses: bool = False
    sent: list[CobotCommand] = field(default_factory=list)
    posture: CobotPosture | None = None

    def command_id(self) -> str:
        return f"line-{len(self.sent) + 1}"

    def finish(self, command: CobotCommand) -> CommandDone | CommandFailed:
        self.sent.append(command)
        if self.refuses:
            return CommandFailed(
                device="cobot",
                command_id=command.command_id,
                t_mono_s=0.0,
                outcome=Outcome.REFUSED,
                code="cobot.not_powered",
                detail="the joints have no power",
            )
        return CommandDone(device="cobot", command_id=command.command_id, t_mono_s=0.0)


class ScriptedCamera:
    """Frames stamped as told, then nothing."""

    def __init__(self, stamps_s: list[float], *, lost: bool = False) -> None:
        self._stamps_s, self._lost = stamps_s, lost

    def read(self) -> Frame | None:
        if self._lost:
            raise CameraError("camera.lost", "Camera top gives no picture; check its cable.")
        if not self._stamps_s:
            return None
        level = len(self._stamps_s)
        return Frame(
            camera="top", seq=level, t_mono_s=self._stamps_s.pop(0), image=np.full((4, 6, 3), level, dtype=np.uint8)
        )

    def close(self) -> None:
        pass


def _stand(line: ScriptedLine, camera: ScriptedCamera, now_s: float = 10.0) -> LiveStand:
    return LiveStand(cast(ArmLine, line), {"top": cast(FrameSource, camera)}, lambda: now_s)


def test_a_picture_is_from_after_the_question() -> None:
    """Frames that a driver still had in its buffer show the arm on its way."""
    picture = _stand(ScriptedLine(), ScriptedCamera([9.7, 9.9, 10.1])).picture("top")
    assert picture.t_s == 10.1
    assert picture.grey.shape == (4, 6) and picture.grey[0, 0] == 1


def test_a_camera_that_gives_none_ends_the_run_in_a_sentence() -> None:
    for camera in (ScriptedCamera([9.0, 9.5]), ScriptedCamera([], lost=True)):
        with pytest.raises(CalibrationError, match="cable") as caught:
            _stand(ScriptedLine(), camera).picture("top")
        assert caught.value.code == "calibration.no_picture"


def test_a_leg_is_one_command_with_its_postures_on_the_way() -> None:
    line = ScriptedLine()
    points = tuple((float(k), 0.0, 0.0, 0.0, 0.0, 0.0) for k in range(4))
    assert _stand(line, ScriptedCamera([])).go(Leg(points_deg=points, speed_percent=20)) is None
    (sent,) = line.sent
    assert isinstance(sent, MoveJoints)
    assert sent.angles_deg == points[3] and sent.through_deg == points[1:3] and sent.speed_percent == 20
    failed = _stand(ScriptedLine(refuses=True), ScriptedCamera([])).go(Leg(points_deg=points, speed_percent=20))
    assert failed is not None and failed.code == "cobot.not_powered"


def test_the_joints_are_held_again_whatever_happens(tmp_path: Path) -> None:
    line, said = ScriptedLine(), list[str]()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        AskedTechnician(cast(ArmLine, line), said.append, interrupted, FlangeRecord(tmp_path)).lead_to(GOAL)
    freed = [command.on for command in line.sent if isinstance(command, FreeDrive)]
    assert freed == [True, False]
    assert "sinks" in said[0] and "tag 1" in said[0] and "26 degrees" in said[0]


def test_an_arm_that_cannot_be_freed_is_no_touch(tmp_path: Path) -> None:
    waited: list[int] = []
    hands = AskedTechnician(
        cast(ArmLine, ScriptedLine(refuses=True)), lambda _: None, lambda: waited.append(1), FlangeRecord(tmp_path)
    )
    with pytest.raises(CalibrationError, match="no power") as caught:
        hands.lead_to(GOAL)
    assert caught.value.code == "calibration.cannot_touch"
    assert waited == []


def test_the_lens_board_is_another_commands(tmp_path: Path) -> None:
    hands = AskedTechnician(cast(ArmLine, ScriptedLine()), lambda _: None, lambda: None, FlangeRecord(tmp_path))
    with pytest.raises(CalibrationError, match="station calibrate camera top") as caught:
        hands.hold_board("top", 0, 14)
    assert caught.value.code == "calibration.no_lens"


def test_an_arm_that_has_not_told_for_long_is_nowhere() -> None:
    """An old posture would be paired with the pictures or the touch of now."""
    told = CobotPosture(device="cobot", t_mono_s=9.8, angles_deg=(0.0,) * 6, moving=False)
    line = ScriptedLine(posture=told)
    assert _stand(line, ScriptedCamera([]), now_s=10.0).posture() is told
    assert _stand(line, ScriptedCamera([]), now_s=10.4).posture() is None


def test_before_the_arm_goes_the_hands_are_asked_away_and_waited_for(tmp_path: Path) -> None:
    told: list[str] = []

    def enter() -> None:
        told.append("Enter")

    hands = AskedTechnician(cast(ArmLine, ScriptedLine()), told.append, enter, FlangeRecord(tmp_path))
    hands.lead_off()
    hands.stand_clear("over J1")
    assert "let go" in told[0] and told[2] == "Enter" and len(told) == 3
    assert told[1].startswith("Take your hands away") and told[1].endswith("Enter: the arm goes to over J1.")


@pytest.mark.parametrize(("typed", "what"), [("b", "board"), (" P ", "pointer")])
def test_what_the_arm_carries_is_asked(typed: str, what: str, tmp_path: Path) -> None:
    record = FlangeRecord(tmp_path)
    hands = AskedTechnician(cast(ArmLine, ScriptedLine()), lambda _: None, lambda: typed, record)
    assert hands.on_flange() == what == record.what()


@pytest.mark.parametrize("typed", ["", "yes", None])
def test_an_arm_of_which_nobody_says_what_it_carries_does_not_move(typed: str | None, tmp_path: Path) -> None:
    hands = AskedTechnician(cast(ArmLine, ScriptedLine()), lambda _: None, lambda: typed, FlangeRecord(tmp_path))
    with pytest.raises(CalibrationError, match="neither b nor p") as caught:
        hands.on_flange()
    assert caught.value.code == "calibration.flange_unknown"


def test_a_closed_terminal_is_no_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("b\n\n"))
    assert typed_line() == "b" and typed_line() == ""
    with pytest.raises(CalibrationError) as caught:
        typed_line()
    assert caught.value.code == "calibration.nobody"


def test_a_board_that_may_be_on_is_on_until_the_pointer_is(tmp_path: Path) -> None:
    """It should be on disk before it is put on, and the pointer only after; what cannot be read is the board."""
    record, seen = FlangeRecord(tmp_path / "store"), list[str]()
    hands = AskedTechnician(cast(ArmLine, ScriptedLine()), lambda _: None, lambda: seen.append(record.what()), record)
    assert record.what() == "pointer"
    for what in ("board", "board away", "pointer"):
        hands.put_on(what)
    assert seen == ["board", "board", "board"] and record.what() == "pointer"
    (tmp_path / "store" / "on-flange.txt").write_bytes(b"\xff")
    assert FlangeRecord(tmp_path / "store").what() == "board"
