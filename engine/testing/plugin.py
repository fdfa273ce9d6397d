"""The pytest plugin: the `golden` fixture and `--update-golden`. Nothing heavy is imported before a test asks."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError

if TYPE_CHECKING:
    from engine.testing.golden import Golden

with suppress(MixeurError):  # numba is imported already: its kernels are then compiled afresh
    prepare_cache()

WRITTEN = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    group = parser.getgroup("mixeur")
    group.addoption("--update-golden", action="store_true", help="write golden references instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare pictures, sounds and whole scenes with the references kept beside the tests."""
    from engine.testing.golden import Golden

    written = request.node.stash.setdefault(WRITTEN, [])
    update = bool(request.config.getoption("--update-golden"))
    return Golden(reference_folder(request.path.parent, request.config.rootpath), written if update else None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Skip a test that has written its references: it has compared nothing."""
    result = yield
    if item.stash.get(WRITTEN, []):
        pytest.skip("reference written")
    return result


def reference_folder(tests: Path, root: Path) -> Path:
    """Return the nearest folder `references` beside or above the tests, or where it is to be made."""
    above = (folder for folder in (tests, *tests.parents) if folder.is_relative_to(root))
    return next((folder / "references" for folder in above if (folder / "references").is_dir()), tests / "references")
