"""QLC+ as a receiver of both protocols: what comes in passes through it, and goes out again by unicast to us."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.light import sacn
from tests.system.ola_peer import ARTNET, HOST, SACN, network

ARTNET_HOST = "127.0.0.1"  # what comes from its own address QLC+ takes for its own
PORT, BACK = 15_568, {ARTNET: 21, SACN: 22}
UNIVERSE = """   <Universe Name="{number}" ID="{number}" Passthrough="True">{patch}</Universe>
"""
PATCH = """
    <Input Plugin="{plugin}" UID="{host}" Line="1"/>
    <Output Plugin="E1.31" UID="{host}" Line="1"><PluginParameters multicast="0" ucastIP="{host}" \
ucastPort="{port}" universe="{back}"/></Output>
   """
WORKSPACE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="FixtureManager">
 <Engine>
  <InputOutputMap>
{universes}  </InputOutputMap>
 </Engine>
</Workspace>
"""
INPUTS = {ARTNET: ("ArtNet", BACK[ARTNET]), SACN - 1: ("E1.31", BACK[SACN])}  # by its own number, which begins at 0


@contextmanager
def listening(folder: Path) -> Iterator[Callable[[int, int], int]]:
    """Run QLC+ without a screen in a network of its own; yield what returns the value of a universe's channel."""
    patches = {number: PATCH.format(plugin=plugin, back=back, host=HOST, port=PORT)
               for number, (plugin, back) in INPUTS.items()}
    universes = [UNIVERSE.format(number=number, patch=patches.get(number, "")) for number in range(max(INPUTS) + 1)]
    workspace = folder / "both.qxw"
    workspace.write_text(WORKSPACE.format(universes="".join(universes)))
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    network()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.bind((HOST, PORT))
        back.setblocking(False)
        words = ["qlcplus", "-p", "-m", "-o", str(workspace)]
        with subprocess.Popen(words, env=os.environ | home, stdout=sys.stderr) as qlc:
            try:
                yield Returned(back).value
            finally:
                qlc.kill()


class Returned:
    """What QLC+ gives out, fifty times a second."""

    def __init__(self, back: socket.socket) -> None:
        self._back = back
        self._slots: dict[int, bytes] = {}

    def value(self, universe: int, channel: int) -> int:
        """Return what came out last for what comes in on a universe, its channels counted from 1; -1 for nothing."""
        with suppress(BlockingIOError):
            while dmx := sacn.read_dmx(self._back.recv(2000)):
                self._slots[dmx.universe] = dmx.slots
        slots = self._slots.get(BACK[universe], b"")
        return slots[channel - 1] if len(slots) >= channel else -1
