"""The harness: what a figure says, turns taken fairly, records written whole."""

import argparse
import json
from types import SimpleNamespace

import pytest

from engine.bench import bench_modules
from engine.bench.figure import Figure, interleaved
from engine.commands import bench
from engine.problems import MixeurError

LOWER = Figure("frame_ms", "ms", "lower", 10.0)
HIGHER = Figure("voices", "1", "higher", 100.0)


@pytest.mark.parametrize(("figure", "value", "met"), [(LOWER, 10.0, True), (LOWER, 10.1, False), (HIGHER, 99.0, False)])
def test_a_figure_is_met_on_the_good_side_of_its_target(figure, value, met):
    assert figure.record(value, {"peer": 12.0})["met"] is met


def test_candidates_take_turns_after_one_untimed_run_each():
    calls = []
    ticks = iter(range(0, 10**9, 1_000_000))
    timings = interleaved({name: lambda name=name: calls.append(name) for name in "abc"}, 3, lambda: next(ticks))
    assert "".join(calls) == "abc" * 4
    assert {timing.median_ms for timing in timings.values()} == {1.0}


def test_every_module_of_the_bench_has_figures_of_its_own():
    names = [figure.name for module in bench_modules() for figure in module.FIGURES]
    assert "frame_1080p_ms" in names
    assert len(names) == len(set(names))


def test_an_unknown_figure_names_the_nearest():
    with pytest.raises(MixeurError, match="did you mean 'frame_1080p_ms'"):
        bench.run(argparse.Namespace(names=["frame_1080_ms"], json=None, seed=1, scene=None))


def test_a_groups_name_asks_for_all_its_figures_and_records_alone_go_to_the_output(monkeypatch, capsys):
    def measure(names, seed=1, scenes=("bleu",)):
        return [LOWER.record(float(seed)) for name in names if name == "frame_ms" for _ in scenes]

    module = SimpleNamespace(__name__="engine.bench.drawn", FIGURES=(LOWER, HIGHER), measure=measure)
    monkeypatch.setattr(bench, "bench_modules", lambda: [module])
    assert bench.run(argparse.Namespace(names=["drawn"], json=bench.STDOUT, seed=7, scene=["bleu", "danse"])) == 0
    assert [record["value"] for record in json.loads(capsys.readouterr().out)] == [7.0, 7.0]
