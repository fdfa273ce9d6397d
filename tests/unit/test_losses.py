"""Losses: what is gone is told once, with its reason, and again when it is back."""

from engine.clock import NS
from engine.losses import Losses


def told() -> tuple[list[str], Losses]:
    lines: list[str] = []
    return lines, Losses(lines.append, 0)


def test_a_device_that_goes_is_told_once_and_again_when_it_is_back() -> None:
    lines, losses = told()
    losses.observe({"sound": ""}, 1 * NS)
    for second in (2, 3):
        losses.observe({"sound": "the daemon is gone"}, second * NS)
    assert [loss.since_ns for loss in losses.current] == [2 * NS]
    losses.observe({"sound": ""}, 5 * NS)
    assert lines == ["sound: lost; the daemon is gone", "sound: back after 3.0 s"]
    assert losses.current == ()


def test_a_device_that_was_never_there_has_ten_seconds_to_come() -> None:
    lines, losses = told()
    losses.observe({"camera.room": "connecting"}, 9 * NS)
    assert not lines
    losses.observe({"camera.room": "no answer"}, 10 * NS)
    assert lines == ["camera.room: lost; no answer"]


def test_another_reason_is_told_but_is_the_same_loss() -> None:
    lines, losses = told()
    losses.observe({"midi.desk": "unplugged"}, 10 * NS)
    losses.observe({"midi.desk": "no library"}, 12 * NS)
    assert len(lines) == 2
    assert losses.report(14 * NS)["midi.desk"] == {
        "count": 1, "total_s": 4.0, "longest_s": 4.0, "reason": "no library", "gone": True,
    }  # fmt: skip


def test_the_report_keeps_the_longest_of_several_losses() -> None:
    _, losses = told()
    for second, reason in ((0, ""), (1, "x"), (2, ""), (4, "x"), (9, "")):
        losses.observe({"sound": reason}, second * NS)
    measured = losses.report(20 * NS)["sound"]
    assert (measured["count"], measured["total_s"], measured["longest_s"], measured["gone"]) == (2, 6.0, 5.0, False)


def test_a_device_that_leaves_the_show_is_no_loss() -> None:
    lines, losses = told()
    losses.observe({"midi.desk": "unplugged"}, 20 * NS)
    losses.observe({}, 21 * NS)
    assert losses.current == ()
    assert lines == ["midi.desk: lost; unplugged"]


def test_a_device_that_comes_and_goes_does_not_fill_the_log() -> None:
    lines, losses = told()
    for second in range(20, 60):
        losses.observe({"touch.ball": "silent" if second % 2 else ""}, second * NS)
    assert len(lines) == 6
    assert lines[-1].endswith("; it comes and goes, more is only counted")
    assert losses.report(60 * NS)["touch.ball"]["count"] == 20
    losses.observe({"touch.ball": ""}, 119 * NS)
    losses.observe({"touch.ball": "silent"}, 120 * NS)
    assert lines[-1] == "touch.ball: lost; silent"
