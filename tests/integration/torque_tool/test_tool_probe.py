"""Looking at a controller without changing anything, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from scripted import Answer, accepted, of, refused, result, silent

from drivers.api import CommandError, DisarmTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.messages import encode_ids
from drivers.torque_tool.open_protocol.probe import Probe
from drivers.torque_tool.open_protocol.probe_report import ProbeReport
from drivers.torque_tool.open_protocol.protocol import Message

READS = {1, 3, 6, 10, 12, 30, 40, 64, 80, 9999}


def up_to(highest: int, answer: Answer, otherwise: int = 97) -> Answer:
    return lambda message: answer(message) if message.revision <= highest else refused(otherwise)(message)


def answers(**more: Answer) -> dict[int, Answer]:
    table: dict[int, Answer] = {
        1: up_to(5, lambda message: [of(2, message.revision, controller_name="Probe me", controller_serial="C1")]),
        3: accepted,
        40: up_to(2, lambda message: [of(41, message.revision, tool_serial="T1")]),
        10: lambda message: [Message(mid=11, data=encode_ids((7, 12), count_width=3, id_width=3))],
        12: lambda message: [of(13, pset=int(message.data), torque_min_nm=8.1, torque_max_nm=9.9, torque_target_nm=9.0,
                                angle_min_deg=20, angle_max_deg=80, name="Door")],
        30: up_to(1, lambda message: [Message(mid=31, data=encode_ids((3,), count_width=2, id_width=2))]),
        80: lambda message: [of(81, time="2026-01-01:00:01:00")],
        64: up_to(2, lambda message: [result(5, message.revision, 65)]),
        9999: lambda message: [message],
    }  # fmt: skip
    return {**table, **{int(name[1:]): answer for name, answer in more.items()}}


class Visit:
    """A probe and a table of answers on a TCP line; it closes behind some answers, and instead of others."""

    def __init__(
        self, table: dict[int, Answer], closes_after: Sequence[bytes] = (), closes_over: Sequence[int] = ()
    ) -> None:
        self.table = table
        self.closes_over = closes_over
        self.closes_after = closes_after
        self.sent: list[Message] = []
        self.probe = Probe(carriage="tcp", wall_clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        self.now_s = 0.0
        self._ear = FrameParser(Carriage.TCP, Side.INTEGRATOR)

    def run(self) -> ProbeReport:
        up = False
        for _ in range(1000):
            if self.probe.report is not None:
                return self.probe.report
            if not up:
                self._ear.clear()
                self.probe.link_up(self.now_s)
                up = True
            messages = self._ear.feed(self.probe.take_output())
            if not messages:
                self.now_s += 1.0
                self.probe.advance(self.now_s)
            for message in messages:
                self.sent.append(message)
                if message.mid in self.closes_over:
                    self.probe.link_down(self.now_s, "closed")
                    up = False
                    break
                for answer in self.table.get(message.mid, refused(99))(message):
                    self.probe.received(frame(answer, Carriage.TCP, Side.CONTROLLER), self.now_s)
                    if answer.data in self.closes_after:
                        self.probe.link_down(self.now_s, "closed")
                        up = False
        raise AssertionError("the probe never ends")


def test_it_finds_what_there_is_and_changes_nothing() -> None:
    """It should name revisions, sets with windows, jobs and the clock, and send nothing that acts."""
    visit = Visit(answers())
    report = visit.run()
    assert report.start_revisions == (1, 2, 3, 4, 5)
    assert report.tool_revisions == (1, 2)
    assert report.old_result_revisions == (1, 2)
    assert report.psets == (7, 12)
    assert [(window.pset, window.torque_min_nm, window.angle_max_deg) for window in report.windows] == [
        (7, 8.1, 80.0), (12, 8.1, 80.0)
    ]  # fmt: skip
    assert report.jobs == (3,)
    assert report.clock_difference_s == 60.0
    assert len(report.round_trips_s) == 5 and report.round_trip_s == 0.0
    assert (report.identity["controller_name"], report.identity["tool_serial"]) == ("Probe me", "T1")
    assert report.notes == ()
    assert {message.mid for message in visit.sent} <= READS
    assert visit.sent[-1].mid == 3
    with pytest.raises(CommandError):
        visit.probe.submit(DisarmTool(command_id="off"), 0.0)


def test_a_controller_that_closes_after_97_is_found_out_all_the_same() -> None:
    """It should go on over every closed line."""
    report = Visit(answers(), closes_after=(b"000197", b"006497")).run()
    assert report.start_revisions == (1, 2, 3, 4, 5)
    assert report.old_result_revisions == (1, 2)
    assert report.reached


def test_a_controller_that_speaks_one_revision_alone() -> None:
    """It should find just that one, and old results by their id where 0064 is unknown."""

    def only(revision: int, answer: Answer) -> Answer:
        return lambda message: answer(message) if message.revision == revision else refused(97)(message)

    table = answers(
        m1=only(6, lambda message: [of(2, 6, controller_serial="C1", sequence_numbers=0)]),
        m30=only(2, lambda message: [Message(mid=31, revision=2, data=encode_ids((4, 5), count_width=4, id_width=4))]),
        m64=refused(99),
        m12=refused(99),
        m6=lambda message: [Message(mid=1201)],
    )
    report = Visit(table).run()
    assert report.start_revisions == (6,)
    assert report.jobs == (4, 5)
    assert (report.old_result_revisions, report.old_results_by_id) == ((), True)
    assert report.windows == ()


def test_a_controller_with_another_client_is_left_alone() -> None:
    """It should say so after one question."""
    visit = Visit(answers(m1=refused(96)))
    report = visit.run()
    assert report.other_client and not report.reached
    assert "disconnect the other client" in report.notes[0]
    assert [message.mid for message in visit.sent] == [1]


def test_nothing_answers() -> None:
    """It should end after the first silence."""
    report = Visit(answers(m1=silent)).run()
    assert not report.reached
    assert "Nothing answers" in report.notes[0]


def test_a_controller_that_takes_no_revision() -> None:
    """It should say that after asking for all."""
    report = Visit(answers(m1=refused(97))).run()
    assert "takes no revision" in report.notes[0]


def test_silence_and_nonsense_on_the_way_are_notes() -> None:
    """It should go on after a question without an answer, and after an answer that cannot be read."""
    table = answers(
        m80=lambda message: [of(81, time="soon")],
        m10=lambda message: [Message(mid=11, data=b"xx")],
        m30=silent,
        m40=lambda message: [Message(mid=41, data=b"01")],
    )
    report = Visit(table).run()
    assert report.clock_difference_s is None
    assert report.psets == () and report.jobs == ()
    assert len(report.notes) >= 3
    assert report.old_result_revisions == (1, 2)


def test_a_controller_that_closes_after_goodbye_is_asked_on_a_new_line() -> None:
    """It should take that for what it is."""
    report = Visit(answers(), closes_after=(b"0003",)).run()
    assert report.start_revisions == (1, 2, 3, 4, 5)
    assert report.notes == ()


def test_a_line_that_is_lost_over_a_question_is_a_note() -> None:
    """It should try once more, go on with the next question, and not try for ever."""
    report = Visit(answers(), closes_over=(80,)).run()
    assert report.clock_difference_s is None
    assert report.notes == ("The line was lost over MID 0080 revision 1.",)
    assert report.old_result_revisions == (1, 2)
    hopeless = Visit(answers(), closes_over=(12, 30, 40, 64, 80, 9999)).run()
    assert "The line was lost" in hopeless.notes[-1] and "closed" in hopeless.notes[-1]
