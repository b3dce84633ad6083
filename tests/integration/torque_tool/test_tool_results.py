"""No result is lost, doubled or released before it is on disk, whatever the controller and the line do."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from scripted import Answer, Scripted, accepted, of, refused, result, silent

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    CommandDone,
    CommandFailed,
    DeviceHealth,
    DisarmTool,
    ResultsLost,
    TighteningResult,
)
from drivers.torque_tool.open_protocol.controller_mtf import overall_messages
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF6000_28, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message


def archive(*ids: int) -> Answer:
    """0064 of a controller that counts up by one."""

    def tell(message: Message) -> list[Message]:
        wanted = int(message.data[:10])
        found = max(ids, default=None) if wanted == 0 else wanted
        if message.revision > 1:
            return list(refused(97)(message))
        return [result(found, mid=65)] if found in ids else list(refused(15)(message))

    return tell


def bench(last: int | None, answers: dict[int, Answer] | None = None, profile: ControllerProfile = GENERIC) -> Scripted:
    tool = OpenProtocolTool(carriage="tcp", profile=profile, last_seen_id={"C1": last}.get)
    return Scripted(tool, answers)


def acknowledge(rig: Scripted, tightening_id: int, name: str = "ack") -> None:
    rig.submit(AcknowledgeResult(command_id=f"{name} {tightening_id} {len(rig.events)}", tightening_id=tightening_id))


def losses(rig: Scripted) -> list[tuple[int, int]]:
    return [(event.first_id, event.last_id) for event in rig.seen(ResultsLost)]


def notes(rig: Scripted) -> list[str]:
    return [event.code for event in rig.seen(DeviceHealth)]


def test_missed_results_are_asked_back_in_order_and_say_so() -> None:
    """It should begin after the last one on disk, and mark what was not pushed."""
    rig = bench(10, {64: archive(9, 10, 11, 12)}).plug()
    assert rig.ids() == [11, 12]
    assert all(event.asked_back for event in rig.seen(TighteningResult))
    assert rig.mids(12) == [12]
    assert losses(rig) == []


def test_results_that_are_gone_are_told_as_lost_once() -> None:
    """It should name exactly the missing ids, and not again on the next connection."""
    rig = bench(10, {64: archive(13, 15)}).plug()
    assert rig.ids() == [13, 15]
    assert losses(rig) == [(11, 12), (14, 14)]
    [first, _] = rig.seen(ResultsLost)
    assert first.controller_serial == "C1"
    assert "results 11 to 12" in first.reason
    rig.unplug()
    rig.plug()
    assert losses(rig) == [(11, 12), (14, 14)]


def test_a_result_whose_limits_are_gone_is_lost_and_not_made_up() -> None:
    """It should not complete a result by guessing, and go on with the next."""
    answers = {64: archive(11, 12), 12: refused(2)}
    rig = bench(10, answers).plug()
    assert rig.ids() == []
    assert losses(rig) == [(11, 11), (12, 12)]
    assert "parameter set 7" in rig.seen(ResultsLost)[0].reason


def test_a_controller_without_old_results_says_what_that_means() -> None:
    """It should note it, connect, and tell a hole in the pushed ids as lost."""
    rig = bench(10, {64: refused(99)}).plug()
    assert "tool.no_old_results" in notes(rig)
    assert losses(rig) == []
    rig.say(result(13))
    assert rig.ids() == [13]
    assert losses(rig) == [(11, 12)]


def test_a_controller_that_was_reset_is_noted() -> None:
    """It should ask nothing back when its latest result is older than the one on disk, and count on from there."""
    rig = bench(10, {64: archive(1, 2)}).plug()
    assert notes(rig).count("tool.ids_went_back") == 1
    assert rig.ids() == []
    rig.answers[64] = archive(1, 2, 3, 4)
    rig.say(result(3))
    assert rig.ids() == [3]
    rig.unplug()
    rig.plug()
    assert rig.ids() == [3, 4]
    assert notes(rig).count("tool.ids_went_back") == 1


def test_what_is_pushed_while_asking_back_comes_in_order_and_once() -> None:
    """It should keep the pushed result until the older ones are there, and acknowledge it only when it is on disk."""
    rig = bench(10, {64: silent})
    rig.plug()
    rig.say(result(12), result(12))
    assert rig.ids() == []
    rig.answers[64] = archive(11, 12)
    rig.say(result(12, mid=65))
    assert rig.ids() == [11, 12]
    assert [event.asked_back for event in rig.seen(TighteningResult)] == [True, False]
    acknowledge(rig, 11)
    assert rig.mids(62) == []
    acknowledge(rig, 12)
    assert rig.mids(62) == [62]
    rig.say(result(12))
    assert rig.ids() == [11, 12, 12]


def test_a_late_push_of_what_was_asked_back_is_not_delivered_again() -> None:
    """It should release it at the controller as soon as the station has it on disk, and not before."""
    rig = bench(10, {64: archive(11, 12)}).plug()
    rig.say(result(12))
    assert rig.ids() == [11, 12]
    assert rig.mids(62) == []
    acknowledge(rig, 12)
    assert rig.mids(62) == [62]
    rig.say(result(12))
    assert rig.ids() == [11, 12]
    assert rig.mids(62) == [62, 62]


def test_an_id_that_is_left_out_on_a_good_line_is_asked_back_at_once() -> None:
    """It should not wait for the next connection when a push shows that one before it was lost on the line."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.say(result(11))
    rig.answers[64] = archive(10, 11, 12, 13)
    rig.say(result(13))
    assert rig.ids() == [11, 12, 13]


def test_the_first_result_of_an_empty_archive_may_have_been_lost_on_the_line() -> None:
    """It should ask the archive whether the first id that comes is the first one at all."""
    rig = bench(0).plug()
    rig.answers[64] = archive(101, 102)
    rig.say(result(102))
    assert rig.ids() == [101, 102]
    assert losses(rig) == []
    rig.say(result(103))
    assert rig.ids() == [101, 102, 103]


def damaged_once(sound: Answer, *damaged: Message) -> Answer:
    """Answers with these first, whatever is asked, and then as it should."""
    left = list(damaged)

    def tell(message: Message) -> list[Message]:
        answers = sound(message)
        return [left.pop(0)] if left and answers[0].mid != 4 else list(answers)

    return tell


@pytest.mark.parametrize(
    "damaged",
    [
        [result(9, mid=65)],
        [result(20_000_012, mid=65)],
        [Message(mid=65, data=b"0100000000120")],
        [result(12, mid=65), result(12, mid=65), result(99, mid=65)],
        [result(12, mid=65), result(12, mid=65), result(12, mid=65), result(12, mid=65)],
        [result(12, mid=65), result(12, mid=65), result(11, mid=65, torque_nm=5.0)],
        [result(12, mid=65), result(12, mid=65), result(11, mid=65, tightening_status=7)],
        [Message(mid=4, data=b"006417")],
    ],
    ids=[
        "latest too low",
        "latest too high",
        "cut off",
        "other id",
        "doubled answers",
        "contradicts",
        "code",
        "refusal",
    ],
)
def test_an_old_result_whose_answer_is_damaged_is_asked_for_again(damaged: list[Message]) -> None:
    """It should get every result when the next answer is sound, and lose none to the one that was not."""
    rig = bench(10, {64: damaged_once(archive(11, 12), *damaged)}).plug()
    assert (rig.ids(), losses(rig), notes(rig)) == ([11, 12], [], [])


def test_limits_whose_answer_is_damaged_are_asked_for_again() -> None:
    """It should not lose a result because of its parameter set's message."""
    sound = bench(10).answers[12]
    for damaged in (Message(mid=13, data=b"0100"), of(13, pset=8, torque_min_nm=8.1), of(13, pset=7)):
        rig = bench(10, {64: archive(11), 12: damaged_once(sound, damaged)}).plug()
        assert (rig.ids(), losses(rig), rig.mids(12)) == ([11], [], [12, 12])


def test_an_id_that_is_not_above_the_last_one_is_believed_when_it_comes_twice() -> None:
    """It should wait for the same push again, from a counter that was set back as from a damaged digit."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.say(result(11))
    acknowledge(rig, 11)
    rig.say(result(11))
    assert rig.ids() == [11, 11]
    for number in (11, 3):
        rig.say(result(number, torque_nm=8.9))
        assert rig.ids() == [11, 11]
    rig.say(result(12))
    assert rig.ids() == [11, 11, 12]
    rig.say(result(4), result(4), result(5), result(6))
    assert rig.ids() == [11, 11, 12, 4, 5, 6]
    assert losses(rig) == []


def test_the_first_id_of_an_empty_archive_is_held_against_it_too() -> None:
    """It should take the archive's word for the first result, and the push's when it comes a second time."""
    rig = bench(0).plug()
    rig.answers[64] = archive(1)
    rig.say(result(5))
    assert rig.ids() == [1]
    rig.say(result(5))
    assert rig.ids() == [1, 5]


def overall(last_id: int) -> Answer:
    """0006 of an MT Focus whose latest result is this one."""
    state = SimpleNamespace(controller_serial="C1", tool_serial="T1")
    values = read(result(last_id)) | {"result_type": 1, "station_id": 1, "pset_name": "P", "vin": ""}

    def tell(message: Message) -> list[Message]:
        wanted = int(message.data[29:39]) or last_id
        return overall_messages(values | {"tightening_id": wanted}, state)

    return tell


def test_a_result_that_is_pushed_once_and_lost_on_the_line_is_found_in_the_archive() -> None:
    """It should look for it without a reconnect or a later result, where nothing is acknowledged and so said again."""
    rig = bench(10, profile=MTF6000)
    rig.answers[6] = overall(10)
    rig.plug()
    rig.run(12.0)
    assert (rig.ids(), len(rig.mids(6))) == ([], 3)
    rig.answers[6] = overall(12)
    rig.run(6.0)
    assert (rig.ids(), losses(rig)) == ([11, 12], [])
    rig.answers[6] = refused(15)
    rig.run(20.0)
    assert notes(rig).count("tool.archive_empty") == 1


def test_an_id_far_off_does_not_make_a_thousand_losses() -> None:
    """It should not believe a pushed id that the archive contradicts before it comes a second time."""
    rig = bench(10, {64: archive(10, 11)}).plug()
    rig.say(result(1011))
    assert (rig.ids(), rig.mids(62)) == ([11], [])
    assert "tool.unreadable" in notes(rig)
    rig.say(result(1011))
    assert rig.ids() == [11, 1011]
    assert losses(rig) == []
    assert "tool.ids_disagree" in notes(rig)


def test_an_unreadable_result_is_not_acknowledged_and_asked_back_when_it_comes_no_more() -> None:
    """It should get the result from the archive 20 s after its last push."""
    rig = bench(10, {64: archive(10)}).plug()
    unreadable = Message(mid=61, data=result(11).data.replace(b"15000900", b"15      "))
    rig.say(unreadable)
    assert rig.ids() == []
    assert rig.mids(62) == []
    assert "tool.unreadable" in notes(rig)
    rig.answers[64] = archive(10, 11)
    rig.run(21.0)
    assert rig.ids() == [11]


def contradictory(tightening_id: int, mid: int = 61) -> Message:
    """5 N·m are called good in a window of 8.1 to 9.9 N·m."""
    return result(tightening_id, mid=mid, torque_nm=5.0)


def test_a_result_that_is_never_readable_is_lost_and_then_acknowledged() -> None:
    """It should tell it as lost, acknowledge it once that is on disk, and so let the controller go on."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.answers[64] = lambda message: [contradictory(11, mid=65)] if message.revision == 1 else refused(97)(message)
    rig.say(contradictory(11), contradictory(11))
    rig.run(21.0)
    assert (rig.ids(), losses(rig), rig.mids(62)) == ([], [(11, 11)], [])
    acknowledge(rig, 11)
    assert rig.mids(62) == [62]
    rig.say(result(12))
    assert (rig.ids(), losses(rig)) == ([12], [(11, 11)])


def test_a_result_that_is_never_readable_does_not_drop_the_line_for_ever() -> None:
    """It should acknowledge a copy that comes on the next connection, when the loss is on disk from the one before."""
    last = 10
    tool = OpenProtocolTool(carriage="tcp", last_seen_id=lambda serial: last)
    rig = Scripted(tool, {64: refused(99)}).plug()
    rig.say(contradictory(11))
    rig.unplug()
    assert losses(rig) == []
    rig.plug()
    assert losses(rig) == [(11, 11)]
    last = 11
    rig.unplug()
    rig.plug()
    rig.say(contradictory(11))
    assert rig.mids(62) == [62]


def test_a_result_that_is_never_readable_is_lost_without_an_archive_too() -> None:
    """It should not wait for a later id to show the hole; a copy that is readable after all makes it no loss."""
    for copies, lost in (([contradictory(11)], [(11, 11)]), ([contradictory(11), result(11)], [])):
        rig = bench(10, {64: refused(99)}).plug()
        rig.say(*copies)
        rig.run(30.0)
        assert losses(rig) == lost


def test_a_push_that_contradicts_its_old_result_is_acknowledged_when_that_is_on_disk() -> None:
    """It should take the archive's word and not leave the controller waiting with its own."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.say(contradictory(11))
    rig.answers[64] = archive(10, 11)
    rig.run(21.0)
    assert (rig.ids(), rig.mids(62)) == ([11], [])
    acknowledge(rig, 11)
    assert rig.mids(62) == [62]


def test_a_controller_without_a_serial_number_is_remembered_by_one_name() -> None:
    """It should ask for what is on disk by the same name that its results carry, or it would ask back all of them."""
    asked: list[str] = []

    def last_seen_id(serial: str) -> int | None:
        asked.append(serial)
        return 11

    tool = OpenProtocolTool(carriage="tcp", last_seen_id=last_seen_id)
    answers = {1: lambda message: [of(2, message.revision)], 40: refused(99), 64: archive(11)}
    rig = Scripted(tool, answers).plug()
    rig.say(result(12))
    assert [event.controller_serial for event in rig.seen(TighteningResult)] == asked == ["unknown"]


def test_an_unreadable_old_result_is_lost() -> None:
    """It should name it and fetch the next."""
    rig = bench(10)

    def tell(message: Message) -> list[Message]:
        if message.revision == 1 and int(message.data) == 11:
            return [Message(mid=65, data=b"0100000000110")]
        return list(archive(11, 12)(message))

    rig.answers[64] = tell
    rig.plug()
    assert rig.ids() == [12]
    assert losses(rig) == [(11, 11)]


def test_a_gap_fill_that_is_cut_off_begins_again_where_the_disk_ends() -> None:
    """It should ask again on the next connection for what is not on disk, whatever was delivered."""
    last = 10
    tool = OpenProtocolTool(carriage="tcp", last_seen_id=lambda serial: last)
    rig = Scripted(tool, {64: archive(*range(11, 41))}).plug()
    before = rig.ids()
    assert before == list(range(11, 11 + len(before)))
    assert 5 < len(before) <= 10
    rig.unplug()
    last = 15
    rig.plug()
    rig.run(2.0)
    assert rig.ids() == [*before, *range(16, 41)]


def test_a_disable_passes_a_gap_fill() -> None:
    """It should go out at once, and the question that it overtook be asked again."""
    rig = bench(10, {64: silent}).plug()
    rig.answers[64] = archive(11)
    rig.submit(DisarmTool(command_id="off"))
    assert isinstance(rig.end_of("off"), CommandDone)
    assert rig.ids() == [11]


def stations(results: dict[int, int]) -> Answer:
    """0064 of a Power Focus 6000 of release 2.8: id to station."""

    def tell(message: Message) -> list[Message]:
        wanted = int(message.data[:10])
        found = [known for known in results if wanted in (0,) or known <= wanted]
        if not found:
            return list(refused(15)(message))
        newest = max(found)
        return [result(newest, 7, 65, station_id=results[newest], station_name="S")]

    return tell


def station_start(station_id: int) -> Callable[[Message], list[Message]]:
    return lambda message: [of(2, 6, controller_serial="C1", system_type=3, station_cell_id=station_id)]


def test_results_of_other_stations_are_left_alone() -> None:
    """It should walk down as the appendix says and keep its own, oldest first; holes in the ids are no losses."""
    answers = {
        1: station_start(6534),
        64: stations({10230: 6534, 10226: 6534, 10220: 6685, 10216: 6685, 10209: 6534, 10204: 6534}),
    }
    rig = bench(10204, answers, PF6000_28).plug()
    rig.run(1.0)
    assert rig.ids() == [10209, 10226, 10230]
    assert losses(rig) == []
    rig.say(result(10250))
    assert rig.ids()[-1] == 10250
    assert losses(rig) == []


def numbered(mid: int, sequence: int, message: Message) -> Message:
    return Message(mid=mid, revision=message.revision, sequence=sequence, data=message.data)


class Numbered(Scripted):
    """A controller that demands sequence numbers and answers with them; one message outstanding, strictly."""

    def __init__(self, tool: OpenProtocolTool, answers: dict[int, Answer] | None = None) -> None:
        super().__init__(tool, answers)
        self.out = 0
        self.waiting: list[Message] = []
        self.outstanding: Message | None = None
        self.table = dict(self.answers)
        self.answers = {}
        for mid in range(10000):
            self.answers[mid] = self._answer

    def _answer(self, message: Message) -> list[Message]:
        if message.mid == 1:
            self.out, self.waiting, self.outstanding = 0, [], None
            return [of(2, 6, controller_serial="C1", sequence_numbers=1)]
        if message.mid == 9997:
            assert self.outstanding is not None and message.sequence == self.outstanding.sequence % 99 + 1
            self.outstanding = None
            return self._next()
        assert message.sequence != 0
        acknowledgement = Message(mid=9997, sequence=message.sequence % 99 + 1, data=f"{message.mid:04d}".encode())
        self.waiting += self.table.get(message.mid, accepted)(message)
        return [acknowledgement, *self._next()]

    def _next(self) -> list[Message]:
        if self.outstanding is not None or not self.waiting:
            return []
        message = self.waiting.pop(0)
        self.out = self.out % 99 + 1
        self.outstanding = numbered(message.mid, self.out, message)
        return [self.outstanding]

    def push(self, message: Message) -> None:
        self.waiting.append(message)
        self.say(*self._next())


def test_on_the_link_level_a_result_is_acknowledged_when_it_is_on_disk() -> None:
    """It should hold the 9997 back until then, send no 0062, and answer commands after it."""
    tool = OpenProtocolTool(carriage="tcp")
    rig = Numbered(tool).plug()
    rig.sent.clear()
    rig.push(result(1))
    assert rig.ids() == [1]
    assert rig.mids() == []
    rig.say(numbered(61, rig.out, result(1)))
    assert rig.ids() == [1]
    acknowledge(rig, 1)
    assert [(message.mid, message.sequence, message.data) for message in rig.sent] == [
        (9997, rig.out % 99 + 1, b"0061")
    ]
    rig.submit(DisarmTool(command_id="off"))
    assert isinstance(rig.end_of("off"), CommandDone)


def test_on_the_link_level_a_result_does_not_block_asking_back() -> None:
    """It should let the controller go on, because its answers come after the pushed result."""
    tool = OpenProtocolTool(carriage="tcp", last_seen_id=lambda serial: 10)
    rig = Numbered(tool)
    rig.table[64] = silent
    rig.plug()
    rig.table[64] = archive(11, 12)
    rig.push(result(12))
    rig.submit(DisarmTool(command_id="off"))
    assert rig.ids() == [11, 12]


def test_on_the_link_level_a_thousand_messages_keep_their_numbers() -> None:
    """It should count round on both sides and acknowledge what it is told."""
    tool = OpenProtocolTool(carriage="tcp")
    rig = Numbered(tool).plug()
    for tightening_id in range(1, 301):
        rig.push(result(tightening_id))
        acknowledge(rig, tightening_id)
        rig.submit(DisarmTool(command_id=f"off {tightening_id}"))
    assert rig.ids() == list(range(1, 301))
    assert rig.tool.wants_hangup() is None


def test_on_the_link_level_closing_waits_for_no_acknowledgement() -> None:
    """It should switch the tool off and leave at once, whatever is outstanding: there is no later turn."""
    rig = Numbered(OpenProtocolTool(carriage="tcp")).plug()
    rig.submit(ArmTool(command_id="arm", pset=7))
    rig.tool.advance(10.5)
    assert rig.tool.take_output()[4:8] == b"9999", "a keep-alive is outstanding"
    farewell = rig.tool.farewell(10.6)
    assert [farewell[4:8], farewell[25:29]] == [b"0042", b"0003"]


def test_a_link_level_that_breaks_is_given_up() -> None:
    """It should hang up when the controller acknowledges nothing, and when the numbers part."""
    rig = Numbered(OpenProtocolTool(carriage="tcp"))
    rig.answers[42] = silent
    rig.plug()
    rig.run(13.0)
    reason = rig.tool.wants_hangup()
    assert reason is not None and "0042" in reason


def test_on_the_link_level_a_result_that_leaves_one_out_is_let_go_to_ask_for_it() -> None:
    """It should acknowledge the push on the line at once, or the controller could never answer the question."""
    tool = OpenProtocolTool(carriage="tcp", last_seen_id=lambda serial: 10)
    rig = Numbered(tool, {64: archive(10)}).plug()
    rig.table[64] = archive(10, 11, 12)
    rig.push(result(12))
    assert rig.ids() == [11, 12]


def test_on_the_link_level_an_enable_that_still_waits_is_never_sent_after_a_disable() -> None:
    """It should withdraw the enable when the disable overtakes it, and count on from the disable's number."""
    rig = Numbered(OpenProtocolTool(carriage="tcp")).plug()
    rig.answers[18] = lambda message: []
    rig.submit(ArmTool(command_id="arm", pset=7))
    select = rig.sent[-1]
    rig.out += 1
    rig.outstanding = numbered(5, rig.out, Message(mid=5, data=b"0018"))
    rig.say(rig.outstanding)  # The 9997 for 0018 is late.
    rig.submit(DisarmTool(command_id="off"))
    rig.say(Message(mid=9997, sequence=select.sequence % 99 + 1, data=b"0018"))
    assert rig.mids(18, 42, 43)[-2:] == [18, 42]
    assert isinstance(rig.end_of("off"), CommandDone)
    assert isinstance(rig.end_of("arm"), CommandFailed)


def test_a_controller_that_accepts_instead_of_answering_is_not_waited_for() -> None:
    """It should say that nothing can be asked back, and work."""
    rig = bench(10, {64: accepted}).plug()
    rig.submit(ArmTool(command_id="arm", pset=7))
    assert isinstance(rig.end_of("arm"), CommandDone)
    rig.run(15.0)
    assert rig.tool.wants_hangup() is None
