"""`mixeur install-service SHOW`: write the systemd unit that runs a show from power-on, unattended."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import MixeurError
from engine.show.files import read_show

UNITS = Path("/etc/systemd/system")
WATCHDOG_S = 30
UNIT = """\
# Written by `mixeur install-service`. Change it with `systemctl edit {unit}`.
[Unit]
Description=mixeur: {name}
After=systemd-user-sessions.service plymouth-quit-wait.service getty@tty7.service sound.target network.target
{terminal_unit}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
User={user}
{session}WorkingDirectory={folder}
ExecStart={command}
Restart=always
RestartSec=2
TimeoutStartSec=120
WatchdogSec={watchdog}
TimeoutStopSec=15
KillMode=mixed
OOMScoreAdjust=-500
LimitRTPRIO=90
LimitMEMLOCK=infinity
LimitNICE=-15

[Install]
WantedBy={target}
"""
SESSION = """\
PAMName=login
TTYPath=/dev/tty7
StandardInput=tty
StandardError=journal
UtmpIdentifier=tty7
UtmpMode=user
"""
NEXT = """\
Next, as root:
  systemctl daemon-reload
  systemctl disable --now display-manager.service   # where there is a desktop: the show takes the screen
  systemctl enable --now {unit}
Then:
  - in the BIOS let the machine start by itself when power comes back;
  - switch off automatic updates and notices; set the time zone;
  - pull the plug once, and look: the picture must be back without a hand.
See how it goes:  systemctl status {unit}   journalctl -u {unit} -f
End the show:     systemctl stop {unit}     Never start it again:  systemctl disable {unit}"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("install-service", help="let systemd run a show from power-on, unattended")
    parser.add_argument("show", type=Path, nargs="?", default=Path("show.toml"))
    parser.add_argument("--user", metavar="NAME", help="who runs it (you, or who called sudo)")
    parser.add_argument("--kiosk", choices=("x", "cage", "none"), help="what makes the screen (x where xinit is there)")
    parser.add_argument("--print", action="store_true", help="only print the unit")
    parser.add_argument("--folder", type=Path, default=UNITS, metavar="DIR", help=f"where units stand ({UNITS})")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the unit, verify it, and say what is to be done next."""
    show = read_show(args.show)
    name = f"mixeur-{re.sub(r'[^A-Za-z0-9]+', '-', show.name or show.folder.name).strip('-').lower() or 'show'}.service"
    kiosk = args.kiosk or ("cage" if shutil.which("cage") and not shutil.which("xinit") else "x")
    user = args.user or os.environ.get("SUDO_USER") or getpass.getuser()
    text = unit(name, show.name or show.folder.name, args.show.resolve(), show.folder.resolve(), user, kiosk)
    if args.print:
        print(text, end="")
        return 0
    if not shutil.which("systemctl"):
        raise MixeurError("this machine has no systemd; --print shows the unit, to be written for what starts it here")
    wrong = verify(name, text)
    if wrong:
        raise MixeurError(f"{name}: systemd does not take it: {wrong}")
    if args.folder.is_dir() and not os.access(args.folder, os.W_OK):
        raise MixeurError(f"{args.folder}: may not be written by {getpass.getuser()}; run it with sudo, or use --print")
    write_atomic(args.folder / name, text, keep_previous=False)
    print(f"{args.folder / name}: written")
    tool = {"x": "xinit", "cage": "cage"}.get(kiosk)
    if tool and not shutil.which(tool):
        print(f"{tool} is missing: apt install " + ("xinit xserver-xorg" if kiosk == "x" else "cage"))
    print(NEXT.format(unit=name))
    return 0


def unit(file: str, name: str, show: Path, folder: Path, user: str, kiosk: str) -> str:
    """Return the text of a unit.

    Args:
        file: The unit's own name.
        kiosk: `x`: an X server of its own without blanking; `cage`: a Wayland kiosk; `none`: off-screen.
    """
    play = " ".join(map(_quoted, (_found(sys.executable), "-P", "-m", "engine.cli", "run", str(show))))
    command = {
        "x": f"{_found('xinit')} {play} -- :0 vt7 -nolisten tcp -s 0 -dpms",
        "cage": f"{_found('cage')} -d -s -- {play}",
        "none": f"{play} --headless",
    }[kiosk]
    has_screen = kiosk != "none"
    return UNIT.format(
        unit=file, name=name.replace("%", "%%").replace("\n", " "), user=user, command=command,
        folder=str(folder).replace("%", "%%"), watchdog=WATCHDOG_S, session=SESSION if has_screen else "",
        terminal_unit="Conflicts=getty@tty7.service display-manager.service\n" if has_screen else "",
        target="graphical.target" if has_screen else "multi-user.target",
    )  # fmt: skip


def verify(name: str, text: str) -> str:
    """Return what `systemd-analyze verify` has against a unit, or nothing; nothing too where it is not there."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(text)
        done = subprocess.run([tool, "verify", "--man=no", file], capture_output=True, text=True, check=False)
    lines = [line for line in (done.stderr + done.stdout).splitlines() if name in line]
    lines = [line for line in lines if "is not executable" not in line]  # xinit may come later: told in the next line
    return "; ".join(lines)


def _found(program: str) -> str:
    return shutil.which(program) or f"/usr/bin/{program}"


def _quoted(word: str) -> str:
    """Return a word as systemd reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[\s\"'\\;]", word) else escaped
