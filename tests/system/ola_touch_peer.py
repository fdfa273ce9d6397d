"""Runs in a network namespace of its own: olad beside a whole show. Prints how late each touch arrived, as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from pythonosc.udp_client import SimpleUDPClient

from tests.system.ola_peer import ARTNET, HOST, SACN, listening, until, value

PORT = 9011
SHOW = f"""format = 1
[stage]
height_px = 90
[scene.touched]
file = "touched.py"
[signal.level]
from = "osc:/level"
[osc]
port = {PORT}
[sound]
backend = "null"
[light.artnet]
fixture = "dimmer"
address = "artnet:{HOST}/{ARTNET}/3"
[light.sacn]
fixture = "dimmer"
address = "sacn:{SACN}/4"
"""
SCENE = '''from engine import Scene


class Touched(Scene):
    def light(self, lights, now):
        lights.all.set(level=now.signal("level"))
'''
APART_S = 0.45  # fewer than two flashes a second: the guard lets them through


def main(folder: Path, touches: int) -> None:
    """Touch by OSC, and look when both universes follow."""
    (folder / "show.toml").write_text(SHOW)
    (folder / "room.toml").write_text("format = 1\n")
    (folder / "touched.py").write_text(SCENE)
    with listening(folder):
        run = [sys.executable, "-P", "-m", "engine.cli", "run", str(folder / "show.toml"), "--headless"]
        show = subprocess.Popen(run, stdout=sys.stderr)
        try:
            osc = SimpleUDPClient("127.0.0.1", PORT)
            until(lambda: osc.send_message("/level", 0.2) or (value(ARTNET, 3), value(SACN, 4)) == (51, 51))
            print(json.dumps(late_ms(osc, touches)), flush=True)
        finally:
            show.terminate()
            show.wait(30)


def late_ms(osc: SimpleUDPClient, touches: int) -> dict[str, list[float]]:
    """Return for each protocol how long after each touch olad shows it, milliseconds."""
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
    main(Path(sys.argv[1]), int(sys.argv[2]))
