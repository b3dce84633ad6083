"""What the technicians' page of the eyes may ask for: shapes of its posts."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from vision.bench import Zone

Millimetres = Annotated[float, Field(ge=-10_000, le=10_000)]
Word = Annotated[str, Field(min_length=1, max_length=120)]
Corner = tuple[Millimetres, Millimetres]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class DrawnZone(_Shape):
    """A zone as it was drawn."""

    id: Annotated[str, Field(max_length=60)]
    outline_mm: Annotated[list[Corner], Field(min_length=1, max_length=60)]
    z_mm: Corner

    def value(self) -> Zone:
        """As vision knows it."""
        return Zone(name=self.id, outline_mm=np.round(np.array(self.outline_mm), 1), z_mm=self.z_mm)


class Draw(_Shape):
    """Use these zones, all of the bench, from now on."""

    do: Literal["draw"]
    zones: Annotated[list[DrawnZone], Field(max_length=60)]
    based_on: Annotated[str, Field(max_length=64)]
    """Hash of the zones that were drawn over."""


class Empty(_Shape):
    """Nobody and nothing foreign is on the bench."""

    do: Literal["empty"]


class Take(_Shape):
    """Keep what is seen now as an example of a state of a check."""

    do: Literal["take"]
    check: Word
    state: Word


class Discard(_Shape):
    """Forget an example."""

    do: Literal["discard"]
    example: Word


class Train(_Shape):
    """Train a check on its examples."""

    do: Literal["train"]
    check: Word


TeachPost = Take | Discard | Train
EyesPost = Draw | Empty | TeachPost
EYES_POSTS: TypeAdapter[EyesPost] = TypeAdapter(Annotated[EyesPost, Field(discriminator="do")])
