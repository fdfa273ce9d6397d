"""G13: whatever happened to a scan, it ends in one line with cause and remedy, and the profile before it stays."""

import re

import pytest

from tests.simulation.capture_faults import FAULTS, solve, verdict, whole_scan

CASES = 20
REMEDY = re.compile(r"again|complete|mend|copy|must|did you mean|write|compare|keep|put the|is `projector`|missing"
                    r"|known are|is not there|TOML|clockwise", re.I)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return whole_scan(tmp_path_factory.mktemp("whole") / "scan", 1)


@pytest.mark.parametrize("number", range(CASES), ids=lambda number: f"{FAULTS[number % len(FAULTS)].__name__}-{number}")
def test_a_spoilt_scan_is_refused_in_words_and_the_profile_before_it_stays(number, whole, tmp_path):
    _, words = verdict(number, whole, tmp_path)
    assert words, "it was taken for good"
    assert REMEDY.search(words), words
    assert "Traceback" not in words


def test_a_whole_scan_is_solved_and_replaces_the_profile(whole, tmp_path):
    profile = tmp_path / "left.toml"
    profile.write_text("format = 1\nsize = [256, 144]\n")
    assert solve(whole, profile) == 0
    assert "mesh" in profile.read_text()
    assert (tmp_path / "left.toml.bak").read_text().startswith("format = 1")
