"""Runs in a network namespace of its own: a receiver of DMX beside a whole show. Prints how late each touch arrived.

`python -P -m tests.system.touch_peer olad|qlcplus FOLDER TOUCHES`; JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pythonosc.udp_client import SimpleUDPClient

from tests.system import ola_peer, qlc_peer
from tests.system.ola_peer import ARTNET, SACN, until

PORT = 9011
SHOW = """format = 1
[stage]
height_px = 90
[scene.touched]
file = "touched.py"
[signal.level]
from = "osc:/level"
[osc]
port = {port}
[sound]
backend = "null"
[light.artnet]
fixture = "dimmer"
address = "artnet:{host}/{artnet}/3"
[light.sacn]
fixture = "dimmer"
address = "sacn:{sacn}/4"
"""
SCENE = '''from engine import Scene


class Touched(Scene):
    def light(self, lights, now):
        lights.all.set(level=now.signal("level"))
'''
APART_S = 0.45  # fewer than two flashes a second: the guard lets them through
RECEIVERS = {"olad": ola_peer, "qlcplus": qlc_peer}
Value = Callable[[int, int], int]


def main(receiver: str, folder: Path, touches: int) -> None:
    """Touch by OSC, and look when both universes follow."""
    peer = RECEIVERS[receiver]
    (folder / "show.toml").write_text(SHOW.format(port=PORT, host=peer.ARTNET_HOST, artnet=ARTNET, sacn=SACN))
    (folder / "room.toml").write_text("format = 1\n")
    (folder / "touched.py").write_text(SCENE)
    with peer.listening(folder) as value:
        run = [sys.executable, "-P", "-m", "engine.cli", "run", str(folder / "show.toml"), "--headless"]
        show = subprocess.Popen(run, stdout=sys.stderr)
        try:
            osc = SimpleUDPClient("127.0.0.1", PORT)
            until(lambda: osc.send_message("/level", 0.2) or (value(ARTNET, 3), value(SACN, 4)) == (51, 51))
            print(json.dumps(late_ms(osc, value, touches)), flush=True)
        finally:
            show.terminate()
            show.wait(30)


def late_ms(osc: SimpleUDPClient, value: Value, touches: int) -> dict[str, list[float]]:
    """Return for each protocol how long after each touch the receiver shows it, milliseconds."""
    late: dict[str, list[float]] = {"artnet": [], "sacn": []}
    for touch in range(touches):
        name, universe, channel = (("artnet", ARTNET, 3), ("sacn", SACN, 4))[touch // 2 % 2]
        level = (0.6, 0.2)[touch % 2]
        time.sleep(APART_S + 0.017 * (touch % 7) / 7)
        start = time.monotonic()
        osc.send_message("/level", level)
        until(lambda u=universe, c=channel, to=level: value(u, c) == round(255 * to))
        late[name].append(round((time.monotonic() - start) * 1000, 1))
    return late


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
