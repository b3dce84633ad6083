"""Paths and speed limits: targets that go out once, one after another, and an arm that follows without resting."""

from itertools import pairwise

import pytest
from cobot_rig import CobotRig, rig

from drivers.api import CobotPosture, CommandDone, CommandFailed, LimitSpeed, MoveJoints, Outcome, StopMotion
from drivers.cobot.mycobot280.protocol import Cmd, Frame, request_values

START = (0.0,) * 6
CORNER = (60.0, 0.0, 0.0, 0.0, 0.0, 0.0)
GOAL = (60.0, 50.0, 0.0, 0.0, 0.0, 0.0)


def path(command_id: str, *postures_deg: tuple[float, ...], speed: int = 40, lease_s: float = 0.3) -> MoveJoints:
    return MoveJoints(
        command_id=command_id,
        angles_deg=postures_deg[-1],
        through_deg=postures_deg[:-1],
        speed_percent=speed,
        lease_s=lease_s,
    )


def targets(bench: CobotRig) -> list[tuple[float, ...]]:
    """Angles and speed of every target that the arm has heard."""
    frames = [Frame(cmd=data[0], payload=data[1:]) for data in bench.simulator.motions]
    assert all(frame.cmd == Cmd.SEND_ANGLES for frame in frames)
    return [request_values(frame) for frame in frames]


def off(angles: tuple[float, ...], posture: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(angles, posture, strict=True))


@pytest.mark.parametrize("ack", ["modern", "legacy"])
@pytest.mark.parametrize("speed", [5, 40, 100])
def test_an_arm_follows_its_path_around_a_corner(ack: str, speed: int) -> None:
    """It should come close to the corner, end at the goal, and never hear of a target twice."""
    with rig(ack=ack) as bench:
        bench.connect()
        bench.submit(path("p", CORNER, GOAL, speed=speed))
        nearest = 99.0
        while bench.end_of("p") is None:
            bench.tick()
            nearest = min(nearest, off(bench.simulator.angles_deg, CORNER))
        assert isinstance(bench.end_of("p"), CommandDone)
        assert nearest <= 3.5
        assert bench.simulator.angles_deg == pytest.approx(GOAL)
        sent = targets(bench)
        assert len(sent) == len(set(sent)) >= 2
        assert sent[-1] == (*GOAL, speed)


def test_a_straight_way_is_gone_without_resting_on_it() -> None:
    """It should give the arm each next target before it brakes for the one before."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", (40, 0, 0, 0, 0, 0), (80, 0, 0, 0, 0, 0), (120, 0, 0, 0, 0, 0)))
        speeds = []
        while bench.end_of("p") is None:
            bench.tick()
            if 20 < bench.simulator.angles_deg[0] < 100:
                speeds.append(bench.simulator.arm.joints.speeds_deg_s[0])
        assert min(speeds) > 0.9 * 60
        assert len(targets(bench)) > 4


def test_each_piece_is_sent_after_a_posture_that_is_close_to_the_last_one() -> None:
    """It should let the arm run ahead of what it reports by one piece and the way it needs to brake, no more."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", (150, 0, 0, 0, 0, 0)))
        ahead = []
        while bench.end_of("p") is None:
            before = len(targets(bench))
            bench.tick()
            if len(targets(bench)) > before > 0:
                ahead.append(targets(bench)[-1][0] - bench.simulator.angles_deg[0])
        assert ahead
        assert max(ahead) < 60 * 0.25 + 60**2 / 400 + 60 * 0.1 + 1


def test_an_arm_that_hears_nothing_more_stops_by_itself() -> None:
    """It should have been told of half a second's way only, whatever happens to the station."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", (150, 0, 0, 0, 0, 0)))
        bench.until(lambda: bench.simulator.angles_deg[0] > 20)
        here = bench.simulator.angles_deg[0]
        for _ in range(300):
            bench.now_s += 0.01
            bench.port.pump(bench.now_s)
        assert not bench.simulator.moving
        assert bench.simulator.angles_deg[0] - here < 35


def test_a_lower_limit_slows_the_motion_under_way() -> None:
    """It should say done at once, and have the arm slow within a third of a second without repeating a target."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", (150, 0, 0, 0, 0, 0)))
        bench.until(lambda: bench.simulator.angles_deg[0] > 30)
        assert isinstance(bench.finish(LimitSpeed(command_id="l", percent=25), limit_s=0.05), CommandDone)
        bench.wait(0.33)
        assert bench.simulator.arm.joints.speeds_deg_s[0] <= 0.25 * 60 + 0.1
        bench.finish(LimitSpeed(command_id="u", percent=100))
        bench.wait(0.8)
        assert bench.simulator.arm.joints.speeds_deg_s[0] == pytest.approx(60, abs=1)
        bench.until(lambda: bench.end_of("p"))
        assert isinstance(bench.end_of("p"), CommandDone)
        sent = targets(bench)
        assert {target[6] for target in sent} == {40, 10}
        assert len({target[:6] for target in sent}) == len(sent)
        assert all(one[0] < other[0] for one, other in pairwise(sent))


def test_a_limit_counts_for_motions_that_come_and_ends_with_the_line() -> None:
    """It should slow what is asked for later, never to nothing, and forget the limit when the arm connects anew."""
    with rig() as bench:
        bench.connect()
        bench.finish(LimitSpeed(command_id="l", percent=1))
        bench.finish(path("a", (1.5, 0, 0, 0, 0, 0), speed=40))
        assert targets(bench)[-1][6] == 1
        bench.port.unplug()
        bench.wait(0.1)
        bench.port.plug_in()
        bench.events.clear()
        bench.connect()
        bench.finish(path("b", (5, 0, 0, 0, 0, 0), speed=40))
        assert targets(bench)[-1][6] == 40


def test_limits_out_of_range_are_refused() -> None:
    """It should take no limit of 0 or of more than 100 percent."""
    with rig() as bench:
        bench.connect()
        for percent in (0, 101):
            end = bench.finish(LimitSpeed(command_id=f"l{percent}", percent=percent))
            assert isinstance(end, CommandFailed)
            assert end.code == "driver.command"


def test_a_posture_on_the_way_beyond_the_limits_refuses_the_whole_path() -> None:
    """It should send nothing of a path of which a single posture is not allowed."""
    with rig() as bench:
        bench.connect()
        end = bench.finish(path("p", (0, 140, 0, 0, 0, 0), GOAL))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.joint_limit")
        assert bench.simulator.motions == []


def test_a_stop_between_two_pieces_ends_the_path() -> None:
    """It should send no further target after a stop, and leave the arm far from the goal."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", CORNER, GOAL))
        bench.until(lambda: bench.simulator.angles_deg[0] > 25)
        heard = len(bench.simulator.motions)
        assert isinstance(bench.finish(StopMotion(command_id="s"), limit_s=1.5), CommandDone)
        bench.wait(2.0)
        assert len(bench.simulator.motions) == heard
        assert bench.simulator.angles_deg[0] < 45


def test_permission_to_move_expires_on_a_path_too() -> None:
    """It should stop between the pieces when nobody renews the lease, and send none after."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", CORNER, GOAL))
        bench.until(lambda: bench.simulator.angles_deg[0] > 25)
        bench.lease = False
        bench.simulator.stops = 0
        bench.until(lambda: bench.end_of("p"), limit_s=0.4)
        bench.tick()
        assert bench.simulator.stops
        end = bench.end_of("p")
        assert isinstance(end, CommandFailed)
        assert end.code == "cobot.lease_expired"
        heard = len(bench.simulator.motions)
        bench.until(lambda: not bench.simulator.moving, limit_s=1.0)
        bench.wait(1.0)
        assert len(bench.simulator.motions) == heard


@pytest.mark.parametrize("word", ["slow", "intermittent", "delayed"])
def test_a_bad_line_costs_time_and_no_target_twice(word: str) -> None:
    """It should come to the goal over a bad line, with every target sent once."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail(word)
        assert isinstance(bench.finish(path("p", CORNER, GOAL), limit_s=60.0), CommandDone)
        assert bench.simulator.angles_deg == pytest.approx(GOAL)
        assert len(targets(bench)) == len(set(targets(bench)))


def test_a_target_is_passed_only_by_postures_that_were_asked_for_after_it_was_sent() -> None:
    """It should not send the next target on the word of a posture that is older than the last one."""
    with rig(reply_s=0.1) as bench:
        bench.connect()
        bench.submit(path("p", (150, 0, 0, 0, 0, 0), speed=100))
        times: list[float] = []
        heard = 0
        while bench.end_of("p") is None:
            bench.tick()
            if len(bench.simulator.motions) > heard:
                heard = len(bench.simulator.motions)
                times.append(bench.now_s)
        assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))
        assert [p for p in bench.seen(CobotPosture) if p.moving]


def test_limits_that_sink_step_by_step_do_not_drive_the_target_away() -> None:
    """It should let the arm run ahead by a bounded way, however often the limit is lowered."""
    with rig() as bench:
        bench.connect()
        bench.submit(path("p", (160, 0, 0, 0, 0, 0)))
        bench.until(lambda: bench.simulator.angles_deg[0] > 10)
        for percent in range(99, 39, -1):
            bench.finish(LimitSpeed(command_id=f"l{percent}", percent=percent))
            assert targets(bench)[-1][0] - bench.simulator.angles_deg[0] < 50
