"""What `mixeur doctor` looks at on a machine that is to run unattended for months (Linux)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.commands.doctor import Finding

UPGRADES = "sudo systemctl disable --now unattended-upgrades apt-daily.timer apt-daily-upgrade.timer"
LOGIN = "sudo systemctl edit getty@tty1: [Service] ExecStart= ExecStart=-/sbin/agetty --autologin $USER %I $TERM"
LOGINS = {
    "etc/gdm3/custom.conf": r"(?m)^\s*AutomaticLoginEnable\s*=\s*true",
    "etc/lightdm/lightdm.conf": r"(?m)^\s*autologin-user\s*=\s*\S",
    "etc/systemd/system/getty@tty1.service.d/override.conf": r"--autologin",
}


def kiosk(root: Path = Path("/")) -> Iterator[Finding]:
    """Look at what ends or hides a show that nobody watches; `root` is where the system's files stand."""
    if sys.platform != "linux":
        return
    yield zone(root)
    yield from upgrades(root)
    yield from start(root)
    yield from network(root)
    if shutil.which("xset") and os.environ.get("DISPLAY"):
        asked = subprocess.run(["xset", "q"], capture_output=True, text=True)
        yield from blanking(asked.stdout)
    yield Finding("note", "whether it starts after a power cut cannot be seen from here",
                  "set it in the BIOS (restore on AC power loss: power on), then pull the plug once")


def zone(root: Path) -> Finding:
    """Look at the time zone, in which opening hours and timed cues count."""
    link = root / "etc/localtime"
    name = str(link.readlink()).partition("zoneinfo/")[2] if link.is_symlink() else ""
    if name in ("", "UTC", "Etc/UTC"):
        what = "the time zone is UTC: opening hours count in it"
        return Finding("note", what, "sudo timedatectl set-timezone Europe/Paris")
    return Finding("good", f"time zone {name}")


def upgrades(root: Path) -> Iterator[Finding]:
    """Look for updates that come by themselves."""
    told = _text(root / "etc/apt/apt.conf.d/20auto-upgrades")
    if re.search(r'(?m)^\s*APT::Periodic::Unattended-Upgrade\s+"[1-9]', told):
        yield Finding("note", "updates are installed by themselves, and may restart what a show needs", UPGRADES)


def start(root: Path) -> Iterator[Finding]:
    """Look for a service or a login that starts the show with the machine."""
    service = next((root / "etc/systemd/system").glob("mixeur*.service"), None)
    if service is not None:
        yield Finding("good", f"service {service.name}")
    elif any(re.search(pattern, _text(root / path)) for path, pattern in LOGINS.items()):
        yield Finding("good", "somebody is logged in by itself")
    else:
        yield Finding("note", "nothing starts the show with the machine: no mixeur service, nobody logged in", LOGIN)


def network(root: Path) -> Iterator[Finding]:
    """Look for a cable; a show on radio loses its cameras and OSC when the room fills."""
    up = [path for path in sorted((root / "sys/class/net").glob("*"))
          if (path / "device").exists() and _text(path / "operstate").strip() == "up"]
    wired = [path.name for path in up if not (path / "wireless").exists()]
    if wired:
        yield Finding("good", f"wired network {', '.join(wired)}")
    elif up:
        yield Finding("note", f"only radio network: {', '.join(path.name for path in up)}",
                      "plug in a cable, then: nmcli radio wifi off")


def blanking(said: str) -> Iterator[Finding]:
    """Look at what `xset q` said of a screen that goes dark by itself."""
    timeout = re.search(r"timeout:\s+(\d+)", said)
    if "DPMS is Enabled" in said or (timeout is not None and int(timeout[1]) > 0):
        yield Finding("note", "the screen goes dark by itself", "xset s off -dpms (in the session's start)")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
