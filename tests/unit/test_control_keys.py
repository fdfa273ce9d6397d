"""The operator's page is true: it names every key and every address that commands."""

import re
from pathlib import Path

from engine.control import addresses
from engine.control.addresses import command_of
from engine.control.keys import KEYS
from engine.world import Event

PAGE = (Path(__file__).parents[2] / "docs" / "operator.md").read_text()
ROWS = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.M))


def test_every_key_of_the_help_stands_on_the_page() -> None:
    assert [key for key, _ in KEYS if key not in ROWS and key not in ("mouse", "Space")] == []


def test_every_address_on_the_page_is_a_command() -> None:
    named = [word for row in ROWS for word in re.findall(r"`(/[A-Za-z/]+)", row)]
    assert len(named) >= 7
    assert [word for word in named if command_of(Event(f"osc:{word}", (1.0,))) is None] == []


def test_every_key_that_commands_is_in_the_help() -> None:
    told = {word.casefold() for key, _ in KEYS for word in key.split(", ")}
    commands = {key.removeprefix("key:") for key in addresses._KEYS}
    assert commands <= told
