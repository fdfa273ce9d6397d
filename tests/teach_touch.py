"""Teach the net of `engine/vision/touch.py`: `python -m tests.teach_touch [SEED ...]` writes its weights anew.

Simulated visitors of other seeds than any test or figure looks at; pixels around and between two who stand near each
other are lessons, and the simulator's truth says whether it is somebody. It takes ten minutes on two cores.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import cv2
import numpy as np

from engine.bench.tracking import LEARN_FRAMES, SECONDS, VISITORS
from engine.fake.crowd import FPS, Crowd
from engine.fake.overhead import PX_PER_M, OverheadCamera
from engine.vision.above import Above
from engine.vision.crowd import CrowdTracker, trunk
from engine.vision.touch import WEIGHTS, Layers, figures, weigh

SEEDS = tuple(range(101, 113))
HELD_BACK = 2  # of the seeds: only to say how often the net is right
PIXELS, BETWEEN, OUTSIDE = 80, 4.0, 11  # of each pair and picture; those outside trunks, by that figure, weigh more
HIDDEN, EPOCHS, BATCH, RATE = (24, 12), 12, 512, 2e-3


def lessons(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return figures, shape (n, 14), and whether each pixel is somebody, shape (n,)."""
    cv2.setNumThreads(1)
    camera, rng = OverheadCamera(Crowd(seed, VISITORS, SECONDS), seed), np.random.default_rng(seed)
    eye, tracker = Above((6.4, 4.8), FPS), CrowdTracker(PX_PER_M / 2)
    for frame in range(LEARN_FRAMES):
        eye.learn(camera.empty(frame))
    told, true = [], []
    for frame in range(len(camera.crowd.frames)):
        picture, scene = camera.frame(frame)
        eye.difference(picture)
        tracker.follow(eye._found, eye._small, 1 / FPS)
        body = cv2.resize((scene.labels > 0).astype(np.float32), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for one, other in tracker.near(eye._found):
            values, is_asked, area = figures(trunk(one), trunk(other), eye._floor.ground, PX_PER_M / 2)
            if len(values):
                weight = np.where(values[:, OUTSIDE] > 0, BETWEEN, 1.0)
                chosen = rng.choice(len(values), PIXELS, p=weight / weight.sum())
                told.append(values[chosen])
                true.append((body[area] >= 0.5)[is_asked][chosen])
    return np.concatenate(told), np.concatenate(true)


def teach(told: np.ndarray, true: np.ndarray) -> Layers:
    """Return weights and offsets of each layer, found by Adam (Kingma & Ba 2015) on the cross-entropy."""
    rng = np.random.default_rng(1)
    mean, spread = told.mean(axis=0), told.std(axis=0) + 1e-6
    sizes = (told.shape[1], *HIDDEN, 1)
    values = [part for a, b in pairwise(sizes)
              for part in (rng.normal(0, math.sqrt(2 / a), (a, b)), np.zeros(b))]  # fmt: skip
    first, second, step = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values], 0
    for epoch in range(EPOCHS):
        order, rate = rng.permutation(len(told)), RATE * 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))
        for start in range(0, len(order) - BATCH, BATCH):
            chosen = order[start : start + BATCH]
            step += 1
            for k, slope in enumerate(_slopes(values, (told[chosen] - mean) / spread, true[chosen])):
                first[k] += 0.1 * (slope - first[k])
                second[k] += 0.001 * (slope**2 - second[k])
                values[k] -= rate * first[k] / (1 - 0.9**step) / (np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8)
    layers = list(zip(values[::2], values[1::2], strict=True))
    layers[0] = layers[0][0] / spread[:, None], layers[0][1] - (mean / spread) @ layers[0][0]
    return [(weights.astype(np.float32), offsets.astype(np.float32)) for weights, offsets in layers]


def _slopes(values: list[np.ndarray], told: np.ndarray, true: np.ndarray) -> list[np.ndarray]:
    passed = [told]
    for k in range(0, len(values), 2):
        told = told @ values[k] + values[k + 1]
        told = told if k + 2 == len(values) else np.maximum(told, 0)
        passed.append(told)
    back = (1 / (1 + np.exp(-passed[-1])) - true[:, None]) / len(true)
    slopes: list[np.ndarray] = []
    for k in range(len(values) - 2, -1, -2):
        slopes[:0] = [passed[k // 2].T @ back, back.sum(axis=0)]
        back = (back @ values[k].T) * (passed[k // 2] > 0)
    return slopes


def main() -> None:
    seeds = tuple(map(int, sys.argv[1:])) or SEEDS
    with ProcessPoolExecutor(2) as pool:
        each = list(pool.map(lessons, seeds))
    learnt, held = each[HELD_BACK:], each[:HELD_BACK]
    layers = teach(*(np.concatenate(part) for part in zip(*learnt, strict=True)))
    right = [float(((weigh(told, layers) > 0.5) == true).mean()) for told, true in held]
    print(f"right on seeds {seeds[:HELD_BACK]}: " + ", ".join(f"{share:.3f}" for share in right))
    np.savez(WEIGHTS, **{f"{name}{k}": value for k, layer in enumerate(layers)
                         for name, value in zip(("weights", "offsets"), layer, strict=True)})  # fmt: skip


if __name__ == "__main__":
    main()
