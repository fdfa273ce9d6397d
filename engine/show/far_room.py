"""`[room.NAME]`: another room that shares our world, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.show import forms
from engine.show.schema import form, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class FarRoom:
    """`[room.NAME]`: silhouettes go to and fro between us and it, never a picture.

    Attributes:
        host: The other room's machine.
        port: UDP, the same on both machines, and another one for each room.
        bind: The address of ours that listens.
    """

    name: str = field(metadata={"hidden": True})
    host: str = field(metadata=form(forms.host))
    port: int = field(default=9010, metadata=limits(1, 65_535))
    bind: str = field(default="0.0.0.0", metadata=form(forms.ip_address))
