"""The simulated world's look on its way to the processes that render it: looks go once, their places every time."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

from station.simulation.bad_views import BadView
from station.simulation.world import World
from vision.scene import Look, Scene


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """What a simulated camera has to know to take one picture."""

    scene: Scene
    view: BadView | None


class _Packer(pickle.Pickler):
    """Names the known looks instead of packing them: the renderer keeps what it has drawn of a look by its identity."""

    def __init__(self, file: io.BytesIO, looks: tuple[Look, ...]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._number = {id(look): number for number, look in enumerate(looks)}

    def persistent_id(self, obj: Any) -> int | None:
        return self._number.get(id(obj)) if isinstance(obj, Look) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, looks: tuple[Look, ...]) -> None:
        super().__init__(file)
        self._looks = looks

    def persistent_load(self, pid: Any) -> Look:
        look: Look = self._looks[pid]
        return look


def packed(moment: Moment, looks: tuple[Look, ...]) -> bytes:
    """A moment as bytes, without its `looks`."""
    file = io.BytesIO()
    _Packer(file, looks).dump(moment)
    return file.getvalue()


def unpacked(data: bytes, looks: tuple[Look, ...]) -> Moment:
    """A moment from its bytes, with the same `looks`."""
    moment: Moment = _Unpacker(io.BytesIO(data), looks).load()
    return moment


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneFeed:
    """The world's side: answers a simulated camera's question for the moment."""

    world: World
    camera: str

    def __call__(self, question: object) -> bytes:
        """The moment now, packed."""
        world = self.world
        with world.lock:
            moment = Moment(scene=world.scene(), view=world.bad_views.get(self.camera))
        return packed(moment, world.looks)
