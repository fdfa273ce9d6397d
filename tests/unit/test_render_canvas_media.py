"""Words, pictures and films on the canvas."""

import os
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.problems import MixeurError
from engine.render.canvas import Canvas
from engine.world import Now, StageSize

SIZE = (320, 180)
STAGE = StageSize(16 / 9, None, SIZE)


def frame(canvas: Canvas, draw, time: float = 0.0):
    canvas.begin(Now(time=time))
    draw(canvas)
    return canvas.end()["stage"]


def picture(draw, *folders: Path):
    return frame(Canvas(STAGE, folders), draw)[0].pixels


def ink(pixels) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is drawn, in stage units."""
    ys, xs = np.nonzero(pixels[..., 3])
    return xs.min() / 180, ys.min() / 180, (xs.max() + 1) / 180, (ys.max() + 1) / 180


def test_words_stand_in_the_middle_or_begin_or_end_at_x() -> None:
    left, top, right, bottom = ink(picture(lambda c: c.text("nnn", 0.8, 0.5, 0.2)))
    assert abs((left + right) / 2 - 0.8) < 0.03 and 0.35 < top < bottom < 0.65
    assert ink(picture(lambda c: c.text("nnn", 0.8, 0.5, 0.2, align="left")))[0] == pytest.approx(0.8, abs=0.04)
    assert ink(picture(lambda c: c.text("nnn", 0.8, 0.5, 0.2, align="right")))[2] == pytest.approx(0.8, abs=0.04)


def test_words_take_accents_numbers_and_several_lines() -> None:
    one = ink(picture(lambda c: c.text("été", 0.8, 0.5, 0.1)))
    two = ink(picture(lambda c: c.text("été\nà 20 h", 0.8, 0.5, 0.1)))
    assert two[3] - two[1] > 1.6 * (one[3] - one[1])
    assert picture(lambda c: c.text(20, 0.8, 0.5, 0.1))[..., 3].max() > 150


def test_words_without_width_draw_nothing() -> None:
    for words in ("", " ", "\0", "\n", "\u200b"):
        for size in (0.1, 1 / 180):
            layers = frame(Canvas(STAGE), lambda c, words=words, size=size: c.text(words, 0.8, 0.5, size))
            assert not any(layer.pixels.any() for layer in layers)


def test_a_picture_is_drawn_at_its_size_place_and_angle(tmp_path: Path) -> None:
    bgra = np.zeros((40, 20, 4), np.uint8)
    bgra[...] = (0, 128, 255, 255)
    cv2.imwrite(str(tmp_path / "leaf.png"), bgra)
    pixels = picture(lambda c: c.image("leaf.png", 0.5, 0.5, h=0.4), tmp_path)
    assert pixels[90, 90].tolist() == [255, 128, 0, 255]
    assert ink(pixels) == pytest.approx((0.4, 0.3, 0.6, 0.7), abs=0.012)
    turned = picture(lambda c: c.image("leaf.png", 0.5, 0.5, h=0.4, angle=90), tmp_path)
    assert ink(turned) == pytest.approx((0.3, 0.4, 0.7, 0.6), abs=0.012)


def test_a_picture_without_a_size_covers_the_stage(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wall.jpg"), np.full((50, 50, 3), 200, np.uint8))
    pixels = picture(lambda c: c.image("wall.jpg"), tmp_path)
    assert (pixels == (200, 200, 200, 255)).all()


def test_a_picture_that_was_saved_again_is_read_again(tmp_path: Path) -> None:
    canvas, path = Canvas(STAGE, (tmp_path,)), tmp_path / "a.png"
    for number, grey in enumerate((50, 200)):
        cv2.imwrite(str(path), np.full((8, 8), grey, np.uint8))
        stamp = path.stat().st_mtime_ns + number * 10**9
        os.utime(path, ns=(stamp, stamp))
        assert frame(canvas, lambda c: c.image("a.png"))[0].pixels[90, 160, 0] == grey


@pytest.mark.parametrize("live", [False, True])
def test_a_picture_that_is_half_written_or_gone_stays_as_it_was_until_it_is_whole(tmp_path: Path, live: bool) -> None:
    canvas, path = Canvas(STAGE, (tmp_path,), live), tmp_path / "a.png"

    def grey_of(picture: int) -> bytes:
        noise = np.random.default_rng(1).integers(0, 2, (64, 64))
        return cv2.imencode(".png", np.uint8(picture + noise))[1].tobytes()

    def shown() -> int:
        return round(frame(canvas, lambda c: c.image("a.png"))[0].pixels[90, 160, 0] / 10) * 10

    path.write_bytes(grey_of(50))
    assert shown() == 50
    for broken in (b"", grey_of(200)[:1000], None):
        path.unlink() if broken is None else path.write_bytes(broken)
        assert [shown() for _ in range(5)] == [50] * 5
    path.write_bytes(grey_of(200))
    end = time.monotonic() + 5
    while shown() != 200 and time.monotonic() < end:
        time.sleep(0.01)
    assert shown() == 200


def test_a_picture_that_stands_as_it_stood_is_not_warped_again_and_looks_the_same(tmp_path: Path, monkeypatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), noise)
    warp, warped = cv2.warpAffine, []

    def counted(*args, **options):
        warped.append(args)
        return warp(*args, **options)

    monkeypatch.setattr(cv2, "warpAffine", counted)
    canvas = Canvas(STAGE, (tmp_path,))

    def draw(c: Canvas, x: float) -> None:
        for _ in range(4):  # more than is kept
            c.image("a.png", alpha=0.5)
        c.image("a.png", x, 0.5, w=0.4, angle=20)

    for x, times in ((0.5, 5), (0.5, 3), (0.6, 3), (0.6, 3)):
        warped.clear()
        shown = frame(canvas, lambda c, x=x: draw(c, x))[0].pixels.copy()
        assert len(warped) == times
        np.testing.assert_array_equal(shown, picture(lambda c, x=x: draw(c, x), tmp_path))


def test_an_array_that_was_written_into_is_drawn_anew() -> None:
    canvas, pixels = Canvas(STAGE), np.full((18, 32, 4), 255, np.uint8)
    for grey in (50, 200):
        pixels[..., :3] = grey
        assert frame(canvas, lambda c: c.image(pixels))[0].pixels[90, 160, 0] == grey


def test_a_translucent_picture_is_premultiplied_and_mixed(tmp_path: Path) -> None:
    half = np.zeros((10, 10, 4), np.float32)
    half[...] = (1.0, 0.5, 0.0, 0.5)

    def draw(c) -> None:
        c.clear((0, 0, 1))
        c.image(half, 0.5, 0.5, w=0.4)

    assert picture(draw)[90, 90].tolist() == pytest.approx([128, 64, 127, 255], abs=1)


def test_a_very_small_picture_of_a_fine_pattern_is_grey_not_noise() -> None:
    checks = np.indices((256, 256)).sum(axis=0) % 2 * 1.0
    patch = picture(lambda c: c.image(checks, 0.5, 0.5, w=0.1))[84:96, 84:96, 0]
    assert patch.min() > 115 and patch.max() < 140


def test_a_file_that_is_not_there_or_no_picture_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "leaf.png").write_text("not a picture")
    with pytest.raises(MixeurError, match=r"no file 'laef.png' in .*; did you mean 'leaf.png'\?"):
        picture(lambda c: c.image("laef.png"), tmp_path)
    with pytest.raises(MixeurError, match=r"'leaf\.png' is not a picture"):
        picture(lambda c: c.image("leaf.png"), tmp_path)
    with pytest.raises(MixeurError, match=r"'leaf\.png' is not a film"):
        picture(lambda c: c.video("leaf.png"), tmp_path)


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Return a folder with `steps.mp4`: ten frames at 10 a second, each brighter by 20 than the one before."""
    folder = tmp_path_factory.mktemp("film")
    with av.open(str(folder / "steps.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 2_000_000
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 20 * number, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return folder


def shown(canvas: Canvas, time: float, **options) -> int | None:
    """Return which frame of the film is shown at a time."""
    layers = frame(canvas, lambda c: c.video("steps.mp4", **options), time)
    return round((int(layers[0].pixels[90, 160, 0]) - 20) / 20) if layers else None


def test_a_film_follows_the_time_of_the_show_and_loops(film: Path) -> None:
    canvas = Canvas(STAGE, (film,))
    numbers = [shown(canvas, 5 + n / 20) for n in range(60)]
    assert numbers == [n // 2 % 10 for n in range(60)]


def test_a_film_without_loop_stays_at_its_last_picture(film: Path) -> None:
    canvas = Canvas(STAGE, (film,))
    assert [shown(canvas, n / 2, loop=False) for n in (0, 1, 2, 3, 4)] == [0, 5, 9, 9, 9]


def test_a_whole_film_is_a_layer_of_its_own_and_a_placed_one_is_drawn(film: Path) -> None:
    canvas = Canvas(STAGE, (film,))
    whole = frame(canvas, lambda c: c.video("steps.mp4", alpha=0.5))
    assert [(layer.kind, layer.alpha) for layer in whole] == [("video", 0.5)]
    placed = frame(canvas, lambda c: c.video("steps.mp4", 0.5, 0.5, h=0.2))
    assert [layer.kind for layer in placed] == ["drawing"]
    assert ink(placed[0].pixels) == pytest.approx((0.367, 0.4, 0.633, 0.6), abs=0.012)


def test_a_film_that_was_left_alone_begins_again(film: Path) -> None:
    canvas = Canvas(STAGE, (film,))
    shown(canvas, 0)
    frame(canvas, lambda c: None, 5)
    assert shown(canvas, 6) == 0


def test_a_film_asked_for_again_after_its_scene_rested_begins_again(film: Path) -> None:
    canvas = Canvas(STAGE, (film,))
    assert shown(canvas, 0.3) == 0
    assert shown(canvas, 0.5) == 2
    assert shown(canvas, 20) == 0


def test_a_live_film_is_decoded_ahead_by_a_thread_that_ends_with_its_canvas(film: Path) -> None:
    canvas = Canvas(STAGE, (film,), live=True)
    shown(canvas, 0)
    (thread,) = [t for t in threading.enumerate() if t.name == "video steps.mp4"]
    player = next(iter(canvas._films._playing.values()))
    with player._changed:
        assert player._changed.wait_for(lambda: len(player._queue) >= 8, timeout=10)
    assert shown(canvas, 0.5) == 5
    canvas.close()
    thread.join(timeout=10)
    assert not thread.is_alive()
