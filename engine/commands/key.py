"""`mixeur key IMAGE`: cut people out of one picture of a coloured wall, as the camera's process does it live."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.atomic import write_atomic
from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError
from engine.world import Pixels

LEAST_PX = 16


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("key", help="cut people out of a picture of a blue or green wall")
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument("--plate", type=Path, metavar="PLATE",
                        help="the same wall from the same camera with nobody before it; without it the wall is guessed")
    parser.add_argument("--key", metavar="COLOUR", help="blue, green or #rrggbb; without it the plate tells, else blue")
    parser.add_argument("--out", type=Path, metavar="RGBA.png", required=True, help="written as straight RGBA")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Key the picture and write it; returns the exit code."""
    if args.out.suffix.lower() != ".png":
        raise MixeurError(f"key: --out {args.out}: only PNG keeps what is see-through; name it {args.out.stem}.png")
    image = read_picture(args.image)
    plate = None if args.plate is None else read_picture(args.plate)
    if plate is not None and plate.shape != image.shape:
        sizes = (f"{picture.shape[1]}x{picture.shape[0]}" for picture in (plate, image))
        raise MixeurError("key: the plate is {} and the image {}; take both with the same camera".format(*sizes))
    write_atomic(args.out, cut(image, plate, args.key or _colour_of(plate)))
    return 0


def cut(image: Pixels, plate: Pixels | None, key: str) -> bytes:
    """Return the people of a picture (BGR) as a PNG with straight alpha.

    Raises:
        MixeurError: The key is no colour, or too grey.
    """
    prepare_cache()
    import cv2

    from engine.show.model import Camera
    from engine.vision.eye import Eye
    from engine.vision.key import straight
    from engine.vision.plate import wall_colour

    wall_colour(key)
    eye = Eye(Camera(name="picture", key=key))
    if plate is not None:
        eye.take_plate(plate)
    matte = straight(eye.key(image))
    return bytes(cv2.imencode(".png", cv2.cvtColor(matte, cv2.COLOR_RGBA2BGRA))[1])


def read_picture(path: Path) -> Pixels:
    """Return a picture file as BGR.

    Raises:
        MixeurError: It is not there, is no picture, or too small.
    """
    import cv2
    import numpy as np

    try:
        packed = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise MixeurError(f"key: {path}: cannot be read: {error.strerror}") from None
    picture: Any = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    if picture is None:
        raise MixeurError(f"key: {path}: is no picture; give a PNG or a JPEG")
    if min(picture.shape[:2]) < LEAST_PX:
        raise MixeurError(f"key: {path}: is smaller than {LEAST_PX} pixels")
    return np.asarray(picture, np.uint8)


def _colour_of(plate: Pixels | None) -> str:
    """Return the middle colour of a plate as #rrggbb; blue if there is none."""
    import numpy as np

    if plate is None:
        return "blue"
    blue, green, red = (int(value) for value in np.median(plate.reshape(-1, 3), axis=0))
    return f"#{red:02x}{green:02x}{blue:02x}"
