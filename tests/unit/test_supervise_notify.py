"""systemd hears of presented frames, and of nothing else, over a real datagram socket."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.supervise import notify
from engine.supervise.board import BOARD_SIZE, Board
from engine.supervise.memory import Block
from engine.supervise.notify import Notifier

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"@mixeur-test-{tmp_path.name}" if request.param == "abstract" else str(tmp_path / "notify")
        manager.bind("\0" + name[1:] if name.startswith("@") else name)
        manager.setblocking(False)
        yield manager, name


def heard(manager: socket.socket) -> list[str]:
    said = []
    while True:
        try:
            said.append(manager.recv(1000).decode())
        except BlockingIOError:
            return said


def test_the_manager_hears_ready_alive_and_stopping_from_presented_frames(
    manager: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0]
    monkeypatch.setattr(notify, "monotonic_ns", lambda: now[0])
    board = Board(Block.private(BOARD_SIZE), ["engine", "sound"])
    notifier = Notifier({"NOTIFY_SOCKET": manager[1], "WATCHDOG_USEC": "4000000"})

    def after_a_second() -> list[str]:
        now[0] += 10**9
        for _ in range(3):
            notifier.look(board)
        return heard(manager[0])

    assert after_a_second() == []
    board.sign(5)
    assert after_a_second() == ["STATUS=preparing\nEXTEND_TIMEOUT_USEC=60000000"]
    board.beat(1, 7)
    assert after_a_second() == ["READY=1\nWATCHDOG=1", "STATUS=running for 0 min"]
    assert after_a_second() == []
    board.sign(9)
    assert after_a_second() == [], "preparations of a second engine are no frames"
    board.beat(2, 11)
    assert after_a_second() == ["WATCHDOG=1"]
    board.record(0, 1234, 2)
    now[0] += 60 * 10**9
    assert after_a_second() == ["STATUS=running for 1 min; started again: engine 2"]
    board.stop(anew=True)
    assert after_a_second() == [], "the show only starts again"
    board.stop()
    assert after_a_second() == ["STOPPING=1"]
    assert after_a_second() == []


def test_without_a_manager_and_with_a_deaf_one_the_show_goes_on(tmp_path: Path) -> None:
    board = Board(Block.private(BOARD_SIZE), ["engine"])
    board.beat(1, 1)
    Notifier({}).look(board)
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).look(board)
