"""A camera over RTSP: seen, lost in three ways, and back (R3)."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.show.model import Camera
from tests.system.camera_rig import running, state, wait_for

PYTHON, PEER = "/usr/bin/python3", Path(__file__).parent / "rtsp_peer.py"
NEEDED = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer as _"


def has_gstreamer() -> bool:
    return Path(PYTHON).exists() and subprocess.run([PYTHON, "-c", NEEDED], capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not has_gstreamer(), reason="needs GStreamer's RTSP server; see .ci/run"),
]


@contextmanager
def peer(port: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([PYTHON, PEER, str(port)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_r3_a_camera_over_rtsp_is_seen_lost_and_back() -> None:
    port = free_port()
    url = f"rtsp://name:secret@127.0.0.1:{port}/live"
    with running(Camera(name="room", source=url, size=(320, 180))) as link:
        with peer(port) as process:
            wait_for(link, lambda: state(link) == "live", 10)
            process.send_signal(signal.SIGSTOP)
            stalled_s = wait_for(link, lambda: state(link) != "live", 5)
            wait_for(link, lambda: "no answer from 127.0.0.1" in link.lost, 8)
            process.send_signal(signal.SIGCONT)
            resumed_s = wait_for(link, lambda: state(link) == "live", 10)
        killed_s = wait_for(link, lambda: state(link) != "live", 5)
        wait_for(link, lambda: "refuses" in link.lost, 5)
        with peer(port):
            back_s = wait_for(link, lambda: state(link) == "live", 10)
        assert "secret" not in link.lost + link.status.source
    print(f"stopped: gone {stalled_s:.2f} s, back {resumed_s:.2f} s")
    print(f"killed: gone {killed_s:.2f} s, back {back_s:.2f} s")
    assert max(stalled_s, killed_s) < 2.0
    assert max(resumed_s, back_s) < 4.0
