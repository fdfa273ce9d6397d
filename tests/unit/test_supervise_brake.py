"""Pulse and brake: when a process hangs, what an engine that keeps ending is started without, how long to wait."""

from engine.clock import NS
from engine.supervise.board import BOARD_SIZE, Board, note_of
from engine.supervise.brake import End, Verdict, judge, pause_s, with_end
from engine.supervise.child import DISPLAY_GONE
from engine.supervise.inquest import Inquest
from engine.supervise.last_words import place
from engine.supervise.memory import Block
from engine.supervise.pulse import Patience, Pulse
from engine.supervise.ward import Gone

PATIENCE = Patience(beating_s=2, warm_s=10, cold_s=60)


def s(seconds: float) -> int:
    return round(seconds * NS)


def test_r2_an_engine_that_beat_hangs_after_two_seconds_without_a_frame() -> None:
    pulse = Pulse(PATIENCE)
    pulse.begin(0, 0, s(0))
    pulse.hear(1, 0, s(1))
    assert not pulse.hangs(s(3))
    assert pulse.hangs(s(3.1))
    pulse.hear(2, 0, s(3.1))
    assert not pulse.hangs(s(5))


def test_a_process_that_others_keep_from_the_processor_has_half_as_long_again() -> None:
    pulse = Pulse(PATIENCE)
    pulse.begin(0, 0, s(0))
    pulse.hear(1, 0, s(1))
    assert not pulse.hangs(s(3.5), starved_s=0.6)
    assert pulse.hangs(s(3.7), starved_s=0.6)
    assert pulse.hangs(s(4.1), starved_s=3)


def test_an_engine_that_prepares_has_a_minute_after_each_sign_and_ten_seconds_once_it_has_ever_beaten() -> None:
    pulse = Pulse(PATIENCE)
    pulse.begin(0, 0, s(0))
    pulse.hear(0, 1, s(50))
    assert not pulse.hangs(s(109))
    assert pulse.hangs(s(111))
    pulse.hear(1, 1, s(112))
    pulse.begin(1, 1, s(200))
    assert not pulse.hangs(s(209))
    assert pulse.hangs(s(211))


def test_signs_of_preparation_do_not_hide_that_no_frame_comes() -> None:
    pulse = Pulse(PATIENCE)
    pulse.begin(0, 0, s(0))
    pulse.hear(1, 0, s(1))
    pulse.hear(1, 7, s(3))
    assert pulse.hangs(s(3.1))


def test_a_supervisor_that_slept_gives_its_processes_a_new_grace() -> None:
    pulse = Pulse(PATIENCE)
    pulse.begin(0, 0, s(0))
    pulse.hear(1, 0, s(1))
    pulse.forgive(s(3600))
    assert not pulse.hangs(s(3602))
    assert pulse.hangs(s(3602.1))


def test_a_scene_in_whose_code_the_engine_hangs_is_left_out_at_once() -> None:
    assert judge([End(s(1), "hang", "bad", ("bad",))]) == Verdict(("bad",))


def test_a_crash_leaves_nothing_out_before_the_third_within_a_minute() -> None:
    ends = [End(s(at), "crash", "bad", ("bad",)) for at in (0, 30, 60)]
    assert judge(ends[:1]) == judge(ends[:2]) == Verdict()
    assert judge(ends) == Verdict(("bad",), braked=True)
    assert judge([*ends[:2], End(s(61), "crash", "bad")]) == Verdict()


def test_a_scene_that_crashes_the_next_engine_too_within_ten_seconds_is_left_out() -> None:
    first = End(s(0), "crash", "bad", ("bad",))
    assert judge([first, End(s(10), "crash", "bad")]) == Verdict(("bad",))
    assert judge([first, End(s(10), "crash", "other")]) == judge([first, End(s(10), "outside", "bad")]) == Verdict()
    assert judge([End(s(0), "crash", ""), End(s(1), "crash", "")]) == Verdict()


def test_a_scene_whose_edit_crashes_twice_where_it_is_tried_is_left_out(tmp_path) -> None:
    block = Block.create(BOARD_SIZE, "board")
    board, file = Board(block, ["engine"]), tmp_path / "bad.py"
    file.write_text("")
    inquest = Inquest(board, tmp_path)
    words = f'Fatal Python error\n  File "{file}", line 3 in crash\n  File "/engine/aside.py", line 92 in _work\n'
    for at in (1, 2):
        board.enter(note_of("good", "/good.py"))  # the loop's own thread drew another
        board.picture([note_of("good", "/good.py"), note_of("bad", str(file))])
        said = inquest.hold(Gone(-11, "", False, words), s(at))
    assert said == "ended with signal SIGSEGV in scene bad (bad.py:3); started again without bad"
    assert [each["scene"] for each in inquest.told(s(3))] == ["bad"]
    block.close()


def test_three_ends_in_nobodys_code_leave_out_what_was_in_the_picture_then_everything() -> None:
    ends = [End(s(at), "crash", "", ("bad", "good")) for at in (0, 1, 2)]
    assert judge(ends) == Verdict(("bad", "good"), guess=True, braked=True)
    assert judge(ends, barred=("bad", "good")) == Verdict((), everything=True, guess=True, braked=True)


def test_r5_kills_from_outside_are_no_scenes_fault() -> None:
    assert judge([End(s(at), "outside", "", ("good",)) for at in range(9)]) == Verdict()
    assert judge([End(s(at), "outside", inside, ("good",)) for at, inside in enumerate(("", "good", ""))]) == Verdict()


def test_r5_two_kills_from_outside_and_one_crash_are_no_crash_loop() -> None:
    ends = [End(s(0), "outside", "good", ("good",)), End(s(9), "outside", "", ("good",)), End(s(20), "crash", "good")]
    assert judge(ends) == Verdict()


def test_a_scene_that_is_killed_three_times_in_its_own_code_is_left_out() -> None:
    assert judge([End(s(at), "outside", "greedy") for at in range(3)]) == Verdict(("greedy",), braked=True)


def test_a_process_waits_nothing_then_at_most_two_seconds_in_the_first_minute_then_up_to_thirty() -> None:
    ends: list[int] = []
    now, pauses = 0, []
    for _ in range(40):
        ends.append(now)
        pauses.append(pause_s(ends, now))
        now += round(pauses[-1] * NS) + s(1)
    assert pauses[:4] == [0, 1, 2, 2]
    first_long = next(i for i, pause in enumerate(pauses) if pause > 2)
    assert ends[first_long] >= s(60)
    assert max(pauses) == pauses[-1] == 30
    assert pause_s([*ends, now + s(120)], now + s(120)) == 0


def test_an_engine_does_not_wait_for_its_first_starts() -> None:
    assert [pause_s([0] * count, 0, free=4) for count in range(1, 7)] == [0, 0, 0, 0, 1, 2]


def test_last_words_give_the_innermost_line_of_the_scenes_own_file() -> None:
    words = """Stack (most recent call first):
  File "/usr/lib/python3/json.py", line 7 in dumps
  File "/show/bad.py", line 12 in draw_all
  File "/show/bad.py", line 30 in draw
  File "/engine/loop.py", line 5 in run
"""
    assert place(words, "/show/bad.py") == (12, "draw_all")
    assert place(words, "/show/good.py") is None


def test_a_dead_x_server_is_no_fault_of_a_scene_however_often_it_dies(tmp_path) -> None:
    block = Block.create(BOARD_SIZE, "board")
    inquest = Inquest(Board(block, ["engine"]), tmp_path)
    for at in range(6):
        said = inquest.hold(Gone(DISPLAY_GONE, "", False, ""), s(at))
        assert said == "ended with code 74; started again"
    assert inquest.told(s(7)) == []
    block.close()


def test_an_engine_that_hangs_at_the_display_is_no_fault_of_a_scene_however_often(tmp_path) -> None:
    block = Block.create(BOARD_SIZE, "board")
    board = Board(block, ["engine"])
    inquest = Inquest(board, tmp_path)
    words = 'Current thread 0x1 (most recent call first):\n  File "/engine/render/pane.py", line 143 in flip\n'
    for at in range(6):
        board.picture([b"steady\n/show/steady.py"])
        said = inquest.hold(Gone(-9, "no new frame for 2.0 s", False, words), s(at))
        assert said == "no new frame for 2.0 s, the display does not answer; started again"
    assert inquest.told(s(7)) == []
    block.close()


def test_r2_who_worked_for_ten_seconds_is_started_again_at_once_however_often_it_is_killed() -> None:
    ends: list[int] = []
    for minute in range(20):
        ends = with_end(ends, s(30 * minute), lived_s=28.0)
    assert pause_s(ends, ends[-1]) == 0
    for second in range(601, 607):
        ends = with_end(ends, s(second), lived_s=0.5)
    assert pause_s(ends, ends[-1]) > 0


def test_a_life_is_counted_from_the_first_beat_to_the_last() -> None:
    pulse = Pulse(Patience(beating_s=2, warm_s=20, cold_s=60))
    for life in range(2):
        pulse.begin(7, 0, s(100 * life))
        pulse.hear(7, 1, s(100 * life + 40))
        assert pulse.lived_s == 0  # it only prepared
        for second in range(3):
            pulse.hear(8 + second, 1, s(100 * life + 41 + second))
        pulse.hear(10, 1, s(100 * life + 50))  # silent
        assert pulse.lived_s == 2
