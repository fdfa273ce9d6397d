"""Each numbered behaviour of the works has a test that bears its number; no work is longer than one can read."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "works" / "tests.md"
NUMBERS = {f"{letter}{n}" for letter, last in (("B", 10), ("C", 12), ("D", 9), ("G", 7)) for n in range(1, last + 1)}


def test_every_number_has_a_test_of_its_name_and_every_test_that_is_listed_is_there() -> None:
    rows = dict(re.findall(r"^\| ([BCDG]\d+) \|.*?\| (`.*`) \|$", LIST.read_text("utf-8"), re.M))
    assert rows.keys() == NUMBERS
    for number, tests in rows.items():
        assert re.search(rf"_{number.lower()}(_|`)", tests), f"{number} is in no test's name"
    for file, name in re.findall(r"`([\w/.]+)::(\w+)`", LIST.read_text("utf-8")):
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file}::{name} is gone"


def test_there_are_seven_works_of_at_most_250_lines_on_the_public_names_of_the_engine() -> None:
    works = [path for path in (ROOT / "scenes").glob("*/*.py") if path.stem == path.parent.name]
    assert len(works) == 7
    for work in works:
        code = work.read_text("utf-8")
        assert len(code.splitlines()) <= 250, work.name
        assert not re.search(r"from engine\.|import engine", code), work.name
