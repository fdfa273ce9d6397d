"""What one part of a show says of another: names that must exist, files that must stand there, things taken twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.light.fixture import fixture_of
from engine.problems import MixeurError, ShowError, did_you_mean
from engine.show import forms
from engine.show.locate import KeyPath
from engine.show.model import Camera, Cue, Lamp, ParamLink, Projector, SceneEntry, Show
from engine.show.profile import read_profile
from engine.show.speakers import check_speakers
from engine.show.table import Reader
from engine.show.views import MOST_IN_GROUP, members

DMX_CHANNELS = 512
MOST_MICS = 4
MAIN_VIEW = "stage"
CUE_COMMANDS = ("go", "back", "hold")

_MIC = re.compile(r"""\bnow\.mics?\b|["']mic(?::|["'])""")
_VIEW = re.compile(r"""\bview\(\s*["']([^"'\n]+)["']""")


def check_references(show: Show, data: Mapping[str, Any], reader: Reader, files: bool = True) -> None:
    """Report every reference that leads nowhere and everything that is taken twice.

    Args:
        show: Blank fields stand for values that are reported already.
        data: The tables as they stand in the file.
        reader: Takes the problems.
        files: Whether the files of scenes and profiles are looked at too.
    """
    if not show.scenes and not data.get("scene"):
        reader.report((), 'has no scene; add [scene.NAME] with file = "scenes/NAME.py"')
    for scene in show.scenes.values():
        _check_scene(scene, show, data, reader, files)
    if show.stage.fallback is not None:
        _check_scene_name(show.stage.fallback, ("stage", "fallback"), show, reader)
    _check_cues(show.programme.cues, show, reader)
    for path, source in sources(show):
        device = forms.midi_device(source)
        if device and device not in show.midi:
            near = did_you_mean(device, show.midi) or f"; add [midi.{device}]"
            reader.report(path, f"there is no MIDI device {device!r}{near}")
    for signal in show.signals.values():
        if signal.low == signal.high:
            reader.report(("signal", signal.name, "high"), "must differ from low")
    for name in show.rooms.keys() & (show.cameras.keys() | members(show.cameras).keys()):
        reader.report(("room", name), f"there is a camera {name!r} already; choose another name")
    _check_groups(show.cameras, reader)
    _check_once(((("room", each.name, "port"), each.port) for each in show.rooms.values()), "port", reader)
    _check_clocks(show, reader)
    if show.tempo.low == show.tempo.high:
        reader.report(("tempo", "high"), "must differ from low")
    _check_projectors(show, data, reader, files)
    _check_once(((("speaker", each.name, "output"), each.output) for each in show.speakers.values() if each.output),
                "output", reader)
    check_speakers(show, data, reader)
    _check_lamps(show.lamps.values(), show.folder, reader)
    for name in tuple(show.mics)[MOST_MICS:]:
        reader.report(("mic", name), f"at most {MOST_MICS} microphones are listened to; take one out")


def _check_groups(cameras: Mapping[str, Camera], reader: Reader) -> None:
    """Say which cameras cannot be seen as one."""
    for view, names in members(cameras).items():
        for name in names:
            path = ("camera", name, "group")
            if cameras[name].group in cameras:
                reader.report(path, f"there is a camera {view!r} already; choose another name")
            if cameras[name].mirror != cameras[names[0]].mirror:
                reader.report(path, f"{names[0]} has another mirror; all of a group have the same")
        for name in names[MOST_IN_GROUP:]:
            reader.report(("camera", name, "group"), f"at most {MOST_IN_GROUP} cameras are a group; begin another one")


def stands(path: Path) -> bool:
    """Return whether there is a file or folder; a path that no system can hold is not there."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _check_scene(scene: SceneEntry, show: Show, data: Mapping[str, Any], reader: Reader, files: bool) -> None:
    path = ("scene", scene.name)
    if files and scene.file != Path():
        written = data["scene"][scene.name]["file"]
        if Path(written).is_absolute():
            reader.report((*path, "file"), "must be relative to the show file, so that the folder can move")
        elif not stands(scene.file):
            reader.report((*path, "file"), f"there is no file {written!r}{_near_file(scene.file, show.folder)}")
        elif scene.file.is_file() and scene.file.suffix != ".py":
            reader.report((*path, "file"), f"{written!r} is no Python file; a scene is a .py file or a folder")
    if scene.fallback == scene.name:
        reader.report((*path, "fallback"), "must be another scene")
    elif scene.fallback is not None:
        _check_scene_name(scene.fallback, (*path, "fallback"), show, reader)


def _near_file(file: Path, folder: Path) -> str:
    try:
        beside = [each.relative_to(folder).as_posix() for each in file.parent.iterdir()]
        return did_you_mean(file.relative_to(folder).as_posix(), beside)
    except (OSError, ValueError):
        return ""


def _check_scene_name(name: str, path: KeyPath, show: Show, reader: Reader) -> None:
    if name not in show.scenes:
        near = did_you_mean(name, show.scenes) or ("" if forms.name(name) else f"; add [scene.{name}]")
        reader.report(path, f"there is no scene {name!r}{near}")


def _check_cues(cues: Iterable[Cue], show: Show, reader: Reader) -> None:
    seen: dict[str, int] = {}
    for index, cue in enumerate(cues):
        path: KeyPath = ("programme", "cues", index)
        if cue.scene:
            _check_scene_name(cue.scene, (*path, "scene"), show, reader)
        if cue.name in CUE_COMMANDS:
            reader.report((*path, "name"), f"'{cue.name}' is a command, /cue/{cue.name}; choose another name")
        if cue.name in seen:
            first = reader.places.place(("programme", "cues", seen[cue.name], "name"))[1]
            reader.report((*path, "name"), f"there is a cue {cue.name!r} in line {first} already")
        elif cue.name:
            seen[cue.name] = index


def sources(show: Show) -> Iterator[tuple[KeyPath, str]]:
    """Yield every source that the show names, with its place."""
    for scene in show.scenes.values():
        for name, value in scene.params.items():
            if isinstance(value, ParamLink):
                yield ("scene", scene.name, name, "from"), value.source
    if show.tempo.source:
        yield ("tempo", "from"), show.tempo.source
    for index, cue in enumerate(show.programme.cues):
        if cue.go:
            yield ("programme", "cues", index, "go"), cue.go
    for touch in show.touches.values():
        yield ("touch", touch.name, "from"), touch.source
    for signal in show.signals.values():
        yield ("signal", signal.name, "from"), signal.source


def _check_projectors(show: Show, data: Mapping[str, Any], reader: Reader, files: bool) -> None:
    projectors = show.projectors.values()
    _check_once(((("projector", each.name, "display"), each.display) for each in projectors
                 if each.display is not None), "display", reader)
    if not files:
        return
    views = _views(show.scenes.values()) | {MAIN_VIEW}
    for projector in projectors:
        if projector.view not in views:
            near = did_you_mean(projector.view, views) or "; the main picture is 'stage'"
            reader.report(("projector", projector.name, "view"), f"no scene draws a view {projector.view!r}{near}")
        _check_profile(projector, show, data, reader)


def listens(show: Show) -> bool:
    """Return whether the scenes' code names a microphone."""
    return any(_MIC.search(code) for code in _codes(show.scenes.values()))


def _check_clocks(show: Show, reader: Reader) -> None:
    """Report clocks without a port, and more than one that leads."""
    leaders = ["tempo.link"] if show.tempo.link else []
    for device in show.midi.values():
        path = ("midi", device.name, "clock")
        if device.clock != "none" and not (device.input if device.clock == "in" else device.output):
            port = f"{device.clock}put"
            reader.report(path, f"needs {port}; name the port, as in {port} = \"NAME\"")
        if device.clock == "in":
            leaders.append(f"midi.{device.name}.clock")
            if len(leaders) > 1:
                reader.report(path, f"the show follows {leaders[0]} already; one clock leads")


def _views(scenes: Iterable[SceneEntry]) -> set[str]:
    """Return the views that the scenes' code names."""
    return {view for code in _codes(scenes) for view in _VIEW.findall(code)}


def _codes(scenes: Iterable[SceneEntry]) -> Iterator[str]:
    """Yield the scenes' code, modules beside them included."""
    for folder in {scene.file if scene.file.is_dir() else scene.file.parent for scene in scenes if stands(scene.file)}:
        for module in folder.glob("*.py"):
            try:
                yield module.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue


def _check_profile(projector: Projector, show: Show, data: Mapping[str, Any], reader: Reader) -> None:
    if projector.profile is None or (show.simulated and not stands(projector.profile)):
        return
    written = data["projector"][projector.name]["profile"]
    if not stands(projector.profile):
        near = _near_file(projector.profile, show.folder)
        reader.report(("projector", projector.name, "profile"), f"there is no file {written!r}{near}")
        return
    try:
        read_profile(projector.profile, str(Path(reader.places.file).parent / written))
    except ShowError as error:
        reader.problems.extend(error.problems)


def _check_once(values: Iterable[tuple[KeyPath, object]], word: str, reader: Reader) -> None:
    """Report values that stand in more than one table."""
    owners: dict[object, KeyPath] = {}
    for path, value in values:
        if value in owners:
            owner = ".".join(map(str, owners[value][:-1]))
            reader.report(path, f"{word} {value!r} is taken by {owner}")
        else:
            owners[value] = path


def _check_lamps(lamps: Iterable[Lamp], folder: Path, reader: Reader) -> None:
    taken: dict[tuple[str, int], str] = {}
    for lamp in lamps:
        try:
            fixture = fixture_of(lamp.fixture, folder)
        except MixeurError as error:
            reader.report(("light", lamp.name, "fixture"), str(error))
            continue
        if lamp.address == "simulated":
            continue
        path = ("light", lamp.name, "address")
        _check_slots(lamp, len(fixture.slots), path, taken, reader)


def _check_slots(lamp: Lamp, footprint: int, path: KeyPath, taken: dict[tuple[str, int], str], reader: Reader) -> None:
    count = lamp.pixels[0] * lamp.pixels[1]
    if count > 1 and lamp.fixture not in forms.FIXTURES:
        reader.report(("light", lamp.name, "fixture"), f"pixels are one of {', '.join(forms.FIXTURES)}")
        return
    slots = forms.lamp_slots(lamp.address, footprint, count)
    (universe, first), (last_universe, last) = slots[0], slots[-1]
    if last > DMX_CHANNELS:
        reader.report(path, f"{lamp.fixture} needs channels {first} to {last}; a universe has {DMX_CHANNELS}")
    if len(set(slots)) < len(slots) or forms.lamp_address(f"{last_universe}/1"):
        reader.report(path, f"its {count} pixels need more universes than there are; divide it")
    clash = next((taken[slot] for slot in slots if slot in taken), None)
    if clash:
        where = f"channels {first} to {last}" if universe == last_universe else f"{count} pixels"
        reader.report(path, f"its {where} meet those of light.{clash}")
    taken.update(dict.fromkeys(slots, lamp.name))
