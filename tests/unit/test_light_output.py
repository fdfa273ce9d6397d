"""The output of lamps: fades, fixtures, the patch, and what arrives at a receiver of our own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns
from engine.light import artnet, lines, sacn
from engine.light.fades import Fades
from engine.light.fixture import BUILT_IN, fixture_of
from engine.light.levels import LampLevel
from engine.light.output import LampOutput
from engine.light.patch import Patch
from engine.problems import MixeurError
from engine.show.model import Lamp

RED, WHITE = (1.0, 0.0, 0.0), (1.0, 1.0, 1.0)
MOVING = {
    "name": "Mover",
    "availableChannels": {
        "Pan": {"fineChannelAliases": ["Pan fine"], "defaultValue": "50%", "capability": {"type": "Pan"}},
        "Shutter": {"capabilities": [
            {"dmxRange": [0, 9], "type": "ShutterStrobe", "shutterEffect": "Closed"},
            {"dmxRange": [10, 99], "type": "ShutterStrobe", "shutterEffect": "Strobe"},
            {"dmxRange": [100, 255], "type": "ShutterStrobe", "shutterEffect": "Open"}]},
        "Dimmer": {"fineChannelAliases": ["Dimmer fine"], "capability": {"type": "Intensity"}},
        "Red": {"capability": {"type": "ColorIntensity", "color": "Red"}},
        "Green": {"capability": {"type": "ColorIntensity", "color": "Green"}},
        "Blue": {"capability": {"type": "ColorIntensity", "color": "Blue"}},
    },
    "modes": [
        {"name": "Basic", "channels": ["Red", "Green", "Blue"]},
        {"name": "Full", "shortName": "9ch",
         "channels": ["Pan", "Pan fine", "Shutter", "Dimmer", "Dimmer fine", "Red", "Green", "Blue", None]},
    ],
}  # fmt: skip


def test_a_lamp_fades_in_the_time_asked_for_and_is_released_as_slowly() -> None:
    fades = Fades(["a", "b"])
    seen = []
    for frame in range(90):
        asked = [LampLevel("a", RED, 1.0, fade_s=0.5)] if frame < 45 else []
        fades.step([*asked, LampLevel("b", WHITE, 0.25)], 1 / 60)
        seen.append(fades.lamps["a"].light[0])
    assert fades.lamps["b"].light == (0.25, 0.25, 0.25)
    assert seen[14] == pytest.approx(0.5) and seen[30] == 1.0
    assert seen[44 + 15] == pytest.approx(0.5) and seen[-1] == 0.0


@pytest.mark.parametrize(("fixture", "colour", "level", "values"), [
    ("dimmer", RED, 0.5, [0.5]),
    ("rgb", (1.0, 0.5, 0.0), 0.5, [0.5, 0.25, 0.0]),
    ("rgbw", (1.0, 0.5, 0.25), 1.0, [0.75, 0.25, 0.0, 0.25]),
])
def test_built_in_fixtures(fixture: str, colour: tuple[float, float, float], level: float, values: list[float]) -> None:
    assert BUILT_IN[fixture].values(colour, level, {}).tolist() == pytest.approx(values)


def test_a_fixture_of_the_open_fixture_library(tmp_path: Path) -> None:
    (tmp_path / "mover.json").write_text(json.dumps(MOVING))
    assert len(fixture_of("mover.json", tmp_path).slots) == 3
    mover = fixture_of("mover.json#9ch", tmp_path)
    values = mover.values((0.5, 0.25, 0.0), 0.5, {"Pan": 0.75, "Shutter": 0.1}) * 255
    assert np.rint(values).tolist() == [191, 255, 100, 64, 0, 255, 128, 0, 0]
    for name, text in (("mover.json#8ch", "did you mean '9ch'?"), ("none.json", "No such file"), ("bad.json", "is no")):
        (tmp_path / "bad.json").write_text('{"modes": [{"name": "x", "channels": [{"insert": 1}]}]}')
        with pytest.raises(MixeurError, match=text.replace("?", r"\?")):
            fixture_of(name, tmp_path)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A receiver on this machine, at a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(20)
        monkeypatch.setattr(artnet, "PORT", heard.getsockname()[1])
        monkeypatch.setattr(sacn, "PORT", heard.getsockname()[1])
        yield heard


def lamps(*addresses: str, fixture: str = "rgb") -> dict[str, Lamp]:
    return {f"l{i}": Lamp(name=f"l{i}", fixture=fixture, address=address) for i, address in enumerate(addresses)}


def output(patched: dict[str, Lamp]) -> LampOutput:
    return LampOutput(patched, Patch(patched, Path()), 3)


def test_lamps_of_several_universes_arrive_by_artnet_with_a_sync_and_end_dark(node: socket.socket) -> None:
    sender = output(lamps("artnet:127.0.0.1/3/1", "artnet:127.0.0.1/3/510", "artnet:127.0.0.1/300/7"))
    found: dict[int, bytes] = {}
    kinds = []
    while found.get(300, b"").count(255) < 3:
        sender.submit([LampLevel(f"l{i}", RED if i else WHITE, 0.5 if i == 1 else 1.0) for i in range(2)]
                      + [LampLevel("l2")], 1 / 60)  # fmt: skip
        packet = node.recv(2000)
        kinds.append(artnet.kind(packet))
        if dmx := artnet.read_dmx(packet):
            found[dmx.universe] = dmx.slots
    assert found[3][:3] == b"\xff\xff\xff" and found[3][509:] == b"\x80\0\0"
    assert found[300][:10] == bytes(6) + b"\xff\xff\xff\0"
    sender.close()
    node.settimeout(0.2)
    with pytest.raises(TimeoutError):
        while True:
            packet = node.recv(2000)
            kinds.append(artnet.kind(packet))
            if dmx := artnet.read_dmx(packet):
                found[dmx.universe] = dmx.slots
    assert not any(found[3]) and not any(found[300])
    assert kinds[-3:] == [artnet.DMX, artnet.DMX, artnet.SYNC]


def test_sacn_says_when_it_ends(node: socket.socket) -> None:
    sender = output(lamps("sacn:127.0.0.1/9/2", fixture="dimmer"))
    while True:
        sender.submit([LampLevel("l0", WHITE, 0.5)], 1 / 60)
        dmx = sacn.read_dmx(node.recv(2000))
        if dmx is not None and dmx.slots[:3] == b"\0\x80\0":
            break
    assert (dmx.universe, dmx.priority, dmx.sync, dmx.ended) == (9, 100, 0, False)
    sender.close()
    heard = [sacn.read_dmx(node.recv(2000))]
    while not (heard[-1] and heard[-1].ended):
        heard.append(sacn.read_dmx(node.recv(2000)))
    assert heard[-1] is not None and not any(heard[-1].slots)


def test_lamps_go_dark_when_the_loop_asks_for_nothing_any_more(node: socket.socket) -> None:
    sender = output(lamps("artnet:127.0.0.1/0/1", fixture="dimmer"))
    sender.submit([LampLevel("l0")], 1 / 60)
    seen = []
    while not seen or seen[-1] or 255 not in seen:
        dmx = artnet.read_dmx(node.recv(2000))
        assert dmx is not None
        seen.append(dmx.slots[0])
    dark = seen.index(0, seen.index(255))
    assert len(set(seen[seen.index(255) : dark])) > 5, "it fades"
    sender.close()


def test_a_network_that_is_gone_is_told_and_found_again(monkeypatch: pytest.MonkeyPatch, node: socket.socket) -> None:
    there = False

    def lookup(host: str) -> str:
        if not there:
            raise OSError(101, "Network is unreachable")
        return "127.0.0.1"

    monkeypatch.setattr(lines.socket, "gethostbyname", lookup)
    sender = output(lamps("artnet:node.local/0/1"))
    deadline_ns = monotonic_ns() + 20 * NS
    while not sender.lost["artnet:node.local/0"] and monotonic_ns() < deadline_ns:
        pass
    assert "Network is unreachable" in sender.lost["artnet:node.local/0"]
    there = True
    node.recv(2000)
    while sender.lost["artnet:node.local/0"] and monotonic_ns() < deadline_ns:
        pass
    assert sender.lost == {"artnet:node.local/0": ""}
    sender.close()
