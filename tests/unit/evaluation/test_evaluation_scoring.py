"""The scorer's arithmetic on cases made by hand: what is said, what is true, and what must come of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.simulation.evaluation.poses import errors, inside_95
from station.simulation.evaluation.scoring import GRACE_S, Heard, Outcome, Verdict, episodes, judge
from station.simulation.evaluation.tally import guarded_failures, tally
from station.simulation.evaluation.truth import BodyTruth, Label, Moment, Truth
from station.simulation.evaluation.watching import SeenPose
from vision.api import FactReading, FactValue
from vision.geometry import Transform

PRESENT, ABSENT, UNKNOWN = FactValue.PRESENT, FactValue.ABSENT, FactValue.UNKNOWN
FACT = "fastener:J1"
KINDS = {FACT: "nut present", "code": "code"}


def truth(*labels: tuple[float, Label | None], fact: str = FACT, end_s: float = 10.0) -> Truth:
    moments = tuple(Moment(t_s=t_s, facts={fact: label} if label is not None else {}) for t_s, label in labels)
    return Truth(item="case", story="by hand", moments=moments, end_s=end_s)


def said(*values: tuple[float, FactValue], fact: str = FACT, text: str = "", end_s: float = 10.0) -> list[Heard]:
    """What holds from each time on, heard ten times a second."""
    heard = []
    for i in range(round(end_s * 10)):
        t_s = i / 10
        value = [value for since_s, value in values if since_s <= t_s + 1e-9][-1]
        reading = FactReading(fact=fact, value=value, t_mono_s=t_s, text=text)
        heard.append(Heard(t_s=t_s, readings={fact: reading}))
    return heard


def outcomes(verdicts: Sequence[Verdict]) -> list[Outcome]:
    return [verdict.outcome for verdict in verdicts]


THERE, GONE = Label(present=True), Label(present=False)


@pytest.mark.parametrize(
    ("label", "value", "outcome"),
    [
        (THERE, PRESENT, Outcome.TRUE_PRESENT),
        (THERE, ABSENT, Outcome.FALSE_ABSENT),
        (THERE, UNKNOWN, Outcome.UNKNOWN),
        (GONE, ABSENT, Outcome.TRUE_ABSENT),
        (GONE, PRESENT, Outcome.FALSE_PRESENT),
        (GONE, UNKNOWN, Outcome.UNKNOWN),
    ],
)
def test_what_is_said_all_the_time_is_counted_once(label: Label, value: FactValue, outcome: Outcome) -> None:
    """It should give one verdict for one truth that lasts."""
    assert outcomes(judge(truth((0.0, label)), said((0.0, value)), KINDS)) == [outcome]


def test_one_wrong_word_is_enough() -> None:
    """It should count a false PRESENT that was said for a tenth of a second only, and say when."""
    heard = said((0.0, ABSENT), (5.0, PRESENT), (5.1, ABSENT))
    (verdict,) = judge(truth((0.0, GONE)), heard, KINDS)
    assert verdict.outcome is Outcome.FALSE_PRESENT
    assert verdict.said_s == pytest.approx(5.0)
    assert guarded_failures([verdict]) == (verdict,)


def test_a_change_may_be_told_within_the_grace_and_not_after_it() -> None:
    """It should take PRESENT that lingers for half a second after a nut is gone, and count it after one second."""
    case = truth((0.0, THERE), (5.0, GONE))
    soon, late = (judge(case, said((0.0, PRESENT), (5.0 + lag, ABSENT)), KINDS) for lag in (0.5, 1.0))
    assert outcomes(soon) == [Outcome.TRUE_PRESENT, Outcome.TRUE_ABSENT]
    assert soon[1].delay_s == pytest.approx(0.5)
    assert soon[1].lingered_s == pytest.approx(0.4)
    assert outcomes(late) == [Outcome.TRUE_PRESENT, Outcome.FALSE_PRESENT]


def test_early_words_are_wrong_words() -> None:
    """It should count PRESENT before the nut is there: no grace comes before a change."""
    verdicts = judge(truth((0.0, GONE), (5.0, THERE)), said((0.0, ABSENT), (4.9, PRESENT)), KINDS)
    assert outcomes(verdicts) == [Outcome.FALSE_PRESENT, Outcome.TRUE_PRESENT]


def test_a_change_of_view_is_no_excuse() -> None:
    """It should give no grace where only the view changed and the truth did not."""
    case = truth((0.0, GONE), (5.0, Label(present=False, visible=False)))
    assert outcomes(judge(case, said((0.0, ABSENT), (5.0, PRESENT), (5.2, UNKNOWN)), KINDS)) == [
        Outcome.TRUE_ABSENT,
        Outcome.FALSE_PRESENT,
    ]


def test_unknown_counts_where_a_person_could_see_and_time_was_enough() -> None:
    """It should hold UNKNOWN against the eyes only in a visible episode that lasts."""
    hidden = Label(present=True, visible=False)
    seen = judge(truth((0.0, THERE)), said((0.0, UNKNOWN)), KINDS)
    unseen = judge(truth((0.0, hidden)), said((0.0, UNKNOWN)), KINDS)
    short = judge(truth((0.0, THERE), end_s=1.0), said((0.0, UNKNOWN), end_s=1.0), KINDS)
    (counted,) = tally([*seen, *unseen, *short])
    assert (counted.unknown, counted.visible, counted.unknown_visible) == (2, 1, 1)
    assert counted.unknown_share == 1.0
    assert counted.judged == 2


def test_what_nobody_labelled_is_not_scored() -> None:
    """It should leave out times without a label, and treat what comes after them as a change."""
    case = truth((0.0, GONE), (4.0, None), (6.0, THERE))
    first, second = episodes(case, FACT)
    assert (first.end_s, second.start_s, second.changed) == (4.0, 6.0, True)
    assert outcomes(judge(case, said((0.0, ABSENT), (4.0, PRESENT)), KINDS)) == [
        Outcome.TRUE_ABSENT,
        Outcome.TRUE_PRESENT,
    ]


def test_another_text_is_a_false_code() -> None:
    """It should count a code that is read as something else as said and not true."""
    case = truth((0.0, Label(present=True, text="A-1")), fact="code")
    right, wrong = (judge(case, said((0.0, PRESENT), fact="code", text=text), KINDS) for text in ("A-1", "A-7"))
    assert outcomes(right) == [Outcome.TRUE_PRESENT]
    assert outcomes(wrong) == [Outcome.FALSE_PRESENT]


@given(
    st.lists(st.sampled_from([PRESENT, ABSENT, UNKNOWN]), min_size=10, max_size=10),
    st.floats(0.0, 9.0),
    st.booleans(),
)
def test_no_false_present_hides(values: list[FactValue], change_s: float, first: bool) -> None:
    """It should find a false PRESENT exactly when PRESENT was said outside of the grace while the truth was absent."""
    case = truth((0.0, Label(present=first)), (change_s, Label(present=not first)))
    heard = said(*((float(i), value) for i, value in enumerate(values)))
    found = any(v.outcome is Outcome.FALSE_PRESENT for v in judge(case, heard, KINDS))
    gone = (0.0, change_s) if not first else (change_s + (GRACE_S if change_s > 0.0 else 0.0), 10.0)

    wrong = any(one.readings[FACT].value is PRESENT and gone[0] <= one.t_s < gone[1] for one in heard)
    assert found is wrong


def test_the_stated_uncertainty_is_checked_against_chance() -> None:
    """It should find 95 % of errors drawn from a covariance inside its region, and few when it claims half of it."""
    rng = np.random.default_rng(3)
    covariance = np.diag([0.3, 0.3, 0.9, 0.002, 0.002, 0.005]) ** 2
    true = Transform.of(10, 20, 30, 4, -8, 100)
    inside, boasting = 0, 0
    for error in rng.multivariate_normal(np.zeros(6), covariance, 600):
        turn = _turn(error[3:])
        said_pose = Transform(turn.T @ true.rotation, true.translation_mm - error[:3])
        inside += inside_95(true, said_pose, covariance)
        boasting += inside_95(true, said_pose, covariance / 4.0)
    assert 0.93 <= inside / 600 <= 0.97
    assert boasting / 600 < 0.6


def test_a_pose_is_measured_where_the_body_stood_still() -> None:
    """It should give the distance and the angle of the last pose, and nothing of a body on its way."""
    still, away = Transform.of(0, 0, 0), Transform.of(50, 0, 0)
    moments = (
        Moment(t_s=0.0, facts={}, bodies={"part": BodyTruth(bench_from_body=still, shown={"top": 0.7})}),
        Moment(t_s=5.0, facts={}, bodies={"part": BodyTruth(bench_from_body=away)}),
    )
    case = Truth(item="case", story="", moments=moments, end_s=6.0)
    poses = [
        SeenPose(t_s=t_s, body="part", cameras=("top",), bench_from_body=at, covariance=np.eye(6))
        for t_s, at in ((1.0, Transform.of(9, 0, 0)), (2.0, Transform.of(0, 3, 4, 0, 0, 2)), (5.1, away))
    ]
    from vision.geometry import looking_at

    camera = looking_at("top", position_mm=(0, 0, 900), target_mm=(0, 0, 0), focal_px=1000)
    (error,) = errors(case, poses, {"top": camera})
    assert error.off_mm == pytest.approx(5.0)
    assert error.off_deg == pytest.approx(2.0)
    assert error.shown == pytest.approx(0.7)
    assert error.distance_mm == pytest.approx(900.0)


def _turn(vector: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.Rodrigues(vector)[0])
