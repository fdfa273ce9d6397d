"""A new artist's path, word for word from docs/artist.md: a show, a scene of one's own, in the programme, on film."""

import re
import shlex
from pathlib import Path

import pytest
import soundfile

from engine import cli

TUTORIAL = Path(__file__).parents[2] / "docs" / "artist.md"
SECTION = re.search(r"## A show of your own\n(.*?)\n## ", TUTORIAL.read_text(), re.S)[1]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.S)
LISTINGS = {kind: [text for named, text in BLOCKS if named == kind] for kind in ("python", "toml", "")}


def mixeur(line: str) -> int:
    return cli.main(shlex.split(line)[1:])


def test_from_nothing_to_a_scene_with_camera_sound_and_light_in_the_programme(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    first, last = (block.strip().splitlines() for block in LISTINGS[""])
    for line in first:
        assert mixeur(line) == 0
    scene, show = tmp_path / "evening/scenes/kite.py", tmp_path / "evening/show.toml"
    assert "class Kite(Scene)" in scene.read_text(), "what was written for them runs too"
    scene.write_text(LISTINGS["python"][0])
    cue, entry = LISTINGS["toml"]
    show.write_text(show.read_text().replace("cues = [\n", f"cues = [\n{cue}", 1) + "\n" + entry)
    assert mixeur(last[0]) == 0
    render = last[2].replace("--seconds 30", "--seconds 9 --height 90 --every 6 --visitors 3")
    capsys.readouterr()
    assert mixeur(render) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["frames", "sound"], said
    assert (tmp_path / "film/film.mp4").stat().st_size > 20_000
    sound, rate = soundfile.read(tmp_path / "film/sound.wav")
    assert abs(sound[: round(0.95 * rate)]).max() > 0.003, "the kite is first, and sings"


@pytest.mark.parametrize(("wrong", "said"), [("hue = 0.6", "did you mean 'hue'"), ('"scenes/kite.py"', "kite.py")])
def test_a_slip_on_the_way_is_told_with_its_line_and_the_nearest_right_word(wrong, said, tmp_path, monkeypatch,
                                                                           capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for line in LISTINGS[""][0].strip().splitlines():
        mixeur(line)
    (tmp_path / "evening/scenes/kite.py").write_text(LISTINGS["python"][0])
    show = tmp_path / "evening/show.toml"
    slip = LISTINGS["toml"][1].replace(wrong, wrong.replace("u", "uu").replace("k", "kk"))
    show.write_text(f"{show.read_text()}\n{slip}")
    capsys.readouterr()
    assert mixeur("mixeur check evening") == 1
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert re.search(r"show\.toml:\d+: ", told.out + told.err)
