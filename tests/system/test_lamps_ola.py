"""Lamps at a real receiver: olad, by Art-Net and by sACN, in a network namespace of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = [tool for tool in ("olad", "ola_patch", "unshare", "setpriv", "ip") if not shutil.which(tool)]
pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(TOOLS), reason=f"needs {TOOLS}")]


def test_olad_shows_by_artnet_and_sacn_what_a_frame_asks_for_and_is_dark_at_the_end(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.name.startswith("pytest-"):
            folder.chmod(0o755)  # olad is another user
    ran = subprocess.run(["unshare", "-n", sys.executable, "-P", "-m", "tests.system.ola_peer", str(tmp_path)],
                         capture_output=True, text=True, timeout=280, check=False, cwd=Path(__file__).parents[2])
    assert ran.returncode == 0, ran.stderr[-2000:]
    waits_ms = json.loads(ran.stdout)
    print(waits_ms)
    assert all(len(waits) == 3 for waits in waits_ms.values())
