"""The light of a live show as desk and displays change it: another profile, another size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    At 1080p planning a profile's light takes 70 ms: it is done in a thread, and used by a later `catch_up`.

    Args:
        beams: As `light` has them.
        say: Where a line for the operator goes.
    """

    def __init__(self, light: LightOutput, beams: Mapping[str, Beam], say: Callable[[str], None] = print) -> None:
        self._light, self._beams, self._say = light, dict(beams), say
        self._planner = ThreadPoolExecutor(1, "profile")
        self._planned: dict[str, tuple[Beam, Future[mapping.Mapping]]] = {}
        self.stage_at = light.stage_at

    def profiles(self) -> dict[str, Profile]:
        """Return each projector's profile, also one that is still being planned."""
        return self.lit() | {name: beam.profile for name, (beam, _) in self._planned.items()}

    def lit(self) -> dict[str, Profile]:
        """Return the profile by which each projector's light is made."""
        return {name: beam.profile for name, beam in self._beams.items()}

    def pin(self, name: str, profile: Profile) -> None:
        """Give a projector another profile as soon as its light is planned."""
        self._plan(name, replace(self._beams[name], profile=profile))

    def catch_up(self) -> None:
        """Use what has been planned, from the next frame on."""
        for name, (beam, plan) in list(self._planned.items()):
            if plan.done():
                del self._planned[name]
                try:
                    self._light.place(name, beam, plan.result())
                    self._beams[name] = beam
                except MixeurError as error:
                    self._say(f"projector.{name}: {error}")

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
        beam = replace(before, profile=profile, flip=projector.flip, feather=projector.feather)
        return beam, self._light.plan(beam)

    def take(self, name: str, plan: Plan) -> None:
        """Give a projector what was planned, from the next frame on."""
        self._drop(name)
        self._light.place(name, *plan)
        self._beams[name] = plan[0]

    def fit(self, sizes: Mapping[str, tuple[int, int]]) -> None:
        """Let projectors that were never calibrated show the whole stage in their display's size."""
        self.catch_up()
        for name, size in sizes.items():
            beam = self._beams.get(name)
            if beam is None or name in self._planned or beam.profile.size == size:
                continue
            if beam.profile == Profile.identity(beam.profile.size):
                self._plan(name, replace(beam, profile=Profile.identity(size)))

    def _plan(self, name: str, beam: Beam) -> None:
        self._drop(name)
        self._planned[name] = beam, self._planner.submit(self._light.plan, beam)

    def _drop(self, name: str) -> None:
        if name in self._planned:
            self._planned.pop(name)[1].cancel()

    def close(self) -> None:
        """End the thread."""
        self._planner.shutdown(wait=False, cancel_futures=True)
