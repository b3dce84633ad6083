"""What single pictures say of a taught check becomes a fact by votes, and only then."""

from vision.api import CameraState, CheckObservation, FactValue, FrameAnalysis
from vision.bench import Bench, Body, WatchCheck
from vision.facts import FactBoard
from vision.geometry import looking_at

CAMERAS = tuple(
    looking_at(name, position_mm=(0, 0, 900), target_mm=(0, 0, 0), focal_px=1000) for name in ("top", "side")
)
BENCH = Bench(cameras=CAMERAS, fixture=Body(name="fixture", tags=()), bodies=(), joints=(), zones=())
SEATED = WatchCheck(fact="lid seated", check="lid", state="seated")
P, A, U = FactValue.PRESENT, FactValue.ABSENT, FactValue.UNKNOWN


def picture(t_s: float, state: str, camera: str = "top", reason: str = "") -> FrameAnalysis:
    said = CheckObservation(check="lid", state=state, score=0.9, reason=reason, model="m1")
    return FrameAnalysis(camera=camera, seq=1, t_mono_s=t_s, state=CameraState.GOOD, checks=(said,))


def after(*pictures: FrameAnalysis) -> tuple[FactValue, str]:
    board = FactBoard(BENCH, (SEATED,))
    for analysis in pictures:
        board.update(analysis)
    (reading,) = board.readings()
    return reading.value, reading.text


def test_two_pictures_that_agree_make_a_fact_and_one_does_not() -> None:
    """It should be UNKNOWN after one picture, PRESENT after two, ABSENT when another state is seen."""
    assert after(picture(0.0, "seated"))[0] is U
    assert after(picture(0.0, "seated"), picture(0.1, "seated"))[0] is P
    assert after(picture(0.0, "raised"), picture(0.1, "none"))[0] is A


def test_what_cannot_tell_says_why() -> None:
    """It should give the reason of the newest picture that cannot tell."""
    assert after(picture(0.0, "seated"), picture(0.1, "seated"), picture(0.2, "", reason="blurred")) == (U, "blurred")


def test_contradicting_pictures_and_cameras_make_no_fact() -> None:
    """It should be UNKNOWN while a camera's last pictures contradict each other, or two cameras do."""
    assert after(picture(0.0, "seated"), picture(0.1, "raised"), picture(0.2, "seated")) == (U, "undecided")
    both = [picture(0.0, "seated"), picture(0.01, "raised", "side")]
    again = [picture(0.1, "seated"), picture(0.11, "raised", "side")]
    assert after(*both, *again) == (U, "cameras disagree")
    one_blind = [picture(0.0, "seated"), picture(0.01, "", "side"), picture(0.1, "seated"), picture(0.11, "", "side")]
    assert after(*one_blind)[0] is P
