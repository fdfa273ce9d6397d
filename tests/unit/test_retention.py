"""Raw pictures go on their day, and nothing else does."""

import datetime

from engine.retention import DAY, delete_expired, keep_until

TODAY = datetime.date(2026, 11, 22)


def test_pictures_go_on_their_day_and_no_earlier_and_what_is_not_theirs_stays(tmp_path) -> None:
    session = tmp_path / "elsewhere" / "session"
    (session / "scan" / "left").mkdir(parents=True)
    for name in ("000_white.png", "001_black.png"):
        (session / "scan" / "left" / name).write_bytes(b"x")
    (session / "session.toml").write_text("format = 1\n")
    keep_until(tmp_path / "show", session, TODAY + datetime.timedelta(days=30))
    keep_until(tmp_path / "show", session, TODAY + datetime.timedelta(days=1))  # scanned again: the later word holds
    assert "delete_on = 2026-11-23" in (session / DAY).read_text()
    assert delete_expired(tmp_path / "show", TODAY) == []
    assert len(list(session.rglob("*.png"))) == 2
    assert delete_expired(tmp_path / "show", TODAY + datetime.timedelta(days=1)) == [session]
    assert not list(session.rglob("*.png"))
    assert (session / "session.toml").exists()
    assert delete_expired(tmp_path / "show", TODAY + datetime.timedelta(days=9)) == []


def test_a_session_that_was_taken_away_is_forgotten(tmp_path) -> None:
    session = tmp_path / "session"
    keep_until(tmp_path, session, TODAY)
    (session / DAY).unlink()
    session.rmdir()
    assert delete_expired(tmp_path, TODAY) == []
    assert (tmp_path / ".mixeur" / "pictures").read_text() == ""
