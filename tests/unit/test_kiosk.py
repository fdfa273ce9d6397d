"""What `doctor` says of a machine that runs unattended: each line with the command that mends it."""

from pathlib import Path

import pytest

from engine.commands.kiosk import blanking, network, start, upgrades, zone


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_zone_is_named_and_utc_is_worth_a_note(tmp_path: Path) -> None:
    assert zone(tmp_path).verdict == "note"
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Paris")
    assert str(zone(tmp_path)) == "ok    time zone Europe/Paris"


@pytest.mark.parametrize(("set_to", "notes"), [("1", 1), ("0", 0)])
def test_updates_that_come_by_themselves_are_noted(tmp_path: Path, set_to: str, notes: int) -> None:
    assert not list(upgrades(tmp_path))
    write(tmp_path / "etc/apt/apt.conf.d/20auto-upgrades", f'APT::Periodic::Unattended-Upgrade "{set_to}";\n')
    assert len(list(upgrades(tmp_path))) == notes


@pytest.mark.parametrize(("path", "text"), [
    ("etc/systemd/system/mixeur.service", ""),
    ("etc/gdm3/custom.conf", "AutomaticLoginEnable=true\n"),
    ("etc/systemd/system/getty@tty1.service.d/override.conf", "ExecStart=-/sbin/agetty --autologin me %I\n"),
])
def test_a_service_or_a_login_starts_the_show_with_the_machine(tmp_path: Path, path: str, text: str) -> None:
    assert [found.verdict for found in start(tmp_path)] == ["note"]
    write(tmp_path / path, text)
    assert [found.verdict for found in start(tmp_path)] == ["good"]


def test_a_cable_is_better_than_radio_and_what_is_virtual_does_not_count(tmp_path: Path) -> None:
    net = tmp_path / "sys/class/net"
    write(net / "docker0/operstate", "up\n")
    assert not list(network(tmp_path))
    for path in ("wlan0/device/x", "wlan0/wireless/x", "eth0/device/x"):
        write(net / path)
    write(net / "wlan0/operstate", "up\n")
    write(net / "eth0/operstate", "down\n")
    assert [found.what for found in network(tmp_path)] == ["only radio network: wlan0"]
    write(net / "eth0/operstate", "up\n")
    assert [found.what for found in network(tmp_path)] == ["wired network eth0"]


@pytest.mark.parametrize(("said", "notes"), [
    ("timeout:  600    cycle:  600\nDPMS is Disabled", 1),
    ("timeout:  0    cycle:  600\nDPMS is Enabled", 1),
    ("timeout:  0    cycle:  600\nDPMS is Disabled", 0),
    ("", 0),
])
def test_a_screen_that_goes_dark_by_itself_is_noted(said: str, notes: int) -> None:
    assert len(list(blanking(said))) == notes
