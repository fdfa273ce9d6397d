"""`mixeur install-service`: a unit that systemd takes, that never gives up, and what is to be done next."""

import configparser
import shutil
from pathlib import Path

import pytest

from engine.cli import main
from engine.commands import install_service
from engine.commands.install_service import unit, verify

ROOT = Path(__file__).parents[2]


def parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(text)
    return parser


@pytest.fixture
def show(tmp_path: Path) -> Path:
    folder = tmp_path / "a show, 100%"
    folder.mkdir()
    (folder / "show.toml").write_text('format = 1\nname = "Embers at Le Mixeur"\n[scene.calm]\nfile = "calm.py"\n')
    (folder / "calm.py").write_text("from engine import Scene\nclass Calm(Scene):\n    pass\n")
    return folder / "show.toml"


def test_r5_the_unit_starts_at_power_on_restarts_always_and_is_watched(
    show: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-service", str(show), "--user", "nobody", "--print"]) == 0
    said = parsed(capsys.readouterr().out)
    assert said["Unit"]["StartLimitIntervalSec"] == "0"
    service = said["Service"]
    told = {key: service[key] for key in ("Type", "Restart", "RestartSec", "WatchdogSec", "NotifyAccess", "User")}
    assert told == {"Type": "notify", "Restart": "always", "RestartSec": "2", "WatchdogSec": "30",
                    "NotifyAccess": "all", "User": "nobody"}  # fmt: skip
    assert service["ExecStart"].endswith('/a show, 100%%/show.toml" -- :0 vt7 -nolisten tcp -s 0 -dpms')
    assert said["Install"]["WantedBy"] == "graphical.target"
    rights = {key: service[key] for key in ("LimitRTPRIO", "LimitMEMLOCK", "LimitNICE")}
    assert rights == {"LimitRTPRIO": "90", "LimitMEMLOCK": "infinity", "LimitNICE": "-15"}  # for the sound


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("kiosk", ["x", "cage", "none"])
def test_systemd_takes_every_kind_of_unit_and_refuses_a_wrong_one(show: Path, kiosk: str) -> None:
    text = unit("mixeur-a.service", "a", show, show.parent, "root", kiosk)
    assert verify("mixeur-a.service", text) == ""
    assert "Tpye" in verify("mixeur-a.service", text.replace("Type=", "Tpye="))


@pytest.mark.skipif(not shutil.which("systemctl"), reason="needs systemd")
def test_the_unit_is_written_and_the_next_steps_are_said(
    show: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install-service", str(show), "--user", "root", "--folder", str(tmp_path), "--kiosk", "none"]) == 0
    file = tmp_path / "mixeur-embers-at-le-mixeur.service"
    said = capsys.readouterr().out
    assert said.startswith(f"{file}: written\n")
    assert "systemctl enable --now mixeur-embers-at-le-mixeur.service" in said
    assert parsed(file.read_text())["Service"]["ExecStart"].endswith(" --headless")


def test_a_machine_without_systemd_is_told_so_in_one_line(
    show: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install_service.shutil, "which", lambda program: None)
    assert main(["install-service", str(show)]) == 1
    assert capsys.readouterr().err == (
        "this machine has no systemd; --print shows the unit, to be written for what starts it here\n"
    )
