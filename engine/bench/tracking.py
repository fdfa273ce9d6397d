"""How truly people are followed from above, on a floor that a projector lights: ten visitors, with known truth."""

from __future__ import annotations

import statistics
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.bench.figure import Figure, Record
from engine.bench.track_score import Pair, contacts_of, identity_f1, named_for_good, named_then, score_contacts
from engine.clock import NS, thread_cpu_ns

if TYPE_CHECKING:
    from engine.fake.overhead import OverheadCamera

SECONDS, VISITORS = 70.0, 10
LEARN_FRAMES = 60
SAME_PLACE_M = 0.35
TOLERANCE_S, BRIDGED_S, SHORTEST_S = 0.1, 0.2, 0.1
FIGURES = (
    Figure("track_idf1", "", "higher", 0.95),
    Figure("track_contact_f1", "", "higher", 0.9),
    Figure("track_contact_delay_ms", "ms", "lower", 100.0),
    Figure("track_ms_p95", "ms", "lower", 8.0),
)


@dataclass(slots=True)
class Watched:
    """What was there and what was told, frame by frame; places in metres."""

    truth: list[dict[int, tuple[float, float]]] = field(default_factory=list)
    found: list[dict[int, tuple[float, float]]] = field(default_factory=list)
    contacts: list[frozenset[Pair]] = field(default_factory=list)
    told: list[frozenset[Pair]] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)


def measure(names: Collection[str], seed: int = 1) -> list[Record]:
    """Follow a simulated crowd for 70 s: two to three minutes, as its pictures are worked out from light."""
    import cv2

    from engine.fake.crowd import Crowd
    from engine.fake.overhead import OverheadCamera

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    seen = watch(OverheadCamera(Crowd(seed, VISITORS, SECONDS), seed))
    cv2.setNumThreads(threads)
    values, peers = figures(seen)
    return [figure.record(values[figure.name], peers.get(figure.name)) for figure in FIGURES if figure.name in names]


def watch(camera: OverheadCamera) -> Watched:
    """Follow everybody in all pictures of a camera, in its order; the empty floor is learnt first."""
    from engine.fake.crowd import FPS
    from engine.fake.overhead import PX_PER_M
    from engine.vision.above import Above
    from engine.vision.flow import Motion

    eye, motion, seen = Above((6.4, 4.8), FPS), Motion(), Watched()
    for frame in range(LEARN_FRAMES):
        eye.learn(camera.empty(frame))
    for frame in range(len(camera.crowd.frames)):
        picture, scene = camera.frame(frame)
        captured_ns = round(frame * NS / FPS)
        start_ns = thread_cpu_ns()
        eye.difference(picture)
        people, contacts = eye.follow(captured_ns)
        motion.measure(picture, captured_ns)
        seen.taken_ms.append((thread_cpu_ns() - start_ns) / 1e6)
        seen.truth.append({pose.id: (pose.x, pose.y) for pose in scene.poses})
        seen.found.append({p.id: (p.foot_px[0] / PX_PER_M, p.foot_px[1] / PX_PER_M) for p in people})
        seen.contacts.append(scene.contacts)
        seen.told.append(frozenset(contacts))
    return seen


def figures(seen: Watched) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the figures, and what else is worth knowing beside them."""
    from engine.fake.crowd import FPS

    bridged, shortest, tolerance = (round(s * FPS) for s in (BRIDGED_S, SHORTEST_S, TOLERANCE_S))
    truth, told = (contacts_of(frames, bridged, 1) for frames in (seen.contacts, seen.told))
    then = [named_then(contact, seen.truth, seen.found, SAME_PLACE_M) for contact in told]
    score = score_contacts(truth, then, tolerance, shortest)
    for_good = named_for_good(told, seen.truth, seen.found, SAME_PLACE_M)
    off = [abs(len(a) - len(b)) for a, b in zip(seen.truth, seen.found, strict=True)]
    values = {
        "track_idf1": identity_f1(seen.truth, seen.found, SAME_PLACE_M),
        "track_contact_f1": score.f1,
        "track_contact_delay_ms": 1000 / FPS * statistics.median(map(abs, score.delays)) if score.delays else 1e3,
        "track_ms_p95": statistics.quantiles(seen.taken_ms, n=20)[-1],
    }
    peers = {
        "track_idf1": {"ids": float(len({i for f in seen.found for i in f})),
                       "true_ids": float(len({i for f in seen.truth for i in f})),
                       "count_within_1": sum(o <= 1 for o in off) / len(off)},
        "track_contact_f1": {"contacts": float(sum(c.frames >= shortest for c in truth)),
                             "told": float(len(told)),
                             "named_for_good": score_contacts(truth, for_good, tolerance, shortest).f1},
        "track_ms_p95": {"median": statistics.median(seen.taken_ms)},
    }  # fmt: skip
    return values, peers
