"""V1: a minute of the whole show with visitors, every call to the system traced: nothing of them is kept or sent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.privacy_peer import OSC, OUT

SECONDS = int(os.environ.get("SOAK_SECONDS", "45"))
TOOLS = [tool for tool in ("strace", "unshare", "ip") if not shutil.which(tool)]
pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(TOOLS) or os.name != "posix", reason=f"needs {TOOLS}")]
OPENED = re.compile(r'\b(?:open|openat|creat|mknod|mknodat)\((?:[A-Z][^"]*, )?"([^"]*)", ([A-Z_|0-9]+)')
RENAMED = re.compile(r'\b(?:rename|link)[a-z0-9]*\(.*"([^"]*)"')
CALLED = re.compile(r'\b(connect|bind|sendto|sendmsg|sendmmsg)\(.*?sa_family=AF_(\w+)(?:.*?htons\((\d+)\))?'
                    r'(?:.*?(?:inet_addr\(|sun_path=@?)"([^"]*)")?')
MADE = re.compile(r"\bsocket\(AF_(\w+), SOCK_(\w+)")
WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT", "S_IF")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff", ".mp4", ".avi", ".mkv",
            ".mov", ".webm", ".raw", ".npy", ".npz", ".y4m")
MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"\x93NUMPY", b"ftyp", b"\x1aE\xdf\xa3",
         b"/9j/", b"iVBORw0KGgo")
OURS = {".mixeur", "report.json", "logs"}  # what a show writes beside itself
# a compiler is asked where libraries are, and whether /tmp can be used
SYSTEMS = re.compile(r"/dev/null|/proc/.*|/tmp/cc\w+\.\w+(\.\w)?|/tmp/(tmp)?\w{8}")
SOUND_SERVERS = ("pulse", "jack")
A_PICTURE_PER_S = 160 * 90 * 30  # bytes of the smallest grey picture, 30 times a second


def test_v1_a_show_with_visitors_writes_no_picture_and_speaks_to_none_but_those_it_was_told(tmp_path: Path) -> None:
    ran = subprocess.run(["unshare", "-n", sys.executable, "-P", "-m", "tests.soak.privacy_peer", str(tmp_path),
                          str(SECONDS)], capture_output=True, text=True, timeout=500, check=False,
                         cwd=Path(__file__).parents[2])
    said = (tmp_path / "said").read_text(errors="strict")
    assert ran.returncode == 0, ran.stderr[-2000:] + said[-2000:]
    camera, sent = (int(word) for word in ran.stdout.split())
    trace = (tmp_path / "trace").read_text(errors="replace").splitlines()
    assert sent > 10 * SECONDS, "the camera was not looked at"
    assert len(trace) > 1000, "nothing was traced"
    spoken(trace, camera)
    written(trace, tmp_path, said)


def spoken(trace: list[str], camera: int) -> None:
    """Check that nobody was called but camera, lamps, desk and our own port."""
    calls = Counter(call for line in trace for call in CALLED.findall(line))
    for call, count in sorted(calls.items()):
        print(count, *call)
    kinds = {family for line in trace for family, _ in MADE.findall(line)}
    print("sockets of", kinds)
    told = {"bind": {str(OSC), "0"}, "connect": {str(camera), str(OUT)}, "sendto": {str(OUT), "6454", "5568"}}
    for what, family, port, host in calls:
        is_sound = family == "UNIX" and what == "connect" and any(name in host for name in SOUND_SERVERS)
        assert is_sound or (host == "127.0.0.1" and port in told.get(what, ())), (what, family, port, host)
    assert kinds <= {"INET", "UNIX"}, kinds
    to_desk = [int(line.rpartition("= ")[2]) for line in trace if f"htons({OUT})" in line and "sendto(" in line
               and line.rpartition("= ")[2].isdecimal()]
    assert sum(to_desk) < A_PICTURE_PER_S * SECONDS / 10


def written(trace: list[str], folder: Path, said: str) -> None:
    """Check that what was written is no picture, and where it is."""
    opened = {path for line in trace for path, flags in OPENED.findall(line)
              if any(flag in flags for flag in WRITES)}
    opened |= {path for line in trace for path in RENAMED.findall(line)}
    for path in sorted(opened):
        print(path)
        assert not path.lower().endswith(PICTURES), path
        is_ours = path.endswith(".part") or OURS & set(Path(path).parts)  # a part is renamed when it is whole
        assert is_ours or SYSTEMS.fullmatch(path) or "/kernels-" in path, path
    kept = [path for path in (Path(each) for each in opened) if path.is_file() and folder in path.parents]
    for text in (said, *(path.read_bytes().decode("utf-8") for path in kept)):
        assert max(map(len, text.splitlines()), default=0) < 5000, "no line is a picture"
        assert not any(magic in text.encode() for magic in MAGIC)
    assert not [path for path in Path("/dev/shm").glob("*mixeur*") if "jack" not in path.name]
