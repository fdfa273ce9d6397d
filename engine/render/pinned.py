"""The light of a live show as desk and displays change it: another profile, another size."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from engine.problems import MixeurError
from engine.render import mapping
from engine.render.stage import Beam, LightOutput
from engine.show.model import Projector
from engine.show.profile import Profile, read_profile

Plan = tuple[Beam, mapping.Mapping]


class PinnedLight:
    """The beams of the running show.

    Args:
        beams: As `light` has them.
    """

    def __init__(self, light: LightOutput, beams: Mapping[str, Beam]) -> None:
        self._light, self._beams = light, dict(beams)
        self._planner = ThreadPoolExecutor(1, "profile")
        self._planned: dict[str, tuple[Beam, Future[mapping.Mapping]]] = {}
        self.stage_at = light.stage_at

    def profiles(self) -> dict[str, Profile]:
        """Return each projector's profile."""
        return {name: beam.profile for name, beam in self._beams.items()}

    def pin(self, name: str, profile: Profile) -> None:
        """Give a projector another profile from the next frame on."""
        self._planned.pop(name, None)
        self._light.place(name, moved := replace(self._beams[name], profile=profile))
        self._beams[name] = moved

    def planned(self, projector: Projector, path: Path) -> Plan:
        """Return what the show says of a projector now, with the profile that stands at `path`, else the whole picture.

        It may be called beside the loop.

        Raises:
            MixeurError: The profile cannot be read or used.
        """
        before = self._beams[projector.name]
        profile = read_profile(path) if path.exists() else Profile.identity(before.profile.size)
        if profile.size != before.profile.size:
            raise MixeurError(f"{path}: its size is {profile.size}, and the projector's picture {before.profile.size}")
        beam = replace(before, profile=profile, flip=projector.flip)
        return beam, self._light.plan(beam)

    def take(self, name: str, plan: Plan) -> None:
        """Give a projector what was planned, from the next frame on."""
        self._planned.pop(name, None)
        self._light.place(name, *plan)
        self._beams[name] = plan[0]

    def fit(self, sizes: Mapping[str, tuple[int, int]]) -> None:
        """Let projectors that were never calibrated show the whole stage in their display's size.

        At 1080p planning takes 70 ms: it is done in a thread, and used in a later call.
        """
        for name, (fitted, plan) in list(self._planned.items()):
            if plan.done():
                del self._planned[name]
                self._light.place(name, fitted, plan.result())
                self._beams[name] = fitted
        for name, size in sizes.items():
            beam = self._beams.get(name)
            if beam is None or name in self._planned or beam.profile.size == size:
                continue
            if beam.profile == Profile.identity(beam.profile.size):
                fitted = replace(beam, profile=Profile.identity(size))
                self._planned[name] = fitted, self._planner.submit(self._light.plan, fitted)

    def close(self) -> None:
        """End the thread."""
        self._planner.shutdown(wait=False, cancel_futures=True)
