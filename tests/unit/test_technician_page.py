"""The technician's page: each of its commands is one that the program has, with words that it takes."""

import re
import shlex
from pathlib import Path

import pytest

from engine import cli

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "technician.md").read_text()
COMMANDS = sorted(set(re.findall(r"^mixeur .*$", PAGE, re.M)))


def test_each_command_of_the_page_is_understood():
    assert len(COMMANDS) > 25
    parser = cli.parser()
    for line in COMMANDS:
        try:
            args = parser.parse_args(shlex.split(line, comments=True)[1:])
        except SystemExit:
            pytest.fail(f"not understood: {line}")
        assert callable(args.run), line


def test_each_picture_of_the_page_is_there_and_light():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    assert len(pictures) >= 3
    assert all(0 < (DOCS / name).stat().st_size < 300_000 for name in pictures)
