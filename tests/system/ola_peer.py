"""Runs in a network namespace of its own: olad beside our output of lamps. Prints delays as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.kernel_cache import prepare_cache
from engine.light.levels import LampLevel
from engine.show.model import Lamp

prepare_cache()
from engine.light.output import LampOutput  # noqa: E402  (compiled kernels come with it)
from engine.light.patch import Patch  # noqa: E402

HOST = ARTNET_HOST = "10.77.0.1"
ARTNET, SACN = 5, 7  # olad listens to the network universe of the same number
LAMPS = {"artnet": Lamp(name="artnet", fixture="dimmer", address=f"artnet:{HOST}/{ARTNET}/3"),
         "sacn": Lamp(name="sacn", fixture="dimmer", address=f"sacn:{SACN}/4")}
OTHERS = (
    "dummy", "shownet", "espnet", "stageprofi", "usbpro", "opendmx", "sandnet", "pathport", "osc", "spi", "gpio",
    "kinet", "milinst", "renard", "uartdmx", "nanoleaf", "openpixelcontrol", "karate", "usbdmx", "usbserial", "ftdidmx",
)  # fmt: skip


def main(folder: Path) -> None:
    """Start olad, then ask for light three times."""
    with listening(folder):
        print(json.dumps(asked()), flush=True)


def network() -> None:
    """Give this network namespace an address, and a way for multicast."""
    for words in ("link set lo up", "link add veth0 type veth peer name veth1", f"addr add {HOST}/24 dev veth0",
                  "link set veth0 up", "link set veth1 up", "route add 224.0.0.0/4 dev veth0"):
        subprocess.run(["ip", *words.split()], check=True)


@contextmanager
def listening(folder: Path) -> Iterator[Callable[[int, int], int]]:
    """Run olad in a network of its own, its universes `ARTNET` and `SACN` patched; yield `value`."""
    network()
    with start_olad(folder / "ola") as olad:
        try:
            until(lambda: "E1.31" in told("ola_dev_info") and "ArtNet" in told("ola_dev_info"))
            devices = {line.split()[2].strip(":"): line.split()[1].strip(":")
                       for line in told("ola_dev_info").splitlines() if line.startswith("Device")}
            for device, universe in (("ArtNet", ARTNET), ("E1.31", SACN)):
                told("ola_patch", "-d", devices[device], "-p", "0", "-i", "-u", str(universe))
            yield value
        finally:
            olad.terminate()


def asked() -> dict[str, list[float]]:
    """Return for each protocol how long after a frame asked for it olad shows a value, milliseconds."""
    output = LampOutput(LAMPS, Patch(LAMPS, Path()), 3)
    waits: dict[str, list[float]] = {"artnet": [], "sacn": []}
    for level in (0.2, 0.6, 0.4):
        for name, universe, channel in (("artnet", ARTNET, 3), ("sacn", SACN, 4)):
            start = time.monotonic()
            until(lambda u=universe, c=channel, to=level: ask(output, to) or value(u, c) == round(255 * to))
            waits[name].append(round((time.monotonic() - start) * 1000, 1))
    output.close()
    until(lambda: value(ARTNET, 3) == 0)
    return waits


def ask(output: LampOutput, level: float) -> None:
    """Ask, as a frame of the loop does, for all lamps."""
    output.submit([LampLevel(name, level=level) for name in LAMPS], 1 / 60)


def start_olad(folder: Path) -> subprocess.Popen[bytes]:
    """Start olad with Art-Net and sACN alone; it refuses to be root."""
    folder.mkdir()
    for name in OTHERS:
        (folder / f"ola-{name}.conf").write_text("enabled = false\n")
    (folder / "ola-artnet.conf").write_text(f"enabled = true\nip = {HOST}\nuse_loopback = true\n")
    (folder / "ola-e131.conf").write_text(f"enabled = true\nip = {HOST}\ninput_ports = 2\n")
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "olad")
    folder.parent.chmod(0o755)
    return subprocess.Popen(["setpriv", "--reuid=olad", "--regid=nogroup", "--clear-groups", "olad", "-c", str(folder),
                             "--no-register-with-dns-sd", "--no-http-quit", "-l", "1"], stdout=sys.stderr)


def value(universe: int, channel: int) -> int:
    """Return what olad shows on a channel, counted from 1; -1 for nothing yet."""
    with urllib.request.urlopen(f"http://127.0.0.1:9090/get_dmx?u={universe}", timeout=5) as answer:
        slots = json.load(answer)["dmx"]
    return slots[channel - 1] if len(slots) >= channel else -1


def told(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def until(holds: Callable[[], object], patience_s: float = 90.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to that")
        time.sleep(0.002)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
