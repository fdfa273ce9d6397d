"""R4 with JACK: a server that is killed takes its clients with it, and comes back as it likes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns, sleep_s
from engine.show import model
from tests.system.jack_rig import JackRig, missing_tools
from tests.system.sound_rig import strongest_hz
from tests.system.test_sound_loss import BACK_S, Stage

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install jackd2"),
]


@pytest.fixture
def rig() -> Iterator[JackRig]:
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        rig = JackRig(Path(folder))
        yield rig
        rig.stop()


def test_R4_a_jack_server_that_is_killed_is_heard_again_when_it_is_back_at_another_rate(rig: JackRig) -> None:
    """Closing a stream of a dead JACK server never returns: the process asks for a new one."""
    stage = Stage(rig.env, model.Sound(pink_spl_db=40))
    try:
        stage.wait(is_lost=False)
        before, number = stage.control.meters(), stage.process.pid
        rig.kill()
        reason = stage.wait(is_lost=True)
        sleep_s(1.0)
        rig.start(44_100)
        back_ns = monotonic_ns()
        stage.wait(is_lost=False)
        after_s = (monotonic_ns() - back_ns) / NS
        first = stage.control.meters().frame, monotonic_ns()
        wave, rate = rig.record(1.5)
        last = stage.control.meters().frame, monotonic_ns()
        after = stage.control.meters()
        assert stage.process.poll() is None and stage.process.pid != number
    finally:
        stage.stop()
    print(f"back after {after_s:.1f} s, {after.without_s - before.without_s:.1f} s without, {after.reason}")
    assert reason
    assert after_s < BACK_S
    assert rate == 44_100
    assert strongest_hz(wave[rate // 4 :], rate) == pytest.approx(220, abs=0.5)
    assert np.abs(wave[rate // 4 :]).max() > 0.01
    per_s = (last[0] - first[0]) * NS / (last[1] - first[1])
    assert per_s == pytest.approx(stage.sound.rate, rel=0.05)  # the show's time goes on as before
    assert after.voices == 1
