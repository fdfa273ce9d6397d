"""What linters cannot enforce: sizes, names, who uses time and devices, what scenes import, what the tree says."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = {"__pycache__", "out", "dist", "build", "failed"}


def tree() -> list[Path]:
    """Return the project's files: as git knows them, or all that were not made here where there is no git."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (ROOT / ".git").exists():
        names = subprocess.run(listed, cwd=ROOT, text=True, capture_output=True, check=True).stdout.split("\n")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    parts = ((path, path.relative_to(ROOT).parts) for path in ROOT.rglob("*") if path.is_file())
    return [path for path, own in parts if not MADE & set(own) and (own[0] == ".ci" or not own[0].startswith("."))]


FILES = tree()
CODE = [path for path in FILES if path.suffix == ".py"]
OURS = [path for path in CODE if path.relative_to(ROOT).parts[0] in ("engine", "calibration", "scenes")]
HOMES = {  # each device library stands in one file
    "cv2.VideoCapture": "engine/inputs/camera.py",
    "pythonosc": "engine/inputs/osc_send.py",
    "mido": "engine/inputs/midi.py",
    "aalink": "engine/inputs/link.py",
    "sounddevice": "engine/sound/stream.py",
    "pulsectl": "engine/sound/pulse.py",
}
CLOCKS = re.compile(
    r"\btime\.(time|monotonic|perf_counter|process_time|thread_time|sleep)|datetime\.(now|today|utcnow)\("
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", OURS, ids=name)
def test_no_module_is_longer_than_400_lines_and_no_function_than_60(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{name(path)}:{node.lineno}: {node.name} is too long"


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    odd = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [name(p) for p in CODE if p.stem in odd] == []


def test_only_the_clock_reads_time() -> None:
    engine = [p for p in OURS if p.relative_to(ROOT).parts[0] in ("engine", "calibration")]
    readers = [name(p) for p in engine if CLOCKS.search(p.read_text()) and name(p) != "engine/clock.py"]
    assert readers == []


@pytest.mark.parametrize("library", HOMES)
def test_each_device_library_stands_in_one_file(library: str) -> None:
    used = re.compile(
        rf"^\s*(import|from) {library}\b|{library}\(" if "." not in library else re.escape(library) + r"\(", re.M
    )
    users = [name(p) for p in OURS if p.relative_to(ROOT).parts[1] != "bench" and used.search(p.read_text())]
    assert users in ([HOMES[library]], [])


def test_scenes_import_the_artists_names_numpy_and_what_stands_beside_them() -> None:
    allowed = {
        "engine",
        "numpy",
        "math",
        "dataclasses",
        "itertools",
        "functools",
        "collections",
        "typing",
        "__future__",
        "colorsys",
        "bisect",
        "enum",
        "string",
        "re",
        "textwrap",
        "heapq",
        "json",
        "pathlib",
        "tomllib",
    }
    public = set(
        ast.literal_eval(re.search(r"__all__ = (\[.*?\])", (ROOT / "engine/__init__.py").read_text(), re.S)[1])
    )
    scenes = (p for p in OURS if p.relative_to(ROOT).parts[0] == "scenes" and not p.name.startswith("test_"))
    for path in scenes:
        beside = {p.stem for p in path.parent.glob("*.py")}
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {a.name.split(".")[0] for a in node.names} <= allowed | beside, f"{name(path)}:{node.lineno}"
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] in allowed | beside, f"{name(path)}:{node.lineno}"
                if node.module == "engine":
                    assert {a.name for a in node.names} <= public, f"{name(path)}:{node.lineno}"


def test_examples_have_at_most_25_lines() -> None:
    examples = [p for p in OURS if p.parent == ROOT / "scenes" / "examples"]
    assert len(examples) >= 12
    assert [name(p) for p in examples if p.read_text().count("\n") > 25] == []


def test_the_tree_names_no_machine_and_no_registry() -> None:
    machine = re.compile(r"/(work|root)/|(pypi|debian|npmjs|pythonhosted)\.org")
    text = [
        p
        for p in FILES
        if p.suffix not in {".png", ".ttf", ".otf", ".wav", ".ogg", ".flac", ".mp4", ".jpg"} and p != Path(__file__)
    ]
    found = [f"{name(p)}: {m[0]}" for p in text for m in [machine.search(p.read_text(errors="replace"))] if m]
    assert found == []


def test_the_readme_has_at_most_150_lines() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= 150


def test_every_media_file_has_its_licence_beside_it() -> None:
    media = [p for p in FILES if p.relative_to(ROOT).parts[0] == "assets" and p.suffix not in {".md", ".txt"}]
    assert [name(p) for p in media if not any(p.parent.glob("LICEN[CS]E*"))] == []
