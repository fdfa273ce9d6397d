"""The eye of one camera: first the matte, as people must see themselves soon, then who is where."""

from __future__ import annotations

import cv2
import numpy as np

from engine.show.model import Camera
from engine.vision.above import Above
from engine.vision.flow import Motion
from engine.vision.front import Foreground
from engine.vision.key import Keyer, cut_out
from engine.vision.people import find_people
from engine.vision.plate import Plate, paint_of
from engine.vision.room import EmptyRoom
from engine.vision.sizes import analysed_size
from engine.vision.track import Tracker
from engine.world import Pixels, Sighting

OTHER_SIZE = "its clean plate was taken in another size; take it again (mixeur plate)"


class Eye:
    """Keys and tracks the pictures of one camera, in order; knows no device and no clock.

    Attributes:
        size: (width, height) of the analysed picture.

    Args:
        first_id: Ids count from here.
    """

    def __init__(self, camera: Camera, first_id: int = 1) -> None:
        self._camera = camera
        self.size = analysed_size(camera.size)
        self._plate = None if camera.key == "none" else Plate(camera.key, camera.fps)
        self._keyer = Keyer(0 if self._plate is None else self._plate.channel)
        self._paint: Pixels | None = None
        self._is_other_size = False
        self._front = Foreground(0 if self._plate is None else self._plate.channel)
        self._room = EmptyRoom(camera.fps)
        self._above = None if camera.floor_m is None else Above(camera.floor_m, camera.fps, first_id)
        self._tracker = Tracker(first_id)
        self._motion = Motion()
        self._small: Pixels | None = None
        self._mask: Pixels | None = None

    @property
    def next_id(self) -> int:
        """Return the id that the next person will have."""
        return self._tracker.next_id if self._above is None else self._above.next_id

    @property
    def note(self) -> str:
        """Return what the operator should know of what is seen, or nothing."""
        if self._plate is None:
            return ""
        return self._plate.note or (OTHER_SIZE if self._is_other_size else "")

    def learn(self, picture: Pixels) -> None:
        """Take a picture for the empty room."""
        if self._above is not None:
            self._above.learn(_resized(picture, analysed_size((picture.shape[1], picture.shape[0]))))
        else:
            self.key(picture)

    def take_plate(self, plate: Pixels) -> None:
        """Take the empty wall, best the mean of two seconds, so that paint is told from people at every pixel.

        Args:
            plate: BGR, in the size of the pictures that follow; of another size it is not used.
        """
        if self._plate is not None:
            self._plate.forget()
            wall = self._plate.look(_resized(plate, analysed_size((plate.shape[1], plate.shape[0]))))
            self._paint = paint_of(plate, wall)

    def key(self, picture: Pixels) -> Pixels:
        """Cut people out.

        Args:
            picture: BGR, shape (height, width, 3), any size.

        Returns:
            Premultiplied RGBA of the same size.
        """
        size = picture.shape[1], picture.shape[0]
        self.size = analysed_size(size)
        self._small = _resized(picture, self.size)
        if self._plate is not None and self._above is None:
            self._mask = None  # worked out when it is needed: the matte goes out first
            self._is_other_size = self._paint is not None and self._paint.shape != picture.shape[:2]
            wall = self._plate.look(self._small)
            return self._keyer.key(picture, self._front.look(self._small, wall), self._paint)
        if self._above is not None:
            self._mask = self._above.difference(self._small)
        else:
            self._mask = _solid(self._room.difference(self._small))
        edge = np.asarray(cv2.GaussianBlur(self._mask, (5, 5), 1.2), np.uint8)
        return cut_out(picture, _resized(edge, size))

    def track(self, picture: Pixels, matte: Pixels, captured_ns: int, frame: int) -> Sighting:
        """Find who is where in the picture keyed last.

        Args:
            picture: As given to `key`.
            matte: As returned by `key`.
            captured_ns: When the camera took it, monotonic.
            frame: The camera's frame number.
        """
        if self._small is None:
            self.key(picture)
        assert self._small is not None
        mask = self._mask
        if mask is None:
            mask = _solid(_resized(np.asarray(cv2.extractChannel(matte, 3), np.uint8), self.size))
        mask.flags.writeable = False
        if self._above is not None:
            people, contacts = self._above.follow(captured_ns)
        else:
            people, contacts = self._tracker.follow(find_people(mask, self._small), captured_ns, self.size)
        motion, flow = self._motion.measure(self._small, captured_ns)
        return Sighting(self._camera.name, "live", frame, captured_ns, self.size, people, mask, flow, motion, contacts)


def _resized(picture: Pixels, size: tuple[int, int]) -> Pixels:
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    way = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def _solid(alpha: Pixels) -> Pixels:
    """Return people without specks and small holes: 0 or 255."""
    mask = cv2.threshold(alpha, 127, 255, cv2.THRESH_BINARY)[1]
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), np.uint8)
