"""A network that comes late, goes and comes back, in a namespace of its own: OSC is heard again by itself."""

import json
import os
import shutil
import subprocess
import sys

import pytest

CAN = shutil.which("ip") and shutil.which("unshare") and hasattr(os, "geteuid") and os.geteuid() == 0 and \
    subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
pytestmark = [pytest.mark.system, pytest.mark.patient, pytest.mark.skipif(not CAN, reason="needs root, ip and unshare")]
PROGRAM = """
import json, socket, subprocess, time
from engine.inputs.osc import OscListener
from engine.inputs.osc_send import OscSender
from engine.show.model import Osc, OscTarget

def ip(*words):
    subprocess.run(["ip", *words], check=True)

def heard(listener):
    end = time.monotonic() + 20
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while time.monotonic() < end:
            try:
                sender.sendto(b"/level\\0\\0,\\0\\0\\0", ("10.9.9.9", 9000))
            except OSError:
                pass
            if listener.poll():
                return True
            time.sleep(0.05)

def until(is_so):
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)

seen = []
ip("link", "set", "lo", "up")
listener = OscListener(Osc(port=9000, bind="10.9.9.9", allow=("10.0.0.0/8",)))
sender = OscSender({"far": OscTarget(name="far", host="10.9.9.8", port=9)})
for _ in range(2):
    until(lambda: listener.lost)
    sender.send("far", "/level")
    seen.append([listener.lost, sender.lost["far"]])
    ip("addr", "add", "10.9.9.9/24", "dev", "lo")
    until(lambda: not listener.lost)
    seen.append([listener.lost, heard(listener)])
    ip("addr", "del", "10.9.9.9/24", "dev", "lo")
listener.close()
print(json.dumps(seen))
"""


def test_osc_is_heard_when_the_address_comes_late_and_after_it_was_gone() -> None:
    done = subprocess.run(["unshare", "-n", sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    late, there, gone, back = json.loads(done.stdout)
    assert late == gone
    assert late[0].startswith("osc.bind: cannot listen on '10.9.9.9'")
    assert late[1].startswith("the network does not take it (Network is unreachable)")
    assert there == back == ["", True]
