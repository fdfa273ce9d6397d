"""A camera goes in every way that we know of, and comes back: nobody stands frozen, and it is live within 2 s (R3)."""

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.mjpeg import MjpegServer
from engine.inputs.camera_link import CameraLink
from engine.show.model import Camera
from tests.system.camera_rig import film, running, state

pytestmark = pytest.mark.system

PATIENCE_NS = 30 * NS
FAULTS: dict[str, tuple[str, dict[str, object]]] = {  # what the line for the operator must say, and what is switched
    "stalled": ("no answer from 127", {"is_stalled": True}),
    "frozen": ("the same picture again", {"is_frozen": True}),
    "cut": ("cut short", {"truncate_every": 1}),
    "cut with an end": ("cut short", {"truncate_every": 1, "ends_cuts": True}),
    "byte by byte": ("no whole picture in time", {"is_slow": True}),
    "mute": ("no answer from 127", {"fault": "mute"}),
    "endless": ("answers without end", {"fault": "endless"}),
    "page": ("a page of text", {"fault": "page"}),
    "elsewhere": ("http://127.0.0.1:", {"fault": "elsewhere"}),
    "password": ("name or password", {"fault": "password"}),
    "missing": ("404", {"fault": "missing"}),
    "busy": ("503", {"fault": "busy"}),
    "reset": ("broke the connection", {"fault": "reset"}),
}


def watch(link: CameraLink, wanted: Callable[[str], bool]) -> float:
    """Poll as the loop does until the state is as wanted; return the seconds it took."""
    start_ns = monotonic_ns()
    while not wanted(state(link)):
        assert monotonic_ns() - start_ns < PATIENCE_NS, link.status
        sleep_s(1 / 60)
    return (monotonic_ns() - start_ns) / NS


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    return film(2.0, (160, 90), 15)


def test_r3_whatever_happens_to_a_camera_is_seen_within_a_second_and_ends_by_itself(jpegs: list[bytes]) -> None:
    figures: dict[str, tuple[float, float]] = {}
    lines: dict[str, str] = {}

    def go_through(name: str, server: MjpegServer, link: CameraLink) -> None:
        watch(link, lambda seen: seen == "live")
        for switch, value in FAULTS[name][1].items():
            setattr(server, switch, value)
        gone_s = watch(link, lambda seen: seen != "live")
        sleep_s(1.6)
        state(link)
        lines[name] = link.lost
        for switch, value in FAULTS[name][1].items():
            setattr(server, switch, type(value)())
        figures[name] = gone_s, watch(link, lambda seen: seen == "live")

    with ExitStack() as stack:
        threads = []
        for name in FAULTS:
            server = stack.enter_context(MjpegServer(jpegs, fps=15))
            url = server.url.replace("127.0.0.1", "name:secret@127.0.0.1") + "?pin=secret"
            link = stack.enter_context(running(Camera(name="room", source=url, size=(160, 90), key="blue")))
            threads.append(threading.Thread(target=go_through, args=(name, server, link)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name, (gone_s, back_s) in figures.items():
        print(f"{name:>16}: gone {gone_s:.2f} s, back {back_s:.2f} s; {lines[name]}")
    assert figures.keys() == FAULTS.keys()
    for name, (words, _) in FAULTS.items():
        assert lines[name] and words in lines[name], name
        assert "secret" not in lines[name], name
    assert max(gone for gone, _ in figures.values()) < 1.5
    assert max(back for _, back in figures.values()) < 2.5
