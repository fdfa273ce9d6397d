"""Two threads that share work: the same light as one, nothing lost, nothing left."""

import gc
import signal
import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine.clock import sleep_s
from engine.crew import PARTS, TALL, Crew, bands
from engine.deadline import Alarm, Overrun
from engine.render import kernels
from engine.render.canvas import Canvas
from engine.render.mapping import Mapping
from engine.safety.flash_guard import FlashGuard
from engine.show.profile import Profile
from engine.world import Now, StageSize

STAGE = StageSize(16 / 9, (6.0, 3.375), (960, 540))


def picture(crew: Crew) -> np.ndarray:
    """Return what all that is drawn in bands makes, in its second frame."""
    canvas, rng = Canvas(STAGE, crew=crew), np.random.default_rng(1)
    back = rng.integers(0, 256, (540, 960, 4), np.uint8)
    for frame in range(2):
        x, y = rng.uniform(-0.1, 1.8, 3000), rng.uniform(-0.1, 1.1, 3000)
        colours = rng.random((3000, 4))
        canvas.begin(Now(time=frame / 60))
        canvas.clear(back)
        canvas.circle(0.9, 0.5, 0.4, "#804020", soft=1, alpha=0.7)
        canvas.dots(x, y, 0.01, colours, soft=0.5, blend="add")
        canvas.line(x, y, np.roll(x, 1), y, colours, width=0.008, soft=0.4)
        canvas.polygon([(-5, 0.31), (5, 0.32), (5, 0.8), (-5, 0.7)], "#204060", alpha=0.5)
        with canvas.layer():
            canvas.trail(1.0)
            canvas.ring(x[:300], y[:300], 0.2, colours[:300], blend="screen")
            canvas.image(back, 0.8, 0.5, 1.2, alpha=0.5)
            canvas.text("mixeur", 0.9, 0.5, 0.6, "#ffffff", alpha=0.5)
            canvas.mask([(0.1, 0.1), (1.6, 0.2), (0.9, 0.9)])
    layers = canvas.end()["stage"]
    return np.stack([layer.pixels for layer in layers])


def test_two_threads_draw_what_one_draws() -> None:
    crew = Crew()
    np.testing.assert_array_equal(picture(crew), picture(Crew(alone=True)))


def test_two_threads_warp_what_one_warps() -> None:
    stage = np.random.default_rng(1).integers(0, 256, (540, 960, 4), np.uint8)
    stage[..., 3] = 255
    corners = ((13.0, 9.0), (930.0, 4.0), (957.0, 538.0), (4.0, 500.0))
    for profile in (Profile(size=(960, 540), corners=corners, black_level=(0.01, 0.02, 0.01)),
                    Profile(size=(960, 540), corners=corners, colour=((0.9, 0.1, 0), (0, 1, 0), (0.1, 0, 0.8)))):
        one, two = (Mapping(profile, (960, 540), kernels=kernels, crew=crew) for crew in (Crew(alone=True), Crew()))
        np.testing.assert_array_equal(one.apply(stage), two.apply(stage))


@pytest.mark.parametrize("size", [(960, 540), (701, 433)])
def test_two_threads_guard_as_one_does(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    back = rng.integers(0, 120, (size[1], size[0], 4), np.uint8)
    one, two = FlashGuard(rise_s=0, crew=Crew(alone=True)), FlashGuard(rise_s=0, crew=Crew())
    held = []
    for frame in range(90):
        asked = back.copy()
        asked[100:300, 50 : 50 + 6 * frame, :3] += np.uint8(90 * (frame // 4 % 2))
        asked[200:, 400:, 2] = 250 * (frame // 3 % 2)
        np.testing.assert_array_equal(one.apply(asked.copy(), frame / 60), two.apply(asked, frame / 60))
        assert one.verdict == two.verdict
        held.append(two.verdict.held)
    assert held[5] == 0 < max(held)


@pytest.mark.parametrize(("top", "bottom", "pixels"), [
    (0, 1080, 2e6), (13, 77, 5e5), (5, 6, 1e9), (0, 540, 10.0), (9, 9, 1e9)])
def test_bands_cover_each_row_once_and_share_no_tile(top: int, bottom: int, pixels: float) -> None:
    cut = list(bands(top, bottom, pixels))
    assert [row for first, last in cut for row in range(first, last)] == list(range(top, bottom))
    assert all(first % TALL == 0 for first, _ in cut[1:]) and len(cut) <= PARTS + 1
    assert pixels > 100 or len(cut) == 1


def test_every_part_is_done_and_what_one_raises_is_raised() -> None:
    crew, done = Crew(), []
    crew.run([lambda n=n: done.append(n) for n in range(50)])
    assert sorted(done) == list(range(50))
    with pytest.raises(ZeroDivisionError):
        crew.run([lambda: 1 / 0] * 4)
    crew.run([lambda n=n: done.append(n) for n in range(50, 60)])
    assert sorted(done) == list(range(60))


def test_what_a_part_raises_is_raised_when_nobody_draws_any_more() -> None:
    done = []
    with pytest.raises(ZeroDivisionError):
        Crew().run([lambda: 1 / 0, lambda: (sleep_s(0.05), done.append(1))])
    assert done == [1]


def with_a_helper_at_work(crew: Crew, stop: Callable[[], object]) -> list[str]:
    """Have the caller's part run `stop` while the helper is in the middle of its own; return what was done by then."""
    begun, done = threading.Event(), []

    def own() -> None:
        begun.wait(60)
        stop()

    def others() -> None:
        begun.set()
        sleep_s(0.2)
        done.append("helped")

    try:
        crew.run([own, others])
    except BaseException as error:
        return [*done, type(error).__name__]
    return done


def test_who_is_stopped_in_a_part_waits_until_the_helper_has_ended() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    crew = Crew()
    crew._is_alone = False  # also on a machine with one processor
    assert with_a_helper_at_work(crew, stop) == ["helped", "KeyboardInterrupt"]


def test_a_scene_out_of_time_is_stopped_when_nobody_draws_any_more() -> None:
    def work() -> list[str]:
        found.extend(with_a_helper_at_work(crew, lambda: None))
        while True:
            pass

    before, crew, found = signal.getsignal(signal.SIGALRM), Crew(), []
    crew._is_alone = False
    try:
        with pytest.raises(Overrun):
            Alarm().run(0.05, work)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found == ["helped"]


def test_a_crew_starts_its_thread_when_it_is_needed_and_lets_it_go_with_itself() -> None:
    before = set(threading.enumerate())
    crew = Crew()
    crew.run([lambda: None])
    assert set(threading.enumerate()) == before
    crew.run([lambda: None] * 2)
    started = set(threading.enumerate()) - before
    assert len(started) <= 1
    del crew
    gc.collect()
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()
