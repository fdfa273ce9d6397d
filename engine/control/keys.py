"""The keys of a show, as the help shows them."""

from __future__ import annotations

KEYS: tuple[tuple[str, str], ...] = (
    ("mouse", "you are a visitor (simulated room)"),
    ("Space", "touch (simulated room)"),
    ("Right, Left", "next cue, cue before"),
    ("P", "hold the programme, go on"),
    ("B", "blackout and silence, and back"),
    ("U", "open the house, or close it, until its hours next change"),
    ("O", "operator's window"),
    ("K", "drag the picture's corners in the light; then M: meshes, surfaces, masks"),
    ("C", "ask for the webcam, go back to simulated visitors"),
    ("H", "these keys"),
    ("Ctrl+Q", "end the show"),
)
