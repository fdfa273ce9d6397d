"""All trials by their names, for the command and for tests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from calibration.cases import map_cases
from calibration.trial import try_case


def trials() -> Mapping[str, Callable[[int], Mapping[str, Any]]]:
    """Return what to call with a seed for the record of each case."""
    return {case.name: functools.partial(try_case, case) for case in map_cases()}
