"""X11's own names of the outputs (`HDMI-1`), which SDL hides behind the model's name."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

from engine.render.sdl import Rect


class _Monitor(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_ulong), ("primary", ctypes.c_int), ("automatic", ctypes.c_int), ("n_outputs", ctypes.c_int),
        ("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
        ("width_mm", ctypes.c_int), ("height_mm", ctypes.c_int), ("outputs", ctypes.c_void_p),
    )


def output_names() -> Mapping[Rect, str]:
    """Return the RANDR monitor of each (x, y, width, height); empty without an X server or RANDR 1.5."""
    try:
        x11, randr = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXrandr.so.2")
        monitors_of = randr.XRRGetMonitors
    except (OSError, AttributeError):
        return {}
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XGetAtomName.restype = ctypes.c_void_p
    monitors_of.restype = ctypes.POINTER(_Monitor)
    server = x11.XOpenDisplay(None)
    if not server:
        return {}
    connection = ctypes.c_void_p(server)
    count = ctypes.c_int(0)
    root = ctypes.c_ulong(x11.XDefaultRootWindow(connection))
    found = monitors_of(connection, root, 1, ctypes.byref(count))
    names: dict[Rect, str] = {}
    for monitor in found[: count.value] if found else ():
        text = x11.XGetAtomName(connection, ctypes.c_ulong(monitor.name))
        rect = (monitor.x, monitor.y, monitor.width, monitor.height)
        names[rect] = (ctypes.string_at(text) if text else b"").decode(errors="replace")
        x11.XFree(ctypes.c_void_p(text))
    if found:
        randr.XRRFreeMonitors(found)
    x11.XCloseDisplay(connection)
    return names
