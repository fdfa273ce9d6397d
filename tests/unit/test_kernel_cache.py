"""The cache of kernels: a folder for each state of their sources, old ones removed, progress told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.kernel_cache import KEPT, RENDER_KERNELS, SOUND_KERNELS, VISION_KERNELS, kernel_sources, warm

ENGINE = Path(__file__).parents[2] / "engine"
CHOOSE = "import sys; from engine.kernel_cache import prepare_cache as p; print(p()); assert 'numba' not in sys.modules"


def choose(cache: Path) -> Path:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    said = subprocess.run([sys.executable, "-c", CHOOSE], env=environment | {"XDG_CACHE_HOME": str(cache)},
                          cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    return Path(said.stdout.strip())


def test_the_choice_is_the_same_for_every_process_and_old_folders_go(tmp_path):
    for age in range(KEPT + 3):
        old = tmp_path / "mixeur" / f"kernels-old{age}"
        old.mkdir(parents=True)
        os.utime(old, (age, age))
    first, second = choose(tmp_path), choose(tmp_path)
    assert first == second
    assert first.is_dir()
    kept = {path.name for path in first.parent.iterdir()}
    assert kept == {first.name, *(f"kernels-old{age}" for age in range(3, KEPT + 3))}


def test_every_source_with_kernels_enters_the_key():
    names = {path.name for path in kernel_sources()}
    assert {"kernels.py", "pointers.py"} <= names
    assert {"limits.py", "ceilings.py"} <= names, "what guards eyes and ears is compiled in: no kernel may keep it"


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

KERNEL = """
from numba import njit
@njit("float64(float64)", cache=True)
def twice(x):
    return x * 2
"""
ONE_KERNEL = """
from pathlib import Path
from engine.kernel_cache import compilations, prepare_cache
prepare_cache()
with compilations() as compiled:
    from engine.render import kernels
assert kernels.twice(2.0) == 4.0
print("compiled" if compiled else "loaded", Path(kernels.__file__).parents[2])
"""


def test_kernels_that_were_compiled_once_are_loaded_without_compiling_anything():
    warm((*RENDER_KERNELS, *VISION_KERNELS, *SOUND_KERNELS))
    told = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True).stdout
    assert told.split()[-1] == "0", "a start that is warm must be quick: does every kernel keep what it compiled?"


def test_another_copy_of_the_engine_loads_what_the_first_compiled(tmp_path):
    copies = [tmp_path / "one", tmp_path / "two"]
    for copy in copies:
        (copy / "engine" / "render").mkdir(parents=True)
        for name in ("__init__.py", "clock.py", "kernel_cache.py", "kernel_locator.py", "problems.py"):
            shutil.copyfile(ENGINE / name, copy / "engine" / name)
        (copy / "engine" / "__init__.py").write_text("")
        (copy / "engine" / "render" / "kernels.py").write_text(KERNEL)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment |= {"XDG_CACHE_HOME": str(tmp_path)}
    told = []
    for copy in copies:
        asked = subprocess.run([sys.executable, "-c", ONE_KERNEL], check=True, capture_output=True, text=True,
                               env=environment | {"PYTHONPATH": str(copy)}, cwd=copy)
        told.append(asked.stdout.split())
    assert told == [["compiled", str(copies[0])], ["loaded", str(copies[1])]]


def test_warming_leaves_the_linear_algebra_to_scenes_and_does_not_load_it():
    code = ("import sys; from engine.kernel_cache import RENDER_KERNELS, prepare_cache, warm; prepare_cache();"
            "warm(RENDER_KERNELS); assert 'scipy.linalg' not in sys.modules; import scipy.linalg")
    subprocess.run([sys.executable, "-c", code], cwd=ENGINE.parent, check=True)
