"""Tops of a skyline: the same as SciPy finds, without loading it."""

import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from engine.vision.peaks import tops

# No two levels are equal: which of two equal tops stays is the processor's choice in SciPy.
LEVELS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(1, 4)), min_size=3, max_size=30, unique_by=lambda pair: pair[0]
)
LIMITS = st.tuples(*[st.floats(0, most) for most in (50, 8, 40, 9)])


@settings(max_examples=300, deadline=None)
@given(LEVELS, LIMITS)
def test_the_tops_are_those_that_scipy_finds(levels, limits) -> None:
    height, apart, prominence, width = limits
    line = [level for level, length in levels for _ in range(length)]
    padded = np.array([0, *line, 0], np.float32)
    apart = max(1, apart)
    found, _ = find_peaks(padded, height=height, distance=apart, prominence=prominence, width=width)
    assert tops(padded, height, apart, prominence, width) == found.tolist()


def test_a_line_without_tops_has_none() -> None:
    assert tops(np.zeros(9, np.float32), 0, 1, 0, 0) == []
    assert tops(np.arange(9, dtype=np.float32), 0, 1, 0, 0) == []


def test_a_camera_that_is_started_again_does_not_load_what_it_does_not_need() -> None:
    asked = "import sys, engine.inputs.camera_process; sys.exit('scipy.signal' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", asked], timeout=120).returncode == 0
