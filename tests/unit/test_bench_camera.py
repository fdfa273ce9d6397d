"""The number that a benchmark's picture bears is read again after the JPEG and the key."""

import numpy as np

from engine.bench.camera import CODES, _read_code, _with_code
from engine.fake.camera import SimulatedCamera
from engine.fake.mjpeg import encode
from engine.fake.visitors import Visitors
from engine.inputs.multipart import decode_jpeg
from engine.show.model import Camera
from engine.vision.eye import Eye


def test_every_number_survives_compression_and_key() -> None:
    room = SimulatedCamera(Visitors(1, 16 / 9), (640, 360), "blue").picture(5.0)
    eye = Eye(Camera(name="bench", key="blue"))
    eye.key(room)
    for number in range(CODES):
        picture = decode_jpeg(encode([_with_code(room, number)])[0])
        assert picture is not None
        assert _read_code(picture) == number == _read_code(eye.key(np.ascontiguousarray(picture)))
