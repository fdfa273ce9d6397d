"""Views: the cameras as scenes see them. Those of a group are one camera, which sees the whole stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.show.model import Camera

MOST_IN_GROUP = 12


def members(cameras: Mapping[str, Camera]) -> dict[str, tuple[str, ...]]:
    """Return the names of the cameras behind each view, in the order of the show file."""
    found: dict[str, tuple[str, ...]] = {}
    for name, camera in cameras.items():
        view = camera.group or name
        found[view] = (*found.get(view, ()), name)
    return found


def views(cameras: Mapping[str, Camera]) -> dict[str, Camera]:
    """Return each view as a camera; that of a group is as its first one, with the whole stage for its picture."""
    firsts = {view: cameras[names[0]] for view, names in members(cameras).items()}
    return {view: camera if camera.group is None else replace(camera, name=view, corners=None, group=None)
            for view, camera in firsts.items()}  # fmt: skip
