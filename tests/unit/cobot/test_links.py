"""Lines by URL: what opens, what is said when it does not, and what an unplugged one does."""

import select
import socket
from contextlib import closing
from pathlib import Path

import pytest

from drivers.api import LinkError
from drivers.link import DescriptorLink, Listener, PtyPair, memory_pair, open_link


def read_exactly(link: DescriptorLink, count: int) -> bytes:
    """Read until `count` bytes came; the kernel may deliver them in pieces."""
    data = b""
    while len(data) < count:
        assert select.select([link.fileno()], [], [], 2.0)[0], "nothing came"
        data += link.read_available()
    return data


def test_a_pair_in_memory_delivers_everything_at_once() -> None:
    """It should give in one read what the other end has written, and count it."""
    near, far = memory_pair()
    with closing(near), closing(far):
        assert near.read_available() == b""
        near.write(b"one")
        near.write(bytes(5000))
        assert far.read_available() == b"one" + bytes(5000)
        assert near.bytes_out == far.bytes_in == 5003


def test_bytes_before_a_hang_up_are_not_lost() -> None:
    """It should deliver what came before the far end closed, then say that the line is lost."""
    near, far = memory_pair()
    with closing(near):
        far.write(b"last words")
        far.close()
        assert near.read_available() == b"last words"
        with pytest.raises(LinkError, match="was lost"):
            near.read_available()
        with pytest.raises(LinkError, match="was lost"):
            near.write(b"hello?")


def test_a_peer_that_takes_nothing_is_lost_and_not_waited_for() -> None:
    """It should give up on a line whose buffer stays full."""
    near, far = memory_pair()
    with closing(near), closing(far), pytest.raises(LinkError, match="takes no more"):
        near.write(bytes(10_000_000))


def test_a_closed_line_says_so() -> None:
    """It should be closed once and for all, and closing twice is harmless."""
    near, far = memory_pair()
    near.close()
    near.close()
    far.close()
    with pytest.raises(LinkError, match="is closed"):
        near.read_available()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/dev/no-such-port", "plugged in"),
        ("socket://127.0.0.1", "socket://host:port"),
        ("socket://127.0.0.1:99999", "socket://host:port"),
        ("rfc2217://somewhere:1", "correct the address"),
    ],
)
def test_what_cannot_be_opened_is_explained(url: str, words: str) -> None:
    """It should name the address and say what to do."""
    with pytest.raises(LinkError, match=words) as error:
        open_link(url)
    assert url in str(error.value)


def test_a_tcp_port_where_nobody_listens() -> None:
    """It should say that the address cannot be reached."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(LinkError, match="cannot reach"):
        open_link(f"socket://127.0.0.1:{port}")


def test_a_pseudo_terminal_opens_like_a_serial_port(tmp_path: Path) -> None:
    """It should carry all 256 byte values unchanged both ways through a path with a stable name."""
    path = tmp_path / "cobot"
    with closing(PtyPair(path)) as pair, closing(open_link(str(path))) as near:
        every_byte = bytes(range(256))
        near.write(every_byte)
        assert read_exactly(pair.far_end, 256) == every_byte
        pair.far_end.write(every_byte)
        assert read_exactly(near, 256) == every_byte
    assert not path.exists()


def test_a_serial_port_is_opened_for_one_only() -> None:
    """It should refuse a port that another one has open."""
    with (
        closing(PtyPair()) as pair,
        closing(open_link(pair.path)),
        pytest.raises(LinkError, match="another program holds the port"),
    ):
        open_link(pair.path)


def test_an_unplugged_serial_port_is_lost_and_can_come_back(tmp_path: Path) -> None:
    """It should notice the hang-up at the next read and write, and open again when the device is back."""
    path = tmp_path / "cobot"
    pair = PtyPair(path)
    with closing(open_link(str(path))) as near:
        pair.unplug()
        with pytest.raises(LinkError, match="was lost"):
            near.read_available()
        with pytest.raises(LinkError, match="was lost"):
            near.write(b"x")
    with pytest.raises(LinkError):
        open_link(str(path))
    with closing(PtyPair(path)) as again, closing(open_link(str(path))) as near:
        again.far_end.write(b"back")
        assert read_exactly(near, 4) == b"back"


def test_a_client_may_come_and_go_on_a_pseudo_terminal() -> None:
    """It should not hang up the far end between two clients."""
    with closing(PtyPair()) as pair:
        open_link(pair.path).close()
        assert pair.far_end.read_available() == b""
        with closing(open_link(pair.path)) as near:
            near.write(b"second")
            assert read_exactly(pair.far_end, 6) == b"second"


def test_a_link_left_behind_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    """It should take over a dead link, and never overwrite anything else."""
    path = tmp_path / "cobot"
    path.symlink_to("/dev/pts/no-such")
    with closing(PtyPair(path)), closing(open_link(str(path))):
        pass
    path.write_text("somebody's file")
    with pytest.raises(LinkError, match="does not exist"):
        PtyPair(path)
    assert path.read_text() == "somebody's file"


def test_tcp_lines_do_not_wait_to_fill_packets() -> None:
    """It should set TCP_NODELAY on both ends, and carry bytes."""
    with closing(Listener("127.0.0.1", 0)) as listener:
        assert listener.accept() is None
        with closing(open_link(f"socket://127.0.0.1:{listener.address[1]}")) as near:
            far = None
            while far is None:
                far = listener.accept()
            with closing(far):
                for link in (near, far):
                    with socket.socket(fileno=socket.dup(link.fileno())) as same:
                        assert same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                near.write(b"ping")
                assert read_exactly(far, 4) == b"ping"
                with pytest.raises(LinkError, match="choose another port"):
                    Listener("127.0.0.1", listener.address[1])
