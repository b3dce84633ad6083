"""A full disk: what was acknowledged can be read, the sentence says what to do, and space makes it go on."""

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from station.runtime.journal import Entry, Journal

WRITER = Path(__file__).parent / "journal_writer.py"
PRIVATE = ["unshare", "--user", "--map-root-user", "--mount"]
"""util-linux: a mount that nobody else sees, and that ends with the process."""
ON_A_SMALL_DISK = (
    'mount -t tmpfs -o size=1m none "$2" && "$0" "$1" "$2/journal.db"; code=$?; cp "$2"/* "$3"; exit $code'
)
WITH_A_LIMIT = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def private_mounts() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*PRIVATE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


def check(said: str, path: Path, sentence: str) -> None:
    *acked, refused = said.splitlines()
    assert acked == [f"acked {number}" for number in range(1, len(acked) + 1)]
    assert len(acked) > 20
    assert f"row {len(acked) + 1} could not be written" in refused
    assert sentence in refused
    with closing(Journal(path)) as journal:
        assert [row.body["number"] for row in journal.rows()] == list(range(1, len(acked) + 1))
        assert journal.verify().bad_seq is None
        values = {"visit": "V-1", "kind": "event", "t_utc": "", "t_mono_s": 1.0, "source": "t", "body": {"number": 0}}
        assert journal.append(Entry(**values)) == len(acked) + 1
        assert journal.verify().bad_seq is None


def test_a_full_disk_loses_no_acknowledged_row(tmp_path):
    """It should refuse the row that does not fit, name the disk, and write on where there is space again."""
    if not private_mounts():
        pytest.skip("no private mounts here: needs util-linux and user namespaces")
    small, kept = tmp_path / "small", tmp_path / "kept"
    small.mkdir()
    kept.mkdir()
    command = [*PRIVATE, "sh", "-c", ON_A_SMALL_DISK, sys.executable, str(WRITER), str(small), str(kept)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 3, ended.stderr
    check(ended.stdout, kept / "journal.db", "free disk space, then start the station again")


def test_a_file_that_may_not_grow_loses_no_acknowledged_row(tmp_path):
    """It should do the same where the system refuses to write more: a quota, a limit, a broken disk."""
    path = tmp_path / "journal.db"
    command = [sys.executable, "-c", WITH_A_LIMIT, str(WRITER), str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 3, ended.stderr
    check(ended.stdout, path, "then start the station again")
