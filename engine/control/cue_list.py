"""The cue list: what runs, what stands by, how far the fade is, and the four buttons. Pure."""

from __future__ import annotations

from engine.control.operator_view import Action, Button, CueMark, FireCue, OperatorView, Press
from engine.control.panel import ACCENT, ALARM, GREY, PALE, RAISED, RULE, SMALL, Panel

ROW, HEAD, FOOT = 2.9, 2.6, 9.4  # units
FIRE_WIDTH = 3.0
BUTTONS: tuple[tuple[Button, str], ...] = (("back", "back"), ("hold", "hold"), ("blackout", "blackout"))


def draw(panel: Panel, view: OperatorView) -> None:
    """Draw the list and its buttons."""
    panel.title("cues", "held" if view.held else "")
    for cue, row in _rows(panel, view):
        _draw_row(row, cue, view)
    for name, area in _buttons(panel):
        _draw_button(area, name, view)


def hit(panel: Panel, view: OperatorView, x: float, y: float) -> Action | None:
    """Return what a press there does; a cue is fired by its mark at the right, so that a slip of the hand is none."""
    for name, area in _buttons(panel):
        if area.holds(x, y):
            return Press(name)
    for cue, row in _rows(panel, view):
        if row.holds(x, y) and x >= row.right - row.unit * FIRE_WIDTH:
            return FireCue(cue.name)
    return None


def _rows(panel: Panel, view: OperatorView) -> list[tuple[CueMark, Panel]]:
    """Return the cues that there is room for, the running one among them, and where each lies."""
    pitch, top = panel.unit * ROW, panel.y + panel.unit * HEAD
    count = max(int((panel.height - panel.unit * (HEAD + FOOT)) / pitch), 1)
    running = next((i for i, cue in enumerate(view.cues) if cue.name == view.cue), 0)
    first = max(min(running - count // 3, len(view.cues) - count), 0)
    shown = view.cues[first : first + count]
    return [(cue, panel.part(panel.x, top + i * pitch, panel.width, pitch)) for i, cue in enumerate(shown)]


def _draw_row(row: Panel, cue: CueMark, view: OperatorView) -> None:
    middle, unit = row.y + row.height / 2, row.unit
    runs, waits = cue.name == view.cue, cue.name == view.standby
    if runs:
        row.box(row.x, row.y + 1, row.width, row.height - 2, RAISED)
        row.box(row.x, row.bottom - 3, row.width * view.progress, 2, ACCENT)
    colour = ACCENT if runs else PALE if waits else GREY
    row.text(cue.name, row.x + unit * 0.8, middle, 1.0, colour, room=row.width * 0.5)
    note = "now" if runs else "next" if waits else cue.scene if cue.scene != cue.name else ""
    row.text(note, row.right - unit * (FIRE_WIDTH + 0.6), middle, SMALL, colour if runs or waits else GREY, "right",
             row.width * 0.3)
    x = row.right - unit * FIRE_WIDTH / 2
    for dy in (-0.5, 0.5):
        row.line(x - unit * 0.3, middle + dy * unit, x + unit * 0.35, middle, GREY)


def _buttons(panel: Panel) -> list[tuple[Button, Panel]]:
    unit, gap = panel.unit, panel.unit * 0.7
    height = (unit * (FOOT - 1.2) - gap) / 2
    top = panel.bottom - height * 2 - gap
    width = (panel.width - gap * 2) / 3
    buttons: list[tuple[Button, Panel]] = [("go", panel.part(panel.x, top, panel.width, height))]
    for index, (name, _) in enumerate(BUTTONS):
        buttons.append((name, panel.part(panel.x + index * (width + gap), top + height + gap, width, height)))
    return buttons


def _draw_button(area: Panel, name: Button, view: OperatorView) -> None:
    lit = {"hold": view.held, "blackout": view.blackout}.get(name, False)
    x, y = area.x + area.width / 2, area.y + area.height / 2
    if name == "go":
        area.box(area.x, area.y, area.width, area.height, ACCENT)
        text = f"go   {view.standby}" if view.standby else "go"
        area.text(text, x, y, 1.25, (20, 15, 13), "centre", area.width - area.unit)
        return
    ground = (ALARM if name == "blackout" else ACCENT) if lit else RAISED
    area.box(area.x, area.y, area.width, area.height, ground)
    if not lit:
        area.frame(area.x, area.y, area.width, area.height, RULE)
    area.text(name, x, y, 1.0, (20, 15, 13) if lit else PALE, "centre", area.width - 4)
