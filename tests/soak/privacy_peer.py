"""Runs in a network namespace of its own: the whole sample show beside a camera that sees people, its calls traced.

`python -P -m tests.soak.privacy_peer FOLDER SECONDS`: the show, copied to FOLDER, leaves its trace in FOLDER/trace and
all that it says in FOLDER/said. Prints the port of the camera.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from pythonosc.udp_client import SimpleUDPClient

from engine.fake.mjpeg import MjpegServer
from tests.system.camera_rig import film

ROOT = Path(__file__).parents[2]
OSC, OUT = 9000, 9100
CALLS = ("socket,connect,bind,sendto,sendmsg,sendmmsg,open,openat,creat,mknod,mknodat,rename,renameat,renameat2,link,"
         "linkat")
ROOM = """format = 1
[camera.room]
source = "{url}"
size = [640, 360]
key = "blue"
[sound]
backend = "null"
[light.left]
address = "artnet:127.0.0.1/0/1"
[light.right]
address = "sacn:127.0.0.1/1/1"
[send.desk]
host = "127.0.0.1"
port = {out}
"""
GOES_S = 3.0  # from cue to cue


def main(folder: Path, seconds: int) -> None:
    """Play the show, and go through its cues with a hand on the ball."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    show = folder / "show"
    show.mkdir()
    shutil.copy(ROOT / "show.toml", show)
    for name in ("scenes", "assets"):
        shutil.copytree(ROOT / name, show / name)
    with MjpegServer(film()) as camera, (folder / "said").open("wb") as said:
        (show / "room.toml").write_text(ROOM.format(url=camera.url, out=OUT))
        run = [sys.executable, "-P", "-m", "engine.cli", "run", str(show / "show.toml"), "--headless",
               "--seconds", str(seconds), "--report", str(folder / "report.json")]
        traced = subprocess.Popen(["strace", "-f", "--seccomp-bpf", "-y", "-s", "64", "-o", str(folder / "trace"),
                                   "-e", f"trace={CALLS}", *run], stdout=said, stderr=said, cwd=folder)
        osc, turn = SimpleUDPClient("127.0.0.1", OSC), 0
        while traced.poll() is None:
            osc.send_message("/contact/level", float(turn % 2))
            osc.send_message("/cue/go", 1.0)
            turn += 1
            time.sleep(GOES_S)
    print(camera.port, camera.sent, flush=True)
    sys.exit(traced.returncode)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
