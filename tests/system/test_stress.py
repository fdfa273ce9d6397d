"""A campaign on the rig: twenty faults by chance, and neither picture nor sound is ever gone for more than 5 s."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.system import stress_rig

pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(stress_rig.MISSING), reason=f"needs {stress_rig.MISSING}")]
SEED = int(os.environ.get("STRESS_SEED", "16"))


def test_r1_to_r6_twenty_faults_are_met_without_a_gap_of_5_s_and_nothing_is_lost() -> None:
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        verdict = stress_rig.campaign(Path(folder), count=20, seed=SEED, pace_s=3.0)
    print(verdict.words())
    assert len(verdict.met) == 20
    assert verdict.judged == {"picture": "frames and light", "motion": "motion", "sound": "sound"}
    assert verdict.breaks == (), verdict.words()
