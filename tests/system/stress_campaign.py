"""A campaign on the rig, by hand: `python -m tests.system.stress_campaign N SEED PACE [BEGINNINGS]`."""

import json
import sys
import tempfile
from pathlib import Path

from tests.system.stress_rig import campaign

if __name__ == "__main__":
    count, seed, pace = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    only = tuple(sys.argv[4].split(",")) if len(sys.argv) > 4 else ("",)
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        verdict = campaign(Path(folder), count, seed, pace, only)
    print(verdict.words())
    Path(f"/tmp/stress-{seed}.json").write_text(json.dumps(verdict.data(), indent=1))
