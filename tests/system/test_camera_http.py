"""A camera over HTTP, with the faults of real ones: the newest picture wins and nothing hangs."""

import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.mjpeg import MjpegServer
from engine.inputs.camera_http import MjpegSource
from engine.inputs.camera_source import SourceLost
from engine.inputs.multipart import decode_jpeg
from engine.show.model import Camera
from tests.system.camera_rig import film, running, state, wait_for

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    return film()


def camera(url: str) -> Camera:
    return Camera(name="room", source=url, size=(640, 360), key="blue")


def test_people_are_seen_and_keyed(jpegs: list[bytes]) -> None:
    with MjpegServer(jpegs) as server, running(camera(server.url)) as link:
        wait_for(link, lambda: len(link.poll(monotonic_ns())[0].people) == 2, 5)
        sighting, matte = link.poll(monotonic_ns())
        assert matte is not None and matte.pixels.shape == (360, 640, 4)
        assert not matte.pixels.flags.writeable and not sighting.mask.flags.writeable
        assert 0.02 < (matte.pixels[..., 3] > 127).mean() < 0.2


def test_a_slow_consumer_always_gets_the_newest_picture(jpegs: list[bytes]) -> None:
    with MjpegServer(jpegs) as server, running(camera(server.url)) as link:
        wait_for(link, lambda: link.status.frames > 5, 5)
        ages_ms = []
        for _ in range(60):
            now_ns = monotonic_ns()
            matte = link.poll(now_ns)[1]
            assert matte is not None
            ages_ms.append((now_ns - matte.captured_ns) / 1e6)
            sleep_s(0.05)
        assert sorted(ages_ms)[30] < 100  # a plain read() is 1400 ms late after four such seconds
        assert max(ages_ms[30:]) < max(ages_ms[:30]) + 150, "lateness must not grow"


@pytest.mark.parametrize("lies", [False, True])
def test_truncated_pictures_are_thrown_away_and_no_good_one(jpegs: list[bytes], lies: bool) -> None:
    with MjpegServer(jpegs, fps=120) as server:
        server.truncate_every, server.lies_about_length = 10, lies
        source = MjpegSource(server.url)
        reads = [read for read in (source.read() for _ in range(300)) if read is not None]
        source.close()
        good = {decode_jpeg(jpeg).tobytes() for jpeg in jpegs}
    assert all(picture.tobytes() in good for picture, _ in reads)
    whole = len(reads) + source.skipped
    assert abs(source.truncated - whole / 9) <= 1, "every cut picture is rejected and no whole one"


def test_a_stall_is_noticed_and_ends_by_itself(jpegs: list[bytes]) -> None:
    with MjpegServer(jpegs) as server, running(camera(server.url)) as link:
        wait_for(link, lambda: state(link) == "live", 5)
        server.is_stalled = True
        assert wait_for(link, lambda: state(link) != "live", 2) < 1.5
        server.is_stalled = False
        assert wait_for(link, lambda: state(link) == "live", 3) <= 2.0


def test_a_frozen_picture_is_stale_though_the_camera_still_sends(jpegs: list[bytes]) -> None:
    with MjpegServer(jpegs) as server, running(camera(server.url)) as link:
        wait_for(link, lambda: state(link) == "live", 5)
        server.is_frozen = True
        wait_for(link, lambda: state(link) == "stale", 2)
        assert link.status.repeated > 10
        server.is_frozen = False
        wait_for(link, lambda: state(link) == "live", 1)


def test_a_server_that_closes_comes_back(jpegs: list[bytes]) -> None:
    server = MjpegServer(jpegs).start()
    with running(camera(server.url)) as link:
        wait_for(link, lambda: state(link) == "live", 5)
        server.close()
        wait_for(link, lambda: state(link) == "lost", 3)
        wait_for(link, lambda: "is the camera still starting" in link.status.message, 3)
        with MjpegServer(jpegs, port=server.port):
            assert wait_for(link, lambda: state(link) == "live", 3) <= 2.0
            assert link.status.reopened == 1


def test_a_source_may_be_absent_at_the_start(jpegs: list[bytes]) -> None:
    absent = MjpegServer(jpegs)
    absent.start().close()
    with running(camera(absent.url)) as link:
        start_ns = monotonic_ns()
        while monotonic_ns() - start_ns < 1.2 * NS:
            assert state(link) == "lost"
            sleep_s(0.1)
        with MjpegServer(jpegs, port=absent.port):
            assert wait_for(link, lambda: state(link) == "live", 3) <= 2.0


def test_what_is_no_camera_says_so_in_one_line() -> None:
    with pytest.raises(SourceLost, match=r"127.0.0.1:1 refuses; is the camera still starting") as lost:
        MjpegSource("http://user:secret@127.0.0.1:1/x")
    assert "secret" not in str(lost.value)


PATTERN = ("-f", "lavfi", "-i", "testsrc=size=640x360:rate=25", "-g", "5")
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg here; sudo apt-get install ffmpeg")


@needs_ffmpeg
def test_ffmpegs_own_server_is_a_camera_too() -> None:
    url = "http://127.0.0.1:22041/"
    words = ["ffmpeg", "-loglevel", "error", "-re", *PATTERN, "-f", "mpjpeg", "-listen", "1", url]
    with subprocess.Popen(words) as ffmpeg, running(camera(url)) as link:
        try:
            wait_for(link, lambda: state(link) == "live" and link.status.frames > 20, 10)
        finally:
            ffmpeg.kill()
        wait_for(link, lambda: state(link) == "lost", 4)


@needs_ffmpeg
def test_other_film_over_http_is_read_by_pyav(tmp_path: Path) -> None:
    subprocess.run(["ffmpeg", "-loglevel", "error", *PATTERN, "-t", "2", tmp_path / "film.ts"], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with running(camera(f"http://127.0.0.1:{server.server_port}/film.ts")) as link:
        wait_for(link, lambda: state(link) == "live" and link.status.frames > 5, 10)
    server.shutdown()
    server.server_close()
