"""Canvas: what an artist draws on. Stage units, x to the right and y down; the stage is 1 high; colours are sRGB 0..1.

In every verb x and y are the middle of what is drawn. Arguments that are called numbers may be arrays of n numbers:
then n shapes are drawn in one call. What is not drawn in this frame is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.crew import Crew
from engine.problems import MixeurError
from engine.render import marks, people, pictures
from engine.render.drawing import Drawing, Pixels
from engine.render.layer import Blend, Box, Kind, Layer
from engine.render.people import Guest
from engine.render.shapes import Shapes
from engine.render.text import Texts
from engine.render.video import Films
from engine.world import Now, StageSize

if TYPE_CHECKING:
    import pygame

Numbers = float | Sequence[float] | NDArray[Any]
Colour = str | Sequence[float] | NDArray[Any]
WHITE = (1.0, 1.0, 1.0)
LINE = 0.004
UNSEEN_HEIGHT_PX = 36
MOST_LAYERS, MOST_VIEWS = 64, 16


class Canvas:
    """The light of one scene in one view.

    Attributes:
        stage: The stage's size.
    """

    def __init__(self, stage: StageSize, assets: tuple[Path, ...] | pictures.Assets = (), live: bool = False,
                 shown: frozenset[str] | None = None, crew: Crew | None = None) -> None:
        """Make a canvas.

        Args:
            assets: Folders that files are looked for in, first one first, or these with the pictures read from them.
            live: Whether films are decoded ahead by a thread; else in step, the same in every run.
            shown: The views that a projector shows; None: all. Others are drawn, but small: it costs next to nothing.
            crew: The threads that draw; all canvases of a show may share them.
        """
        self.stage = stage
        self._shown, self._crew = shown, crew or Crew()
        self._assets = assets if isinstance(assets, pictures.Assets) else pictures.Assets(assets, live)
        self._texts = Texts(self._assets)
        self._films = Films(live)
        self._live = live
        self._now = Now()
        self._views: dict[str, Canvas] = {}
        self._pool: list[Drawing] = []
        self._used = 0
        self._guests: list[Guest] = []
        self._guests_used = 0
        self._drawing: Drawing | None = None
        self._layers: list[Layer] = []
        self._is_drawing = False
        self._mix: tuple[Blend, float] = ("over", 1.0)
        self._size = width, height = self._drawn_size(stage)
        self._height = height
        self._shapes = Shapes(self._size, self._crew)
        self._scratch: Pixels = np.zeros((height, width, 4), np.uint8)
        self._places = pictures.Places(self._scratch)
        self._cover: Pixels = np.zeros((height, width), np.uint8)

    # -- the frame ----------------------------------------------------------------------------

    def begin(self, now: Now) -> None:
        """Begin a frame with nothing drawn; the layers of the last one are given up."""
        self._now, self._is_drawing = now, True
        self._layers, self._mix = [], ("over", 1.0)
        self._used = self._guests_used = 0
        self._drawing = None
        self._texts.begin()
        self._places.begin()
        for drawing in self._pool:
            drawing.open = False
        for view in self._views.values():
            view.begin(now)

    def end(self) -> dict[str, tuple[Layer, ...]]:
        """Return each view's layers, bottom first; they hold until the next `begin`."""
        self._close()
        self._is_drawing = False
        self._films.forget(self._now.time)
        views = {"stage": tuple(self._layers)}
        for name, view in self._views.items():
            views[name] = view.end()["stage"]
        return views

    def close(self) -> None:
        """Close the films."""
        self._films.close()
        for view in self._views.values():
            view.close()

    def view(self, name: str) -> Canvas:
        """Return the canvas of another display of this scene; `stage` is this one."""
        if name == "stage":
            return self
        self._check_drawing()
        if name not in self._views:
            if not isinstance(name, str) or len(self._views) >= MOST_VIEWS:
                raise MixeurError(f"canvas.view: at most {MOST_VIEWS} views, by name; not {str(name)[:40]!r}")
            kind = Canvas if self._shown is None or name in self._shown else UnseenCanvas
            self._views[name] = kind(self.stage, self._assets, self._live, crew=self._crew)
            self._views[name].begin(self._now)
        return self._views[name]

    @contextmanager
    def layer(self, blend: Blend = "over", alpha: float = 1.0) -> Iterator[Canvas]:
        """Draw what stands in the `with` block into a layer of its own, mixed as a whole."""
        marks.blend_index("layer", blend)
        outer, strength = self._mix, marks.share("layer", "alpha", alpha)
        self._close()
        self._mix = blend, outer[1] * strength
        try:
            yield self
        finally:
            self._close()
            self._mix = outer

    # -- the whole picture --------------------------------------------------------------------

    def clear(self, colour: Colour = (0.0, 0.0, 0.0), *, alpha: float = 1.0) -> None:
        """Fill everything with one colour, or with a picture such as `pixels`: of the same shape, premultiplied."""
        picture = colour if isinstance(colour, np.ndarray) and colour.ndim == 3 else None
        width, height = self.stage.size_px
        if picture is not None and (picture.shape != (height, width, 4) or picture.dtype != np.uint8):
            raise MixeurError(f"canvas.clear: a picture must be uint8 {(height, width, 4)} as canvas.pixels is, not "
                              f"{picture.dtype} {picture.shape}")
        paint = marks.paint("clear", (0, 0, 0) if picture is not None else colour, alpha)
        drawing = self._take()
        if not drawing.open:
            drawing.begin(self._now.time, clear=False)
        if picture is not None and picture.shape == drawing.pixels.shape:
            drawing.copy(picture)
        else:
            drawing.fill(paint)

    def trail(self, seconds: float) -> None:
        """Keep the picture of the frame before, fading to nothing in `seconds`. Call it before drawing."""
        drawing = self._take()
        if drawing.open:
            raise MixeurError("canvas.trail: something is drawn already; call trail first in draw()")
        drawing.begin_faded(self._now.time, max(marks.number("trail", "seconds", seconds), 1e-3))

    def glow(self, radius: float = 0.03, amount: float = 1.0) -> None:
        """Let what is drawn so far shine: blurred by `radius` and added, `amount` times; a trail keeps none of it."""
        radius_px = min(marks.number("glow", "radius", radius), 1.0) * self._height
        strength = min(max(marks.number("glow", "amount", amount), 0.0), 255.0)
        if radius_px < 1:
            return
        drawing, size = self._open(), self._size
        drawing.before_glow()
        small: Any = drawing.pixels
        step = 1
        while step < (4 if radius_px < 48 else 8) and min(size) >= 16 * step:
            step *= 2  # halves are quick to make
            small = cv2.resize(small, (size[0] // step, size[1] // step), interpolation=cv2.INTER_AREA)
        reach = max(round(radius_px / step), 1) * 2 + 1
        small = cv2.convertScaleAbs(cv2.stackBlur(small, (reach, reach)), alpha=strength)
        cv2.resize(small, size, dst=self._scratch, interpolation=cv2.INTER_LINEAR)
        drawing.lay(self._scratch.view(np.uint32)[..., 0], 0, 0, 1.0, "add")

    def mask(self, points: Any = None, *, camera: str = "", invert: bool = False, soft: float = 0.0) -> None:
        """Keep what is drawn so far only where people are, or inside a polygon of (x, y) points.

        Args:
            camera: Whose people; the first camera if none is named.
            invert: Keep what is outside instead.
            soft: How far the edge fades, in stage units.
        """
        drawing, soft_px = self._open(), marks.share("mask", "soft", soft) * self._height
        seen = self._now.mask(camera) if points is None else self._shapes.filled("mask", points)
        people.cover(seen, self._cover, soft_px, invert)
        drawing.keep(self._cover)

    @property
    def pixels(self) -> Pixels:
        """Return the picture drawn on now, to write in place: premultiplied RGBA, shape (height, width, 4), uint8."""
        drawing = self._open()
        drawing.touched.fill(True)
        return drawing.pixels.view()  # a new shape given to it is its own

    @property
    def surface(self) -> pygame.Surface:
        """Return the same memory as a pygame Surface (blit with BLEND_PREMULTIPLIED)."""
        return self._open().surface

    # -- shapes -------------------------------------------------------------------------------

    def circle(self, x: Numbers, y: Numbers, radius: Numbers, colour: Colour = WHITE, *, width: float | None = None,
               alpha: Numbers = 1.0, blend: Blend = "over", soft: float = 0.0) -> None:
        """Draw discs, or rings where a `width` is given; `soft` 1 fades from the middle, as light does."""
        self._shapes.discs(self._open(), "circle", x, y, radius, colour, width, alpha, blend, soft)

    def dots(self, x: Numbers, y: Numbers, radius: Numbers = 0.004, colour: Colour = WHITE, *,
             alpha: Numbers = 1.0, blend: Blend = "over", soft: float = 0.0) -> None:
        """Draw many small discs: arrays of x, y, radius and colours of shape (n, 3) or (n, 4)."""
        self._shapes.discs(self._open(), "dots", x, y, radius, colour, None, alpha, blend, soft)

    def ring(self, x: Numbers, y: Numbers, radius: Numbers, colour: Colour = WHITE, *, width: Numbers = LINE,
             alpha: Numbers = 1.0, blend: Blend = "over", soft: float = 0.0) -> None:
        """Draw rings; `radius` is the middle of the line."""
        self._shapes.discs(self._open(), "ring", x, y, radius, colour, width, alpha, blend, soft)

    def line(self, x0: Numbers, y0: Numbers, x1: Numbers, y1: Numbers, colour: Colour = WHITE, *, width: Numbers = LINE,
             alpha: Numbers = 1.0, blend: Blend = "over", soft: float = 0.0) -> None:
        """Draw lines with round ends."""
        self._shapes.lines(self._open(), x0, y0, x1, y1, colour, width, alpha, blend, soft)

    def path(self, points: Any, colour: Colour = WHITE, *, width: float = LINE, closed: bool = False,
             alpha: Numbers = 1.0, blend: Blend = "over", soft: float = 0.0) -> None:
        """Draw a line through points of shape (n, 2), or k lines of shape (k, n, 2), each with its colour and alpha."""
        self._shapes.path(self._open(), "path", points, colour, width, closed, alpha, blend, soft)

    def polygon(self, points: Any, colour: Colour = WHITE, *, width: float | None = None,
                alpha: float = 1.0, blend: Blend = "over") -> None:
        """Draw a filled shape with corners of shape (n, 2), or its outline where a `width` is given."""
        if width is None:
            self._shapes.polygon(self._open(), points, colour, alpha, blend)
        else:
            self._shapes.path(self._open(), "polygon", points, colour, width, True, alpha, blend, 0.0)

    def rect(self, x: float, y: float, w: float, h: float, colour: Colour = WHITE, *, angle: float = 0.0,
             width: float | None = None, alpha: float = 1.0, blend: Blend = "over") -> None:
        """Draw a rectangle, turned by `angle` degrees clockwise; only its outline where a `width` is given."""
        x, y, w, h = (marks.number("rect", n, v) for n, v in zip("xywh", (x, y, w, h), strict=True))
        turn = np.radians(marks.number("rect", "angle", angle))
        across, down = np.array((np.cos(turn), np.sin(turn))) * w / 2, np.array((-np.sin(turn), np.cos(turn))) * h / 2
        corners = [(x, y) + side * across + end * down for side, end in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        self.polygon(corners, colour, width=width, alpha=alpha, blend=blend)

    # -- words, pictures, films, people -------------------------------------------------------

    def text(self, words: object, x: float, y: float, size: float = 0.08, colour: Colour = WHITE, *,
             align: str = "centre", font: str | None = None, alpha: float = 1.0, blend: Blend = "over") -> None:
        """Write words, `size` high; x is their left, centre or right as `align` says; `font` is a file."""
        size_px = round(marks.number("text", "size", size) * self._height)
        x_px, y_px = marks.number("text", "x", x) * self._height, marks.number("text", "y", y) * self._height
        paint = marks.paint("text", colour, alpha)
        marks.blend_index("text", blend)
        if align not in ("left", "centre", "right"):
            raise MixeurError(f"canvas.text: unknown align {align!r}; use left, centre or right")
        if size_px < 1 or not str(words):
            return
        cover = self._texts.cover(str(words), min(size_px, 2 * self._height), font, align)
        left = x_px - cover.shape[1] * {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        self._open().pour(cover, round(min(max(left, -marks.FAR_PX), marks.FAR_PX)),
                          round(min(max(y_px - cover.shape[0] / 2, -marks.FAR_PX), marks.FAR_PX)), paint, blend)

    def image(self, source: str | Path | NDArray[Any], x: float | None = None, y: float = 0.5,
              w: float | None = None, h: float | None = None, *, angle: float = 0.0,
              alpha: float = 1.0, blend: Blend = "over") -> None:
        """Draw a picture: a file in the assets, or an array (h, w[, 3 or 4]) of straight alpha; w or h is enough."""
        self._place("image", self._assets.picture("image", source), x, y, w, h, angle, alpha, blend)

    def video(self, path: str | Path, x: float | None = None, y: float = 0.5, w: float | None = None,
              h: float | None = None, *, loop: bool = True, angle: float = 0.0, alpha: float = 1.0,
              blend: Blend = "over") -> None:
        """Play a film from the assets, from when it is first asked for; without x it fills the stage."""
        whole = x is None and w is None and h is None
        file = self._assets.find("video", path)
        picture = self._films.at(file, self._size if whole else None, loop, self._now.time)
        marks.blend_index("video", blend)
        if picture is None:
            return
        if whole:
            self._queue(picture, "video", blend, marks.share("video", "alpha", alpha))
        else:
            self._place("video", [picture], x, y, w, h, angle, alpha, blend)

    def people(self, camera: str = "", *, mirror: bool = True, alpha: float = 1.0, tint: Colour | None = None,
               blend: Blend = "over") -> None:
        """Show the people that a camera sees; the engine owns this layer, later verbs draw above it.

        Args:
            camera: Its name; the first camera if none is named.
            tint: Colour that their picture is multiplied with.
        """
        marks.blend_index("people", blend)
        strength = marks.share("people", "alpha", alpha)
        matte = people.newest(self._now.mattes, camera)
        if matte is None or strength == 0:
            return
        if self._guests_used == len(self._guests):
            self._guests.append(Guest(self._size, self._crew))
        guest = self._guests[self._guests_used]
        self._guests_used += 1
        self._fit(guest, matte.pixels, mirror, None if tint is None else marks.parts("people", tint))
        self._queue(guest.pixels, "people", blend, strength, guest.box)

    # -- how --------------------------------------------------------------------------------------

    def _drawn_size(self, stage: StageSize) -> tuple[int, int]:
        return stage.size_px

    def _fit(self, guest: Guest, matte: Pixels, mirror: bool, tint: tuple[float, float, float] | None) -> None:
        guest.fit(matte, mirror, tint)

    def _check_drawing(self) -> None:
        if not self._is_drawing:
            raise MixeurError("canvas: it can be drawn on in draw() only; keep numbers in self, and no canvas")
        if len(self._layers) >= MOST_LAYERS:
            raise MixeurError(f"canvas: more than {MOST_LAYERS} layers in one frame; draw more into one")

    def _take(self) -> Drawing:
        if self._drawing is None:
            self._check_drawing()
            if self._used == len(self._pool):
                self._pool.append(Drawing(self._size, self._crew))
            self._drawing = self._pool[self._used]
        return self._drawing

    def _open(self) -> Drawing:
        drawing = self._take()
        if not drawing.open:
            drawing.begin(self._now.time)
        return drawing

    def _close(self) -> None:
        if self._drawing is not None and self._drawing.open:
            self._layers.append(Layer(self._drawing.pixels, *self._mix, box=self._drawing.box))
            self._used += 1
        self._drawing = None

    def _queue(self, pixels: Pixels, kind: Kind, blend: Blend, alpha: float, box: Box | None = None) -> None:
        self._check_drawing()
        self._close()
        group = self._mix
        self._layers.append(Layer(pixels, blend if group[0] == "over" else group[0], alpha * group[1], kind, box))

    def _place(self, verb: str, halves: list[Pixels], x: float | None, y: float, w: float | None, h: float | None,
               angle: float, alpha: float, blend: Blend) -> None:
        """Place a picture; without a size it covers the stage."""
        marks.blend_index(verb, blend)
        high, wide = halves[0].shape[:2]
        if w is None and h is None:
            h = max(1.0, self.stage.aspect * high / wide)
        tall = None if h is None else marks.number(verb, "h", h) * self._height
        w_px = (tall or 0.0) * wide / high if w is None else marks.number(verb, "w", w) * self._height
        h_px = w_px * high / wide if tall is None else tall
        centre = [min(max(marks.number(verb, name, value) * self._height - 0.5, -marks.FAR_PX), marks.FAR_PX)
                  for name, value in (("x", self.stage.aspect / 2 if x is None else x), ("y", y))]
        if 0 < w_px < marks.FAR_PX and 0 < h_px < marks.FAR_PX:
            pictures.place(self._open(), halves, (centre[0], centre[1]), (w_px, h_px),
                           marks.number(verb, "angle", angle), marks.share(verb, "alpha", alpha), blend,
                           self._shapes, self._places)


class UnseenCanvas(Canvas):
    """A view that no projector shows: drawn all the same, so that its mistakes are found, but small and for nobody."""

    def __init__(self, stage: StageSize, assets: tuple[Path, ...] | pictures.Assets = (), live: bool = False,
                 crew: Crew | None = None) -> None:
        super().__init__(stage, assets, live, crew=crew)
        self._whole: Drawing | None = None

    @property
    def pixels(self) -> Pixels:
        return self._in_full().pixels

    @property
    def surface(self) -> pygame.Surface:
        return self._in_full().surface

    def end(self) -> dict[str, tuple[Layer, ...]]:
        super().end()
        return {"stage": ()}

    def _drawn_size(self, stage: StageSize) -> tuple[int, int]:
        width, height = stage.size_px
        return max(round(width * UNSEEN_HEIGHT_PX / height), 16), UNSEEN_HEIGHT_PX

    def _fit(self, guest: Guest, matte: Pixels, mirror: bool, tint: tuple[float, float, float] | None) -> None:
        pass  # finding people in a matte costs the same however small they are drawn

    def _in_full(self) -> Drawing:
        if self._whole is None:
            self._whole = Drawing(self.stage.size_px, self._crew)
        return self._whole
