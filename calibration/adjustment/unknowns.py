"""What an adjustment seeks: families of equal blocks, and their values.

A family is `count` blocks of `size` parameters: nine numbers of each lens, six of each board's pose. Poses are kept as
(4, 4) transforms and stepped by left perturbations `[exp(r), t] @ T`, so a block of the covariance is already that of
the pose as it is reported, at every angle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration.rotations import moved
from vision.geometry import Array

Values = Mapping[str, Array]
"""By family: (count, size), or (count, 4, 4) for poses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Blocks of unknowns of one kind. Families that an adjustment does not list stay as they are."""

    name: str
    count: int
    size: int
    pose: bool = False
    """(4, 4) values of six parameters: turn in rad, move in mm."""
    local: bool = False
    """Many small blocks of which each observation touches at most one: they are eliminated block by block."""


def pose_family(name: str, count: int, *, local: bool = False) -> Family:
    """A family of rigid transforms."""
    return Family(name=name, count=count, size=6, pose=True, local=local)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each block stands in the long vector of the main unknowns, and which families are local."""

    families: Mapping[str, Family]
    offsets: Mapping[str, int]
    """Of main families."""
    main_size: int

    @staticmethod
    def of(families: tuple[Family, ...]) -> Layout:
        """Main families one after the other, in their order. Raises ValueError when a name comes twice."""
        if len({family.name for family in families}) != len(families):
            raise ValueError("a family of unknowns is listed twice")
        offsets, at = {}, 0
        for family in families:
            if not family.local:
                offsets[family.name] = at
                at += family.count * family.size
        return Layout({family.name: family for family in families}, offsets, at)

    def main(self, name: str, block: int = 0) -> slice:
        """Rows of one main block. Raises KeyError for a local family or one that is not sought."""
        size = self.families[name].size
        start = self.offsets[name] + block * size
        return slice(start, start + size)

    def stepped(self, values: Values, main_step: Array, local_steps: Mapping[str, Array]) -> dict[str, Array]:
        """Values after a step: (main_size,) and by local family (count, size)."""
        out = dict(values)
        for name, family in self.families.items():
            if family.local:
                step = local_steps[name]
            else:
                at = self.offsets[name]
                step = main_step[at : at + family.count * family.size].reshape(family.count, family.size)
            out[name] = moved(values[name], step) if family.pose else np.asarray(values[name] + step)
        return out
