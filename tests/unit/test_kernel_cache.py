"""The cache of kernels: a folder for each state of their sources, old ones removed, progress told."""

import os
import subprocess
import sys
from pathlib import Path

from engine.kernel_cache import kernel_sources, warm

CHOOSE = "import sys; from engine.kernel_cache import prepare_cache as p; print(p()); assert 'numba' not in sys.modules"


def choose(cache: Path) -> Path:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    said = subprocess.run([sys.executable, "-c", CHOOSE], env=environment | {"XDG_CACHE_HOME": str(cache)},
                          cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    return Path(said.stdout.strip())


def test_the_choice_is_the_same_for_every_process_and_old_folders_go(tmp_path):
    for age in range(6):
        old = tmp_path / "mixeur" / f"kernels-old{age}"
        old.mkdir(parents=True)
        os.utime(old, (age, age))
    first, second = choose(tmp_path), choose(tmp_path)
    assert first == second
    assert first.is_dir()
    kept = {path.name for path in first.parent.iterdir()}
    assert kept == {first.name, "kernels-old3", "kernels-old4", "kernels-old5"}


def test_every_source_with_kernels_enters_the_key():
    names = {path.name for path in kernel_sources()}
    assert {"kernels.py", "pointers.py"} <= names


def test_warming_tells_how_far_it_is():
    told = []
    warm(("engine.render.kernels", "engine.render.layer"), lambda done, total, name: told.append((done, total, name)))
    assert told == [(0, 2, "engine.render.kernels"), (1, 2, "engine.render.layer"), (2, 2, "ready")]


IMPORT = """
import importlib
from engine.kernel_cache import RENDER_KERNELS, SOUND_KERNELS, VISION_KERNELS, compilations, prepare_cache
prepare_cache()
with compilations() as compiled:
    for module in (*RENDER_KERNELS, *VISION_KERNELS, *SOUND_KERNELS):
        importlib.import_module(module)
print(len(compiled))
"""


def test_kernels_that_were_compiled_once_are_loaded_without_compiling_anything():
    command = [sys.executable, "-c", IMPORT]
    told = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2)]
    assert told[1].split()[-1] == "0", "a start that is warm must be quick: does every kernel keep what it compiled?"
