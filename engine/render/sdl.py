"""The few calls of SDL that pygame lacks, made on the very library that pygame has loaded."""

from __future__ import annotations

import ctypes
import sys

import pygame

Rect = tuple[int, int, int, int]
X11 = 2  # SDL_SYSWM_X11
UNMAPPED = 18  # UnmapNotify


class _Mode(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_uint32), ("width", ctypes.c_int), ("height", ctypes.c_int),
        ("refresh_hz", ctypes.c_int), ("driver", ctypes.c_void_p),
    )


class _System(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_uint8 * 3), ("kind", ctypes.c_int), ("server", ctypes.c_void_p),
        ("window", ctypes.c_ulong), ("_rest", ctypes.c_uint8 * 64),
    )


class _Unmapped(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int), ("serial", ctypes.c_ulong), ("was_sent", ctypes.c_int), ("server", ctypes.c_void_p),
        ("event", ctypes.c_ulong), ("window", ctypes.c_ulong), ("from_configure", ctypes.c_int),
        ("_rest", ctypes.c_long * 24),
    )


class Sdl:
    """SDL's view of displays and windows; valid after `pygame.display.init()`."""

    def __init__(self) -> None:
        # A symbol is looked up in a library's dependencies too, except on Windows, which finds a loaded DLL by name.
        self._lib = ctypes.CDLL("SDL2.dll" if sys.platform == "win32" else pygame.base.__file__)
        self._lib.SDL_GetDisplayName.restype = ctypes.c_char_p
        self._lib.SDL_GetWindowFromID.restype = ctypes.c_void_p

    def bounds(self) -> tuple[Rect, ...]:
        """Return (x, y, width, height) of every display on the desktop, in display order."""
        rects = []
        for index in range(self._lib.SDL_GetNumVideoDisplays()):
            rect = (ctypes.c_int * 4)()
            self._lib.SDL_GetDisplayBounds(index, rect)
            rects.append((rect[0], rect[1], rect[2], rect[3]))
        return tuple(rects)

    def name(self, index: int) -> str:
        """Return what the display calls itself: on X11 the model where the cable tells it, else the output."""
        return (self._lib.SDL_GetDisplayName(index) or b"").decode(errors="replace")

    def refresh_hz(self, index: int) -> int:
        """Return the refresh rate, 0 if unknown."""
        mode = _Mode()
        failed = self._lib.SDL_GetDesktopDisplayMode(index, ctypes.byref(mode))
        return 0 if failed else int(mode.refresh_hz)

    def x_window(self, window_id: int) -> int:
        """Return the X server's number of a window, 0 where there is none."""
        system = self._system(window_id)
        return int(system.window) if system else 0

    def expect_gone(self, window_id: int) -> None:
        """Tell SDL that a window has gone which another program destroyed, so that it can be closed.

        Closing it SDL hides it first, and waits for ever for the X server to say that it is hidden: it says so here.
        """
        system = self._system(window_id)
        if system:
            event = _Unmapped(UNMAPPED, server=system.server, event=system.window, window=system.window)
            ctypes.CDLL("libX11.so.6").XPutBackEvent(ctypes.c_void_p(system.server), ctypes.byref(event))

    def _system(self, window_id: int) -> _System | None:
        """Return what the X server knows of a window, or nothing where there is none."""
        system = _System()
        self._lib.SDL_GetVersion(system.version)
        window = ctypes.c_void_p(self._lib.SDL_GetWindowFromID(window_id))
        known = window and self._lib.SDL_GetWindowWMInfo(window, ctypes.byref(system)) and system.kind == X11
        return system if known else None
