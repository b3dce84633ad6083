"""An arm whose joint zeros were measured: everybody above speaks of true angles, and the arm never hears of them."""

import pytest
from cobot_rig import rig

from drivers.api import CobotPosture, CommandDone, CommandError, MoveJoints
from drivers.cobot.joint_zeros import JointZeros
from drivers.cobot.mycobot280.driver import MyCobot280

OFFSET_DEG = (0.3, -0.4, 0.2, 0.5, -0.3, 0.6)
GOAL_DEG = (10.0, -20.0, 30.0, 5.0, -15.0, 25.0)
HALF_DEG = (5.0, -10.0, 15.0, 2.5, -7.5, 12.5)


def test_the_arm_goes_to_the_true_angles_and_tells_them():
    with rig(driver=JointZeros(MyCobot280(), OFFSET_DEG)) as bench:
        bench.connect()
        end = bench.finish(MoveJoints(command_id="c1", angles_deg=GOAL_DEG, through_deg=(HALF_DEG,), speed_percent=40))
        assert isinstance(end, CommandDone)
        bench.wait(1.0)
        assert bench.seen(CobotPosture)[-1].angles_deg == pytest.approx(GOAL_DEG, abs=0.2)
        own = tuple(goal - off for goal, off in zip(GOAL_DEG, OFFSET_DEG, strict=True))
        assert bench.simulator.angles_deg == pytest.approx(own, abs=0.2)


def test_a_posture_of_five_joints_is_refused_in_words():
    arm = JointZeros(MyCobot280(), OFFSET_DEG)
    with pytest.raises(CommandError, match="6 joint angles"):
        arm.submit(MoveJoints(command_id="c1", angles_deg=(0.0,) * 5, speed_percent=20), 0.0)
