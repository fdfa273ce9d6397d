"""Words for why a camera is gone: each names the remedy, none a password."""

import socket
import ssl

import numpy as np
import pytest

from engine.fake.camera import SimulatedCamera
from engine.fake.mjpeg import encode
from engine.fake.visitors import Visitors
from engine.inputs.camera_picture import PictureWatch, is_dark, is_filled_in
from engine.inputs.camera_source import host_of, why, without_secrets
from engine.inputs.camera_stream import StreamSource
from engine.inputs.multipart import decode_jpeg, jpeg_size

ROOM = SimulatedCamera(Visitors(1, 16 / 9), (320, 180), "blue")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://admin:se/cret@10.0.0.7:554/live?token=secret", "rtsp://10.0.0.7:554/live"),
        ("http://10.0.0.7/video#secret", "http://10.0.0.7/video"),
        ("frames/%04d.png", "frames/%04d.png"),
        ("0", "0"),
    ],
)
def test_a_source_is_shown_without_name_password_and_query(source: str, shown: str) -> None:
    assert without_secrets(source) == shown


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-3, "Temporary failure in name resolution"), "nobody knows the name cam:80"),
        (TimeoutError(), "no answer from cam:80; check its power and cable"),
        (ConnectionRefusedError(), "refuses"),
        (ConnectionResetError(), "broke the connection"),
        (OSError(113, "No route to host"), "no way to cam:80 (No route to host); check the network's cable"),
        (ssl.SSLCertVerificationError(), "certificate"),
        (ValueError("no host"), "write http://HOST/PATH"),
    ],
)
def test_every_error_has_words_and_a_remedy(error: OSError | ValueError, words: str) -> None:
    assert words in why(error, host_of("http://me:secret@cam:80/x"))


def test_pyav_never_tells_the_password() -> None:
    from engine.inputs.camera_source import SourceLost

    for url in ("rtsp://me:secret@127.0.0.1:1/x", "tcp://127.0.0.1:1/secret", "nonsense://me:secret@127.0.0.1/x"):
        with pytest.raises(SourceLost) as lost:
            StreamSource(url)
        assert "secret" not in str(lost.value) and "127.0.0.1" in str(lost.value)


def test_a_picture_that_a_decoder_filled_in_is_known_by_its_content() -> None:
    room = SimulatedCamera(Visitors(1, 16 / 9), (640, 360), "blue")
    jpegs = encode([room.picture(3 + n / 3) for n in range(5)])
    rng = np.random.default_rng(2)
    for number in range(100):
        jpeg = jpegs[number % 5]
        cut = int(rng.integers(650, 0.98 * len(jpeg)))  # of the last blocks nobody would see the loss
        assert decode_jpeg(jpeg[:cut] + b"\xff\xd9") is None, "an end marker makes it no better"
        assert decode_jpeg(jpeg[: cut // 2] + jpeg[cut // 2 + 1460 :]) is None, "nor does a packet lost within"
        smaller = decode_jpeg(jpeg[:cut] + b"\xff\xd9", (160, 90)), decode_jpeg(jpeg[:cut] + b"\xff\xd9", (320, 180))
        assert smaller == (None, None), "nor does it pass where it is decoded at a part of its size"
    assert all(decode_jpeg(jpeg, wanted) is not None for jpeg in jpegs for wanted in (None, (320, 180), (160, 90)))
    assert not is_filled_in(np.full((90, 160, 3), 127, np.uint8))


@pytest.mark.parametrize(
    ("wanted", "size"),
    [((1280, 720), (640, 360)), ((640, 360), (640, 360)), ((400, 360), (640, 360)), ((320, 180), (320, 180)),
     ((200, 200), (320, 180)), ((160, 120), (160, 90)), ((16, 16), (80, 45))],
)  # fmt: skip
def test_a_jpeg_is_decoded_no_larger_than_twice_what_is_wanted_and_never_smaller(
    wanted: tuple[int, int], size: tuple[int, int]
) -> None:
    room = SimulatedCamera(Visitors(1, 16 / 9), (640, 360), "blue").empty()
    picture = decode_jpeg(encode([room], 95)[0], wanted)
    assert picture is not None
    assert picture.shape[1::-1] == size
    assert np.abs(picture.mean((0, 1)) - room.mean((0, 1))).max() < 1.0


def test_a_jpeg_that_would_fill_the_memory_is_refused_unread() -> None:
    jpeg = encode([ROOM.empty()])[0]
    assert jpeg_size(jpeg) == (320, 180)
    start = jpeg.index(b"\xff\xc0")
    bomb = jpeg[: start + 5] + b"\xff\xff\xff\xff" + jpeg[start + 9 :]
    assert jpeg_size(bomb) == (65_535, 65_535)
    assert decode_jpeg(bomb) is None


def test_sensor_noise_tells_a_still_room_from_a_frozen_picture() -> None:
    watch = PictureWatch()
    first, second = ROOM.empty(0.0), ROOM.empty(0.001)
    assert [watch.verdict(picture) for picture in (first, second, second, first)] == ["new", "new", "same", "new"]


def test_a_lens_cap_is_dark_and_a_dim_room_is_not() -> None:
    rng = np.random.default_rng(3)
    cap = np.abs(rng.normal(0, 3, (180, 320, 3))).astype(np.uint8)
    assert is_dark(cap) and is_dark(np.zeros((180, 320, 3), np.uint8))
    assert not is_dark((ROOM.empty() * 0.3).astype(np.uint8))
    torch = cap.copy()
    torch[:30, :30] = 90
    assert not is_dark(torch)
