"""One window on the screen, by whichever pygame is installed, and the outputs whose pictures lie in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS", "0")
# The first press on a window is meant too: a corner on the next projector, a slider.
os.environ.setdefault("SDL_MOUSE_FOCUS_CLICKTHROUGH", "1")
# Without a GPU SDL would draw a window's pixels by software GL: 16 ms instead of 0.7 ms at 1080p.
os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")

import numpy as np
import pygame
from numpy.typing import NDArray

from engine.render.displays import fit
from engine.render.sdl import Rect

Pixels = NDArray[np.uint8]
MOST_PUSHES = 3
BGRX = (0xFF0000, 0xFF00, 0xFF, 0)


@dataclass(frozen=True, slots=True)
class Port:
    """One output in a window.

    Attributes:
        size: (width, height) of its picture; None: the window's own, whatever that becomes.
        area: Where it lies in the window; None: all of it.
    """

    name: str
    size: tuple[int, int] | None = None
    area: Rect | None = None

    def size_in(self, window_size: tuple[int, int]) -> tuple[int, int]:
        """Return the picture's (width, height) in a window of that size."""
        return self.size or window_size

    def rect(self, window_size: tuple[int, int]) -> Rect:
        """Return where the picture lies in a window of that size."""
        return fit(self.size_in(window_size), self.area or (0, 0, *window_size))


class Pane:
    """One window; pygame-ce shows the window's own surface.

    Attributes:
        ports: The outputs whose pictures lie in it.
        rect: (x, y, width, height) that a projector's window must keep; None: people may move it.
    """

    def __init__(self, title: str, size: tuple[int, int], position: Any, ports: tuple[Port, ...],
                 *, hides_cursor: bool, rect: Rect | None = None, **flags: bool) -> None:
        # pygame 2.6.1 has this class there only, pygame-ce has it there too.
        from pygame._sdl2.video import Window

        self.ports = ports
        self.hides_cursor = hides_cursor
        self.rect = rect
        self._pushes = MOST_PUSHES
        self.window = Window(title, size, position=position, **flags)
        self.id = self.window.id

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.window.size
        return int(width), int(height)

    @property
    def is_refused(self) -> bool:
        """Return whether something keeps the window from lying where it must."""
        return not self._pushes

    def push_back(self) -> None:
        """Move the window back to where it must be; after three times in vain it is left alone."""
        if self.rect is None or (*self.window.position, *self.size) == self.rect:
            self._pushes = MOST_PUSHES
        elif self._pushes:
            self._pushes -= 1
            self.window.size = self.rect[2:]
            self.window.position = self.rect[:2]

    def surface(self) -> pygame.Surface:
        surface: pygame.Surface = self.window.get_surface()
        return surface

    def flip(self) -> None:
        self.window.flip()

    def copy(self, port: Port, frame: Pixels) -> None:
        """Copy a picture into the window, letterboxed where the sizes differ."""
        surface, rect = self.surface(), fit(frame.shape[1::-1], port.rect(self.size))
        if frame.shape[1::-1] != rect[2:]:
            surface.fill((0, 0, 0), port.area)
            frame = _scaled(frame, rect[2:])
        if surface.get_masks() == BGRX and surface.get_bytesize() == 4:
            _fill(surface, rect, frame)
            return
        converted = pygame.Surface(rect[2:], 0, 32, BGRX)  # a desktop with other pixels than ours
        _fill(converted, (0, 0, *rect[2:]), frame)
        surface.blit(converted, rect[:2])

    def memory(self, port: Port) -> Pixels | None:
        """Return where an output's picture lies in the window, if it fills it as it is.

        Returns:
            BGRX. Shape (height, width, 4), uint8, C-contiguous; it lives until the next events are taken.
        """
        surface, size = self.surface(), self.size
        if (port.rect(size) != (0, 0, *size) or port.size_in(size) != size or surface.get_size() != size
                or surface.get_masks() != BGRX or surface.get_bytesize() != 4 or surface.get_pitch() != 4 * size[0]):
            return None
        return _packed(surface).view(np.uint8).reshape(size[1], size[0], 4)

    def port_at(self, x: float, y: float) -> tuple[str, float, float] | None:
        """Return the output under a point of the window, and the point in that output's pixels."""
        for port in self.ports:
            left, top, width, height = port.rect(self.size)
            if len(self.ports) == 1 or (left <= x < left + width and top <= y < top + height):
                scale = port.size_in(self.size)[0] / width
                return port.name, (x - left) * scale, (y - top) * scale
        return None

    def close(self) -> None:
        self.window.destroy()


class TexturePane(Pane):
    """The same by a renderer: pygame 2.6.1 does not give a window's surface."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from pygame._sdl2.video import Renderer, Texture

        super().__init__(*args, **kwargs)
        self._renderer = Renderer(self.window, accelerated=0)
        self._texture_of = Texture
        self._picture: pygame.Surface | None = None
        self._texture: Any = None

    def surface(self) -> pygame.Surface:
        if self._picture is None or self._picture.get_size() != self.size:
            self._picture = pygame.Surface(self.size, 0, 32, BGRX)
            self._texture = self._texture_of(self._renderer, self.size, depth=32, streaming=True)
        return self._picture

    def flip(self) -> None:
        self._texture.update(self.surface())
        self._texture.draw()
        self._renderer.present()


def _scaled(frame: Pixels, size: tuple[int, int]) -> Pixels:
    import cv2  # slow to load, and not needed where a projector gets its own pixels

    # Averaging costs four times as much as blending neighbours, and only shows beyond a half.
    way = cv2.INTER_AREA if frame.shape[1] > size[0] * 2 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size, interpolation=way), np.uint8)


def _packed(surface: pygame.Surface) -> NDArray[np.uint32]:
    """Return a surface's memory, one uint32 a pixel. Shape (height, width); the surface is locked while it lives."""
    pixels: NDArray[np.uint32] = np.array(surface.get_view("2"), copy=False).T
    return pixels


def _fill(surface: pygame.Surface, rect: Rect, frame: Pixels) -> None:
    x, y, width, height = rect
    pixels = _packed(surface)[y : y + height, x : x + width]
    if pixels.ctypes.data != frame.ctypes.data:  # else it was made here
        np.copyto(pixels, frame.view(np.uint32)[..., 0])


def open_pane(title: str, size: tuple[int, int], position: tuple[int, int], ports: tuple[Port, ...],
              *, hides_cursor: bool, rect: Rect | None = None, **flags: bool) -> Pane:
    """Open a window that shows the outputs `ports`; flags are SDL's (`borderless`, `fullscreen_desktop`...)."""
    kind = Pane if hasattr(pygame, "Window") else TexturePane
    return kind(title, size, position, ports, hides_cursor=hides_cursor, rect=rect, **flags)
