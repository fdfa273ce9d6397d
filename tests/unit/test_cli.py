"""The command line: what is not wanted is not imported, and every command is still known."""

import subprocess
import sys

import pytest

from engine.cli import COMMANDS, main, parser

IMPORTED = "import sys; from engine.cli import parser; parser('run'); print(*sys.modules)"
HEAVY = ("cv2", "pygame", "numba", "scipy", "asyncio", "pythonosc", "engine.director", "engine.stress", "engine.bench")


def test_run_imports_nothing_that_only_others_need() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in HEAVY if name in told] == []


def test_every_command_is_known_by_its_own_name_and_in_the_help() -> None:
    said = parser().format_help()
    for name in COMMANDS:
        word = name.replace("_", "-")
        assert word in said
        with pytest.raises(SystemExit) as ended:
            main(["--debug", word, "--help"])
        assert ended.value.code == 0


def test_a_command_that_is_not_there_is_told_with_those_that_are(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["rum"])
    assert "run" in capsys.readouterr().err
