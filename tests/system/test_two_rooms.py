"""B10: two engines on two hosts, each in a network namespace of its own, share one world by silhouettes."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAN = all(shutil.which(tool) for tool in ("ip", "unshare", "nsenter")) and hasattr(os, "geteuid") and \
    os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
pytestmark = [
    pytest.mark.system,
    pytest.mark.patient,
    pytest.mark.skipif(not CAN, reason="needs root, ip, unshare and nsenter"),
]
SCENE = '''
from engine import Scene

class Meet(Scene):
    def setup(self, stage):
        self.shared = self.told = -1

    def update(self, now):
        masks = [mask for name, mask in now.masks.items()]
        if len(masks) == 2 and self.shared < 0 and (masks[0][::4, ::4] & masks[1]).any():
            self.shared = now.frame
        if now.meetings and self.told < 0:
            self.told = now.frame
            print("shared", self.shared, "told", self.told, "people", len(now.visitors))

    def draw(self, canvas, now):
        for room in now.rooms:
            canvas.people(room)
        canvas.people()
'''
SECONDS, PATIENCE_S = 9, 280
A_PICTURE_PER_S = 160 * 90 * 30  # bytes of the smallest grey picture, 30 times a second


@pytest.fixture
def hosts():
    """Two hosts with a cable between them."""
    hosts = [subprocess.Popen(["unshare", "-n", "sleep", "300"]) for _ in range(2)]
    time.sleep(0.3)
    one, other = (str(host.pid) for host in hosts)
    cable = ["ip", "link", "add", "cable", "netns", one, "type", "veth", "peer", "name", "cable", "netns", other]
    subprocess.run(cable, check=True)
    for number, pid in ((1, one), (2, other)):
        for words in (["addr", "add", f"10.77.0.{number}/24", "dev", "cable"], ["link", "set", "cable", "up"],
                      ["link", "set", "lo", "up"]):
            subprocess.run(["nsenter", "-t", pid, "-n", "ip", *words], check=True)
    yield one, other
    for host in hosts:
        host.kill()
        host.wait()


def start(folder: Path, pid: str, number: int) -> subprocess.Popen:
    """Start the show of one room on its host."""
    folder.mkdir()
    (folder / "meet.py").write_text(SCENE)
    (folder / "show.toml").write_text(f"""format = 1
seed = {number}
[stage]
height_px = 180
[scene.meet]
file = "meet.py"
[camera.room]
key = "blue"
[room.far]
host = "10.77.0.{3 - number}"
""")
    run = [sys.executable, "-P", "-m", "engine.cli", "run", str(folder), "--headless", "--seconds", str(SECONDS)]
    return subprocess.Popen(["nsenter", "-t", pid, "-n", *run], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def test_b10_two_rooms_on_two_hosts_meet_and_no_picture_crosses_the_cable(hosts, tmp_path: Path) -> None:
    shows = [start(tmp_path / f"room{number}", pid, number) for number, pid in enumerate(hosts, 1)]
    try:
        said = [show.communicate(timeout=PATIENCE_S)[0] for show in shows]
    finally:
        for show in shows:
            show.terminate()  # what has ended is left alone
    for text in said:
        line = next((line for line in text.splitlines() if "shared" in line), "")
        assert line, text
        words = line.split()
        shared, told = (int(words[words.index(word) + 1]) for word in ("shared", "told"))
        assert 0 <= told - shared <= 1, line
    for pid in hosts:
        sent = subprocess.run(["nsenter", "-t", pid, "-n", "cat", "/proc/net/dev"], check=True, capture_output=True,
                              text=True).stdout
        counted = next(line.split(":")[1].split() for line in sent.splitlines() if "cable" in line)
        received_bytes, sent_bytes = int(counted[0]), int(counted[8])
        assert sent_bytes > 1000
        assert max(received_bytes, sent_bytes) / SECONDS < A_PICTURE_PER_S / 8
