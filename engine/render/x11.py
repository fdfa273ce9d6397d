"""What only the X server knows: which outputs shine and where, and whether another window stands before ours."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.render.sdl import Rect
from engine.supervise.child import DISPLAY_GONE

EDID_NAME = b"\0\0\0\xfc\0"
VIEWABLE = 2
ON_ERROR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
ON_DEATH = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Monitor(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_ulong), ("primary", ctypes.c_int), ("automatic", ctypes.c_int), ("n_outputs", ctypes.c_int),
        ("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
        ("width_mm", ctypes.c_int), ("height_mm", ctypes.c_int), ("outputs", ctypes.POINTER(ctypes.c_ulong)),
    )


class _Window(ctypes.Structure):
    _fields_ = (
        ("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
        ("_before", ctypes.c_int * 2), ("visual", ctypes.c_void_p), ("root", ctypes.c_ulong),
        ("_middle", ctypes.c_int * 4), ("_planes", ctypes.c_ulong * 2), ("save_under", ctypes.c_int),
        ("colormap", ctypes.c_ulong), ("map_installed", ctypes.c_int), ("map_state", ctypes.c_int),
        ("_after", ctypes.c_ulong * 8),
    )


@dataclass(frozen=True, slots=True)
class Monitor:
    """An output that shines: RANDR's name (`HDMI-1`), the model the cable tells (or nothing), (x, y, width, height)."""

    name: str
    model: str
    rect: Rect


@ON_ERROR
def _ignore(server: int, error: int) -> int:
    """Let an error pass: a window that another program destroyed must not end the show, as Xlib would have it."""
    return 0


@ON_DEATH
def _leave(server: int) -> int:
    """End at once: Xlib ends the process anyway, and SDL hangs where it is kept from that."""
    sys.stderr.write("display: the X server is gone; the engine starts again without it\n")
    sys.stderr.flush()
    os._exit(DISPLAY_GONE)


def answers() -> bool:
    """Return whether there is a display server; waits for an X server that has begun to start, or hangs."""
    if not os.environ.get("DISPLAY") or os.environ.get("SDL_VIDEODRIVER", "x11") != "x11":
        return True  # none of X: SDL finds out
    try:
        XServer().close()
    except OSError:
        return False
    return True


class XServer:
    """A connection of our own to the X server that `DISPLAY` names.

    When the server dies this process ends with `DISPLAY_GONE`.

    Raises:
        OSError: There is no server, or no RANDR 1.5.
    """

    def __init__(self) -> None:
        self._x11, self._randr = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXrandr.so.2")
        if not hasattr(self._randr, "XRRGetMonitors"):
            raise OSError("no RANDR 1.5")
        for name in ("XOpenDisplay", "XGetAtomName"):
            getattr(self._x11, name).restype = ctypes.c_void_p
        for name in ("XDefaultRootWindow", "XInternAtom"):
            getattr(self._x11, name).restype = ctypes.c_ulong
        self._randr.XRRGetMonitors.restype = ctypes.POINTER(_Monitor)
        server = self._x11.XOpenDisplay(None)
        if not server:
            raise OSError("no X server")
        self._server = ctypes.c_void_p(server)
        self._root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._server))
        self._x11.XSetErrorHandler(_ignore)
        self._x11.XSetIOErrorHandler(_leave)

    def close(self) -> None:
        """Leave the server."""
        self._x11.XCloseDisplay(self._server)

    # -- outputs ------------------------------------------------------------------------------

    def monitors(self) -> tuple[Monitor, ...]:
        """Return the outputs that shine, in the server's order."""
        count = ctypes.c_int(0)
        found = self._randr.XRRGetMonitors(self._server, self._root, 1, ctypes.byref(count))
        if not found:
            return ()
        monitors = tuple(
            Monitor(self._atom(each.name), model_of(self._edid(each.outputs[0])) if each.n_outputs else "",
                    (each.x, each.y, each.width, each.height))
            for each in found[: count.value])
        self._randr.XRRFreeMonitors(found)
        return monitors

    def _atom(self, number: int) -> str:
        text = self._x11.XGetAtomName(self._server, ctypes.c_ulong(number))
        name = (ctypes.string_at(text) if text else b"").decode(errors="replace")
        self._x11.XFree(ctypes.c_void_p(text))
        return name

    def _edid(self, output: int) -> bytes:
        kind, bits = ctypes.c_ulong(0), ctypes.c_int(0)
        count, left, data = ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_void_p()
        edid = self._x11.XInternAtom(self._server, b"EDID", 0)
        self._randr.XRRGetOutputProperty(
            self._server, ctypes.c_ulong(output), ctypes.c_ulong(edid), ctypes.c_long(0), ctypes.c_long(64), 0, 0,
            ctypes.c_ulong(0), *map(ctypes.byref, (kind, bits, count, left, data)))
        read = ctypes.string_at(data, count.value) if data and bits.value == 8 else b""
        self._x11.XFree(data)
        return read

    # -- windows ------------------------------------------------------------------------------

    def there(self, window: int) -> bool:
        """Return whether a window still exists and is shown."""
        seen = self._look_at(window)
        return seen is not None and seen.map_state == VIEWABLE

    def raise_covered(self, ours: Mapping[int, Rect], spared: Collection[int] = ()) -> None:
        """Bring those of our windows to the front that a strange one covers, be it in part.

        Args:
            ours: Where each of our windows lies.
            spared: Windows that may stand before them.
        """
        frames = {self._frame(window): window for window in ours}
        may_cover = {self._frame(window) for window in spared}
        strange: list[Rect] = []
        for window in reversed(self._children(self._root.value)):  # from the front to the back
            if window in frames:
                if any(_overlap(rect, ours[frames[window]]) for rect in strange):
                    self._x11.XRaiseWindow(self._server, ctypes.c_ulong(frames[window]))
            elif window not in may_cover:
                seen = self._look_at(window)
                if seen is not None and seen.map_state == VIEWABLE:
                    strange.append((seen.x, seen.y, seen.width, seen.height))
        self._x11.XFlush(self._server)

    def stay_awake(self) -> None:
        """Put off what blanks screens that nobody touches."""
        self._x11.XResetScreenSaver(self._server)
        self._x11.XFlush(self._server)

    def _look_at(self, window: int) -> _Window | None:
        seen = _Window()
        known = self._x11.XGetWindowAttributes(self._server, ctypes.c_ulong(window), ctypes.byref(seen))
        return seen if known else None

    def _frame(self, window: int) -> int:
        """Return the window, or what a window manager has put round it."""
        parent = window
        while parent not in (0, self._root.value):
            window, parent = parent, self._tree(parent)[0]
        return window

    def _children(self, window: int) -> list[int]:
        return self._tree(window)[1]

    def _tree(self, window: int) -> tuple[int, list[int]]:
        root, parent, count = ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_uint(0)
        children: Any = ctypes.POINTER(ctypes.c_ulong)()
        told = (root, parent, children, count)
        if not self._x11.XQueryTree(self._server, ctypes.c_ulong(window), *map(ctypes.byref, told)):
            return 0, []
        found = list(children[: count.value]) if children else []
        self._x11.XFree(children)
        return int(parent.value), found


def model_of(edid: bytes) -> str:
    """Return the name that a display gives itself in its EDID, or nothing."""
    for at in range(54, 126, 18):
        if edid[at : at + 5] == EDID_NAME:
            return edid[at + 5 : at + 18].partition(b"\n")[0].decode("ascii", "replace").strip()
    return ""


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
