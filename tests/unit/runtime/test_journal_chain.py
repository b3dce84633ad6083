"""The journal as a record: append only, every change found, read back as written."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.loopbench import sql

from station.core.codec import canonical
from station.runtime.journal import GENESIS, Entry, Journal, JournalError, ResultKey, row_hash

DROPPED = tuple(
    f"DROP TRIGGER {table}_are_never_{done}"
    for table in ("rows", "results", "documents")
    for done in ("changed", "deleted")
)


def entry(number: int = 1, **changes) -> Entry:
    values = {
        "visit": "V-1",
        "kind": "event",
        "t_utc": "2026-01-05T09:00:00.000Z",
        "t_mono_s": float(number),
        "source": "test",
        "body": {"number": number},
    }
    return Entry(**{**values, **changes})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with closing(Journal(path)) as opened:
        yield opened


@pytest.fixture
def tampered(path):
    """A journal of six rows whose guards are gone."""
    with closing(Journal(path)) as opened:
        for number in range(1, 7):
            opened.append(entry(number))
    sql(path, *DROPPED)
    return path


def verdict_of(path):
    with closing(Journal(path, read_only=True)) as opened:
        return opened.verify()


def test_rows_are_numbered_chained_and_read_back(journal):
    """It should give numbers from one, link each row to the one before, and return what was written."""
    assert [journal.append(entry(number)) for number in (1, 2, 3)] == [1, 2, 3]
    rows = list(journal.rows("V-1"))
    assert [row.body for row in rows] == [{"number": 1}, {"number": 2}, {"number": 3}]
    assert [row.prev_hash for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert journal.next_seq == 4
    assert (journal.verify().rows, journal.verify().bad_seq) == (3, None)


def test_rows_given_together_are_one_commit(journal, path):
    """It should write all of them or none: the last event and the stop document never part."""
    assert journal.append(entry(1), entry(2, kind="stop", body={"outcome": "finished"})) == 2
    sql(path, "CREATE TRIGGER broken BEFORE INSERT ON rows WHEN NEW.seq = 4 BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(JournalError, match="row 3 could not be written"):
        journal.append(entry(3), entry(4))
    assert [row.seq for row in journal.rows()] == [1, 2]
    assert journal.next_seq == 3


@pytest.mark.parametrize("table", ["rows", "results", "documents"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET rowid = 9", "DELETE FROM {}"])
def test_nothing_is_changed_or_deleted(journal, path, table, verb):
    """It should refuse both in every table, even to another program."""
    journal.append(entry(1, result=ResultKey(station="b", controller_serial="C", tightening_id=1)))
    journal.keep_document("abc", "procedure", "{}")
    if table == "documents":
        verb = verb.replace("rowid = 9", "body = ''")
    elif table == "results":
        verb = verb.replace("rowid = 9", "seq = 1")
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        sql(path, verb.format(table))


@pytest.mark.parametrize("seq", range(1, 7))
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rows SET body = replace(body, 'number', 'nombre') WHERE seq = {}",
        "UPDATE rows SET visit = 'V-2' WHERE seq = {}",
        "UPDATE rows SET kind = 'stop' WHERE seq = {}",
        "UPDATE rows SET t_utc = '2027' WHERE seq = {}",
        "UPDATE rows SET t_mono_s = t_mono_s + 0.001 WHERE seq = {}",
        "UPDATE rows SET source = 'nobody' WHERE seq = {}",
        "UPDATE rows SET prev_hash = hash WHERE seq = {}",
        "UPDATE rows SET hash = prev_hash WHERE seq = {}",
    ],
)
def test_every_changed_column_of_every_row_is_found(tampered, change, seq):
    """It should name the row itself, or for a changed hash the row or its follower."""
    sql(tampered, change.format(seq))
    assert verdict_of(tampered).bad_seq in (seq, seq + 1)


@pytest.mark.parametrize("seq", range(1, 6))
def test_a_deleted_row_is_found(tampered, seq):
    """It should name the number that is missing."""
    sql(tampered, f"DELETE FROM rows WHERE seq = {seq}")
    assert verdict_of(tampered).bad_seq == seq
    assert "missing" in verdict_of(tampered).detail


@pytest.mark.parametrize("seq", range(1, 6))
def test_a_deleted_row_is_found_after_renumbering(tampered, seq):
    """It should see that the hashes do not follow, though the numbers do."""
    sql(tampered, f"DELETE FROM rows WHERE seq = {seq}")
    for later in range(seq + 1, 7):
        sql(tampered, f"UPDATE rows SET seq = {later - 1} WHERE seq = {later}")
    assert verdict_of(tampered).bad_seq == seq


@pytest.mark.parametrize("columns", [("seq",), ("body",), ("body", "hash", "prev_hash")])
def test_two_swapped_rows_are_found(tampered, columns):
    """It should see rows 3 and 4 in each other's place, whether they took their hashes along or not."""
    if columns == ("seq",):
        sql(tampered, *(f"UPDATE rows SET seq = {b} WHERE seq = {a}" for a, b in ((3, 99), (4, 3), (99, 4))))
    else:
        taken = ", ".join(f"{c} = (SELECT {c} FROM rows AS o WHERE o.seq = 7 - rows.seq)" for c in columns)
        sql(tampered, f"UPDATE rows SET {taken} WHERE seq IN (3, 4)")
    assert verdict_of(tampered).bad_seq in (3, 4)


def test_an_inserted_row_is_found_though_it_is_hashed_well(tampered):
    """It should see that the follower of a forged row does not follow it."""
    with closing(Journal(tampered, read_only=True)) as opened:
        second = list(opened.rows())[1]
    for later in (6, 5, 4, 3):
        sql(tampered, f"UPDATE rows SET seq = {later + 1} WHERE seq = {later}")
    columns = (3, "V-1", "event", "2026", 2.5, "test", canonical({"number": 25}), second.hash)
    with closing(sqlite3.connect(tampered, isolation_level=None)) as db:
        db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*columns, row_hash(columns)))
    assert verdict_of(tampered).bad_seq == 4


@pytest.mark.parametrize("seq", range(1, 6))
def test_a_changed_row_that_is_hashed_again_is_found(tampered, seq):
    """It should see that the next row still follows the old one."""
    with closing(Journal(tampered, read_only=True)) as opened:
        old = list(opened.rows())[seq - 1]
    columns = (seq, old.visit, old.kind, old.t_utc, old.t_mono_s, old.source, canonical({"number": 99}), old.prev_hash)
    sql(tampered, f"UPDATE rows SET body = '{columns[6]}', hash = '{row_hash(columns)}' WHERE seq = {seq}")
    assert verdict_of(tampered).bad_seq == seq + 1


def test_a_row_written_twice_is_refused_by_name(journal, path):
    """It should say that another program writes, when two have the journal open; its own next row is unharmed."""
    journal.append(entry(1))
    with closing(Journal(path)) as other:
        other.append(entry(2))
    with pytest.raises(JournalError, match=r"row 2 could not be written .*another program writes to it"):
        journal.append(entry(2))
    assert verdict_of(path).bad_seq is None
    assert verdict_of(path).rows == 2


@given(
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_the_chain_holds_for_every_time_and_text(tmp_path_factory, t_mono_s, text):
    """It should hash what SQLite gives back: whole seconds, minus zero, control characters, Japanese."""
    with closing(Journal(tmp_path_factory.mktemp("chain") / "j.db")) as journal:
        journal.append(entry(1, t_mono_s=t_mono_s, body={"text": text, text: [t_mono_s, None, True]}))
        assert journal.verify().bad_seq is None
        assert next(journal.rows()).body == {"text": text, text: [t_mono_s, None, True]}


@pytest.mark.parametrize("body", [{"t": float("nan")}, {"t": float("inf")}, {"t": "\ud800"}])
def test_a_body_without_a_canonical_text_is_not_written(journal, body):
    """It should raise ValueError before anything is on disk, and go on with the next row."""
    with pytest.raises(ValueError):
        journal.append(entry(1, body=body))
    assert journal.append(entry(1)) == 1
    assert journal.verify().bad_seq is None


def test_a_result_is_remembered_once(journal, path):
    """It should keep both rows, and under the result's key only the first."""
    key = ResultKey(station="b", controller_serial="C", tightening_id=7)
    journal.append(entry(1, result=key))
    journal.append(entry(2, result=key))
    journal.append(entry(3, result=ResultKey(station="b", controller_serial="D", tightening_id=7)))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT controller_serial, seq FROM results ORDER BY seq").fetchall() == [("C", 1), ("D", 3)]
    with pytest.raises(sqlite3.IntegrityError):
        sql(path, "INSERT INTO results VALUES ('b', 'C', 7, 2)")
    with closing(Journal(path, read_only=True)) as reader:
        assert reader.verify().rows == 3


def test_a_document_is_kept_once_and_found_again(journal):
    """It should keep the first text of a hash, and name one that is not there."""
    journal.keep_document("abc", "procedure", "first")
    journal.keep_document("abc", "procedure", "second")
    assert journal.document("abc") == "first"
    with pytest.raises(JournalError, match="document nothere is not in the journal"):
        journal.document("nothere")


def test_the_visit_without_a_stop_document_is_the_open_one(journal):
    """It should know the open visit, forget it at its stop, and leave rows outside visits out of the list."""
    assert journal.open_visit() is None
    journal.append(entry(1, visit=""))
    assert journal.visits() == ()
    journal.append(entry(2))
    assert journal.open_visit() == "V-1"
    journal.append(entry(3, kind="stop", body={"outcome": "finished"}))
    journal.append(entry(4, visit=""))
    assert journal.open_visit() is None
    journal.append(entry(5, visit="V-2"))
    assert journal.open_visit() == "V-2"
    assert [(v.visit, v.first_seq, v.last_seq, v.outcome) for v in journal.visits()] == [
        ("V-1", 2, 3, "finished"),
        ("V-2", 5, 5, ""),
    ]


def test_an_opened_journal_goes_on_where_it_was_closed(path):
    """It should continue numbers and chain."""
    for number in (1, 2, 3):
        with closing(Journal(path)) as journal:
            assert journal.append(entry(number)) == number
    assert verdict_of(path).rows == 3


def test_a_reader_cannot_write(journal, path):
    """It should read while the writer has the file open, and refuse to add anything."""
    journal.append(entry(1))
    with closing(Journal(path, read_only=True)) as reader:
        assert [row.seq for row in reader.rows()] == [1]
        with pytest.raises(JournalError, match="readonly"):
            reader.append(entry(2))
        with pytest.raises(JournalError, match="readonly"):
            reader.keep_document("abc", "procedure", "{}")


@pytest.mark.parametrize("name", ["100%.db", "a?b.db", "c#d.db", "日本 語.db"])
def test_any_file_name_will_do(tmp_path, name):
    """It should open for reading the very file that it wrote."""
    with closing(Journal(tmp_path / name)) as journal:
        journal.append(entry(1))
    assert verdict_of(tmp_path / name).rows == 1
    assert {file.name.removesuffix("-wal").removesuffix("-shm") for file in tmp_path.iterdir()} == {name}


def test_a_journal_that_is_not_there_is_named(tmp_path):
    """It should say so, and not make an empty one."""
    with pytest.raises(JournalError, match="there is no journal; run a visit first"):
        Journal(tmp_path / "none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """It should say what is in the way."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match="the folder cannot be made"):
        Journal(tmp_path / "file" / "journal.db")


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_journal_is_named(path, read_only):
    """It should say that the file is damaged and what to do, and leave it as it is."""
    path.write_bytes(b"this is a letter to somebody" * 200)
    with pytest.raises(JournalError, match="damaged: keep it, and start with a new data folder"):
        Journal(path, read_only=read_only)
    assert path.read_bytes().startswith(b"this is a letter")


def test_damage_in_the_middle_is_found_when_the_station_starts(path):
    """It should refuse to write on, and a reader should get a sentence instead of rows."""
    with closing(Journal(path)) as journal:
        for number in range(1, 200):
            journal.append(entry(number, body={"text": "x" * 200}))
    data = bytearray(path.read_bytes())
    data[8192 : len(data) - 8192] = b"\xa5" * (len(data) - 16384)
    path.write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        Journal(path)
    with pytest.raises(JournalError, match="damaged"):
        verdict_of(path)


def test_a_row_that_is_no_json_is_named(tampered):
    """It should name the row to whoever lists or replays; verify finds it too."""
    sql(tampered, "UPDATE rows SET body = '{' WHERE seq = 2", "UPDATE rows SET kind = 'stop' WHERE seq = 2")
    with closing(Journal(tampered, read_only=True)) as reader:
        with pytest.raises(JournalError, match="row 2 is not JSON"):
            list(reader.rows())
        with pytest.raises(JournalError, match="row 2 is not JSON"):
            reader.visits()
        assert reader.verify().bad_seq == 2


def test_a_closed_journal_takes_nothing(path):
    """It should raise its own error, as for a full disk."""
    journal = Journal(path)
    journal.close()
    with pytest.raises(JournalError, match="row 1 could not be written"):
        journal.append(entry(1))
