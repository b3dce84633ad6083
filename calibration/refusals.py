"""Why a picture of a board is not taken: one reason, one sentence that a technician can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """The value is the end of the phrase's key, `ui.lens.refused.<reason>`."""

    NO_BOARD = "no_board"
    OTHER_BOARD = "other_board"
    MIRRORED = "mirrored"
    TWO_BOARDS = "two_boards"
    FEW_CORNERS = "few_corners"
    ONE_CORNER = "one_corner"
    MOTION = "motion"
    DEFOCUS = "defocus"
    FAR = "far"
    STEEP = "steep"
    NOT_FLAT = "not_flat"
    RESIDUAL = "residual"
    DUPLICATE = "duplicate"
    BRIGHT = "bright"
    DARK = "dark"
    WRONG_SIZE = "wrong_size"


SENTENCES: Mapping[Reason, str] = {
    Reason.NO_BOARD: "No board is seen. Hold board {board} so that the camera sees all of it, sharp and well lit.",
    Reason.OTHER_BOARD: "Another board than {board} is seen ({seen}). Hold up {board}, or name the one that you hold.",
    Reason.MIRRORED: "The picture is mirrored. Switch the camera's mirror image off.",
    Reason.TWO_BOARDS: "The board is seen twice. Leave only one in the picture, and nothing that mirrors it.",
    Reason.FEW_CORNERS: "Only {found} corners are seen, {needed} are needed. Show more of the board.",
    Reason.ONE_CORNER: "Only one corner of the board is seen. Show more of it.",
    Reason.MOTION: "The picture is blurred by motion ({blur} px). Hold the board still.",
    Reason.DEFOCUS: "The picture is not sharp ({blur} px). Hold the board still; if it stays so, focus the lens.",
    Reason.FAR: "The board is too far away: its squares are {spacing} px, {needed} px are needed. Bring it closer.",
    Reason.STEEP: "The board is tilted too steeply ({tilt}°). Turn it more towards the camera.",
    Reason.NOT_FLAT: "The corners do not lie on a flat board ({rms} px off). Put the board on a flat plate.",
    Reason.RESIDUAL: "The corners do not fit this lens ({rms} px off). Hold still, and look for glare on the board.",
    Reason.DUPLICATE: "The board is where it was in picture {view}. Move it to the outline.",
    Reason.BRIGHT: "The white of the board is overexposed. Lower the exposure or the light.",
    Reason.DARK: "Black and white hardly differ ({contrast} of 255). Give more light or exposure.",
    Reason.WRONG_SIZE: "The picture has {seen} pixels, the camera gives {needed}. Use pictures of this camera.",
}
"""In English, for the command line; the pages say the same in their own language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A picture that is not taken."""

    reason: Reason
    words: Mapping[str, str] = field(default_factory=dict)
    """What the sentence is filled with."""

    @property
    def text(self) -> str:
        """The sentence."""
        return SENTENCES[self.reason].format(**self.words)
