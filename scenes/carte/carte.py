"""Carte: a book as a map to walk in. Thirty-six ideas hang together by threads; pull one, and what it touches follows.

Stand near an idea to open it; the lamp at your feet leads the way. On the ball a tap goes along the lit thread, a
caress chooses another thread, a hold turns the page. Left alone, it walks the thread of the digital arts by itself.
After the map in the book of Le Mixeur, Saint-Étienne, 2014 (assets/carte). Credit: the mixeur contributors. CC BY 4.0.
"""

import json
import re
from pathlib import Path
from textwrap import wrap

import numpy as np

from engine import Param, Scale, Scene, clamp, ease, hsv, mix

BOOK = Path(__file__).parents[2] / "assets/carte/carte.json"
FIRST_PATH = (10, 26, 20, 26, 34, 26)
CHAPTERS = {"Un historique": 0.10, "Un contexte": 0.50, "Le Mixeur réalisé": 0.78}  # and their hues
LINKS = {  # hue, interval in steps of the scale, words
    "suite_lecture": (0.56, 1, "lire la suite"), "evolution": (0.38, 4, "évolue"), "repond_a": (0.94, 3, "répond à"),
    "donne_suite_a": (0.12, 7, "donne suite à"), "en_cours": (0.72, 2, "en cours")}
TOP, BOTTOM = 0.07, 0.70  # of the map
DWELL_S, ALONE_S, AGAIN_S = 0.9, 12.0, 1.4
MEDIUM = "fonts/Jura-Medium.otf"
INK, PALE = (0.012, 0.02, 0.045), (0.86, 0.92, 1.0)


class Carte(Scene):
    pace = Param(8.0, 3, 30, unit="s", help="how long it stays with an idea while it walks by itself")
    pull = Param(1.0, 0, 3, help="how strongly ideas follow a visitor")
    size = Param(0.042, 0.03, 0.06, unit="stage", help="height of the text")
    english = Param(False, help="texts in English")

    def setup(self, stage):
        book = [item for item in json.loads(BOOK.read_text("utf-8")) if item["present_in_source"]]
        items = sorted(book, key=lambda item: item["print_order"])
        self.items = {item["number"]: item for item in items}
        self.order = list(self.items)
        self.index = {number: place for place, number in enumerate(self.order)}
        pairs = {(min(n, link["target"]), max(n, link["target"])): link["type"]
                 for n, item in self.items.items() for link in item["links"]}
        self.pairs = np.array([[self.index[a], self.index[b]] for a, b in pairs])
        self.kinds = list(pairs.values())
        self.tints = np.array([hsv(LINKS[kind][0], 0.75, 1.0)[:3] for kind in self.kinds])
        self.hues = np.array([CHAPTERS[item["chapter"]] for item in items])
        columns = np.array([list(CHAPTERS).index(item["chapter"]) for item in items])
        self.home = np.stack((stage.aspect * (0.19 + 0.31 * columns), np.full(len(items), (TOP + BOTTOM) / 2)), 1)
        self.at = self.home + self.rng.uniform((-0.24, -0.28), (0.24, 0.28), self.home.shape)
        self.speed = np.zeros_like(self.at)
        self.aspect = stage.aspect
        self.scale = Scale("dorian", root="D4", tuning="just")
        self.here = FIRST_PATH[0]
        self.chosen = 0  # which of its threads is lit
        self.opened = 0.0  # since when it is here
        self.moved = -ALONE_S  # since when nobody has walked or touched
        self.paged = 0.0
        self.stop = 0
        self.waits, self.last_lamp = {}, {}  # visitor: (idea, since); where they opened one last
        self.lit = np.zeros(len(items))
        self.steps = []  # what sounds in this frame: (idea, interval)

    # -- walking -----------------------------------------------------------------------------------

    def neighbours(self, number):
        """Return the ideas that an idea hangs together with, as the book lists them."""
        return [link["target"] for link in self.items[number]["links"]]

    def go(self, number, now, interval=0):
        """Open an idea."""
        if number != self.here:
            self.steps.append((number, interval))
        self.here, self.chosen, self.opened = number, 0, now.time

    def along(self, now):
        """Go along the lit thread; an idea without threads leads to the next of the book."""
        links = self.items[self.here]["links"]
        if not links:
            return self.page(now)
        link = links[self.chosen % len(links)]
        return self.go(link["target"], now, LINKS[link["type"]][1])

    def page(self, now):
        """Turn to the next idea in the order of the book: so the thirteen without a thread are found, too."""
        self.go(self.order[(self.index[self.here] + 1) % len(self.order)], now)

    def update(self, now):
        self.steps = []
        self.listen(now)
        self.follow(now)
        if now.time - max(self.moved, self.opened) > (self.pace if now.time - self.moved > ALONE_S else ALONE_S):
            self.stop = (self.stop + 1) % len(FIRST_PATH)
            number = FIRST_PATH[self.stop]
            kinds = [link["type"] for link in self.items[self.here]["links"] if link["target"] == number]
            self.go(number, now, LINKS[kinds[0]][1] if kinds else 0)
        near = {self.here, *self.neighbours(self.here)}
        wanted = np.array([1.0 if n == self.here else 0.6 if n in near else 0.0 for n in self.order])
        self.lit += (wanted - self.lit) * min(now.dt * 3, 1)
        self.settle(now)

    def listen(self, now):
        """Hear the ball: tap, caress, hold."""
        ball = now.touch()
        if ball.level:
            self.moved = now.time
        if ball.ended and ball.kind == "tap":
            self.along(now)
        elif ball.kind in ("caress", "hold") and ball.level and now.time - self.paged > AGAIN_S:
            self.paged = now.time
            if ball.kind == "hold":
                self.page(now)
            else:
                self.chosen += 1

    def follow(self, now):
        """Open the idea that a visitor stays with, and let it be pulled to them."""
        lamps = {v.id: self.lamp(v) for v in now.visitors}
        for number, lamp in lamps.items():
            nearest = self.order[int(np.argmin(((self.at - lamp) ** 2).sum(1)))]
            before, since = self.waits.get(number, (None, now.time))
            self.waits[number] = (nearest, since if before == nearest else now.time)
            if before == nearest and nearest != self.here and now.time - since > DWELL_S and self.walks(number, lamp):
                kinds = [link["type"] for link in self.items[self.here]["links"] if link["target"] == nearest]
                self.go(nearest, now, LINKS[kinds[0]][1] if kinds else 0)
                self.moved, self.last_lamp[number] = now.time, lamp
            self.speed[self.index[nearest]] += (lamp - self.at[self.index[nearest]]) * self.pull * 2 * now.dt
        self.waits = {number: wait for number, wait in self.waits.items() if number in lamps}
        self.last_lamp = {number: lamp for number, lamp in self.last_lamp.items() if number in lamps}

    def walks(self, number, lamp):
        """Return whether a visitor has walked on since they opened an idea last: who stands still reads."""
        last = self.last_lamp.get(number)
        return last is None or float(np.hypot(*(lamp - last))) > 0.06

    def lamp(self, visitor):
        """Return where on the map a visitor's place on the floor is."""
        return np.array((visitor.x, TOP + (BOTTOM - TOP) * clamp((visitor.y - 0.55) / 0.42)))

    def settle(self, now):
        """Let the map live: threads draw together, ideas keep their distance, chapters stay where they are."""
        gap = self.at[:, None] - self.at[None]
        far = np.hypot(gap[..., 0], gap[..., 1]) + 1e-3
        push = (gap / far[..., None] ** 2 * (0.011 * np.exp(-far[..., None] * 4))).sum(1)
        push += (self.home - self.at) * (0.10, 0.05)
        a, b = self.pairs.T
        rope = self.at[b] - self.at[a]
        length = np.hypot(*rope.T)[:, None] + 1e-6
        tension = rope / length * (length - 0.24) * 0.55
        np.add.at(push, a, tension)
        np.add.at(push, b, -tension)
        me = self.index[self.here]
        push += np.exp(-far[me][:, None] * 7) * gap[:, me] * 1.2  # room for the one that is open
        push[me] += (np.array((self.aspect / 2, (TOP + BOTTOM) / 2)) - self.at[me]) * 0.35
        phase = np.arange(len(self.at)) * 2.4
        push += 0.012 * np.stack((np.sin(now.time * 0.5 + phase), np.cos(now.time * 0.4 + 1.7 * phase)), 1)
        low, high = (0.08, TOP), (self.aspect - 0.08, BOTTOM)
        push += np.maximum(low - self.at, 0) * 20 - np.maximum(self.at - high, 0) * 20
        self.speed += (push * 3 - self.speed * 2.2) * now.dt
        self.at += self.speed * now.dt

    # -- light -------------------------------------------------------------------------------------

    def draw(self, canvas, now):
        canvas.clear(INK)
        self.draw_threads(canvas, now)
        breath = 0.5 + 0.5 * np.sin(now.time * 0.8 + np.arange(len(self.at)))
        x, y = self.at.T
        canvas.dots(x, y, 0.03 + 0.075 * self.lit, hsv(self.hues, 0.7, 1.0), soft=1, blend="add",
                    alpha=0.16 + 0.34 * self.lit + 0.05 * breath)
        canvas.dots(x, y, 0.0055 + 0.006 * self.lit, mix(hsv(self.hues, 0.35, 1.0), np.ones(4), 0.4), soft=0.3)
        for v in now.visitors:
            canvas.circle(*self.lamp(v), 0.10, (1.0, 0.8, 0.45), soft=1, alpha=0.30, blend="add")
            canvas.ring(*self.lamp(v), 0.022, (1.0, 0.86, 0.6), width=0.002, alpha=0.8)
        for place, number in enumerate(self.order):
            self.draw_name(canvas, number, float(self.lit[place]), *self.at[place])
        self.draw_page(canvas, now)

    def draw_threads(self, canvas, now):
        """Links as hanging threads in the colour of their kind; light runs along those of the open idea."""
        share = np.linspace(0, 1, 15)[:, None]
        a, b = self.at[self.pairs[:, 0]], self.at[self.pairs[:, 1]]
        sag = 0.05 * np.sin(share * np.pi) * (1 + 0.15 * np.sin(now.time * 0.7 + np.arange(len(a))))
        x = a[:, 0] + (b[:, 0] - a[:, 0]) * share
        y = a[:, 1] + (b[:, 1] - a[:, 1]) * share + sag
        open_ = (self.pairs == self.index[self.here]).any(1)
        lit = open_ & (self.pairs == self.index[self.next_number()]).any(1)
        front = (share - now.time * 0.35 + np.arange(len(a)) * 0.37) % 1
        run = np.exp(-(((front - 0.5) / 0.09) ** 2)) * (0.35 + 0.65 * lit)
        light = np.clip(0.22 + 0.30 * open_ + 0.25 * lit + run * open_, 0, 1)[1:].ravel()
        colour = np.tile(self.tints, (len(share) - 1, 1))
        canvas.line(x[:-1].ravel(), y[:-1].ravel(), x[1:].ravel(), y[1:].ravel(), colour, width=0.0032, alpha=light,
                    soft=0.3)

    def next_number(self):
        """Return where the lit thread leads."""
        links = self.neighbours(self.here)
        return links[self.chosen % len(links)] if links else self.here

    def draw_name(self, canvas, number, light, x, y):
        """Every idea has its number; those that are near have their name."""
        canvas.text(f"{number:02d}", x, y - 0.024 - 0.012 * light, 0.022, PALE, alpha=0.45 + 0.5 * light, font=MEDIUM)
        if light > 0.05:
            title = self.items[number]["title"]
            width = 0.0068 * len(title) + 0.03
            x, y = clamp(x, width, self.aspect - width), y + 0.034 + 0.01 * light
            canvas.text(title, x, y, 0.028, PALE, alpha=min(light * 1.4, 1))

    def draw_page(self, canvas, now):
        """The open idea in words, large enough to be read from the other side of the room."""
        item, left, shown = self.items[self.here], 0.09 * self.aspect, ease((now.time - self.opened) / 0.8)
        colour = hsv(CHAPTERS[item["chapter"]], 0.4, 1)
        canvas.line(left, 0.735, left + (self.aspect - 2 * left) * shown, 0.735, colour, width=0.0018, alpha=0.7)
        canvas.text(item["id"], left, 0.776, 0.062, colour, align="left", alpha=shown, font=MEDIUM)
        canvas.text(item["title"], left + 0.15, 0.771, 0.05, PALE, align="left", alpha=shown, font=MEDIUM)
        canvas.text(item["chapter"], self.aspect - left, 0.98, 0.026, colour, align="right", alpha=0.8 * shown)
        words = item["text_en" if self.english else "text"]
        lines, size = in_three_lines(words, self.aspect - 2 * left - 0.15, self.size)
        y = 0.830 + 0.625 * size * (len(lines) - 1)
        canvas.text("\n".join(lines), left + 0.15, y, size, PALE, align="left", alpha=0.92 * shown)
        x = left + 0.15
        for place, link in enumerate(item["links"]):
            hue, _, words = LINKS[link["type"]]
            is_lit = place == self.chosen % len(item["links"])
            canvas.text(f"{words} #{link['target']:02d}", x, 0.98, 0.026, hsv(hue, 0.55, 1), align="left",
                        alpha=shown * (1.0 if is_lit else 0.6))
            x += 0.0145 * len(words) + 0.11

    # -- sound and lamps -----------------------------------------------------------------------------

    def play(self, sound, now):
        degree = self.index[self.here] % 7
        fresh = 1 - ease((now.time - self.opened) / 6)
        for place, step in enumerate((-7, -3, degree - 7)):
            sound.hold(f"page {place}", voice="pad", pitch=self.scale[step], level=0.16 + 0.12 * fresh,
                       at=(self.aspect * (0.2 + 0.3 * place), 0.5))
        for number, interval in self.steps:
            x, y = self.at[self.index[number]]
            sound.note(self.scale[self.index[number] % 7], voice="glass", level=0.5, at=(x, y), length=2)
            sound.note(self.scale[self.index[number] % 7 + interval], voice="bell", level=0.32, at=(x, y), length=2)

    def light(self, lights, now):
        lights.all.set(hsv(CHAPTERS[self.items[self.here]["chapter"]], 0.6), level=0.25)


def in_three_lines(words, width, size):
    """Return a text in at most three lines, and the size of letters at which it fits."""
    words = re.sub(r" (?=[;:!?»])|(?<=«) ", "\xa0", words)  # French marks stay with their word
    while len(lines := wrap(words, int(width / (0.5 * size)), break_on_hyphens=False)) > 3:
        size *= 0.97
    return lines, size
