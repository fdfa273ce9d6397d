"""The examples as they look and sound, and the promise that each is short."""

from pathlib import Path

import pytest

from engine.testing.rehearsal import Act

EXAMPLES = sorted((Path(__file__).parents[2] / "scenes" / "examples").glob("*.py"))
DOWN, UP = frozenset({"space"}), frozenset()
TAP_AND_HOLD = [Act(1, keys=DOWN), Act(1.15, keys=UP), Act(2.2, keys=DOWN)]
SCRIPTS = {"drum": TAP_AND_HOLD}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_looks_and_sounds_as_it_did(golden, path: Path) -> None:
    golden.scene(path, at_s=(2.5, 4.5), script=SCRIPTS.get(path.stem, ()), name=f"example-{path.stem}")


def test_there_are_twelve_examples_of_at_most_25_lines() -> None:
    assert len(EXAMPLES) == 12
    assert {path.name: lines for path in EXAMPLES if (lines := path.read_text().count("\n")) > 25} == {}
