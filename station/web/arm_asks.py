"""What the technicians' arm page may ask for: shapes of its posts and of what it sends over its feed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from station.core.service_asks import Ask, Grip, GuideByHand, Jog, JogFrame, LetGo, MakeReady, SwitchOff, TryGesture

GestureName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
"""As a gestures file takes it."""
Percent = Annotated[int, Field(ge=1, le=100)]
Number = Annotated[float, Field(ge=-100_000, le=100_000)]
Figure = Annotated[str, Field(max_length=60)] | int | Number | Annotated[list[Number], Field(max_length=6)] | None
"""One figure of a gesture: a word, a number, a place or posture, or nothing."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _one_way(direction: int) -> int:
    # A literal 1 would take `true` for it.
    if direction not in (1, -1):
        raise ValueError("a direction is 1 or -1")
    return direction


class Try(_Shape):
    """Carry out a gesture slowly."""

    do: Literal["try"]
    gesture: GestureName


class Guide(_Shape):
    """Free drive on or off."""

    do: Literal["guide"]
    on: bool


class Plain(_Shape):
    """What needs no figures."""

    do: Literal["let_go", "ready", "off"]


class GripTo(_Shape):
    """Open or close the gripper."""

    do: Literal["grip"]
    open_percent: Annotated[int, Field(ge=0, le=100)]


class Teach(_Shape):
    """Keep where the arm stands now as a posture."""

    do: Literal["teach"]
    name: GestureName
    speed_percent: Percent


class Edit(_Shape):
    """Other figures for a gesture that there is. A figure of a table inside it is named `table.key`."""

    do: Literal["edit"]
    gesture: GestureName
    figures: Annotated[dict[Annotated[str, Field(max_length=40)], Figure], Field(min_length=1, max_length=20)]


Wish = Try | Guide | Plain | GripTo
ArmPost = Wish | Teach | Edit
ARM_POSTS: TypeAdapter[ArmPost] = TypeAdapter(Annotated[ArmPost, Field(discriminator="do")])


class JogBegins(_Shape):
    """A button is pressed."""

    do: Literal["jog"]
    frame: JogFrame = Field(strict=False)
    axis: Annotated[int, Field(ge=1, le=6)]
    direction: Annotated[int, AfterValidator(_one_way)]
    speed_percent: Annotated[int, Field(ge=1, le=10)]


class Held(_Shape):
    """It is held, or it is released."""

    do: Literal["hold", "let_go"]


HELD: TypeAdapter[JogBegins | Held] = TypeAdapter(Annotated[JogBegins | Held, Field(discriminator="do")])
"""A held button's messages go over one socket, so that none overtakes another."""


def ask_of(wish: Wish | JogBegins) -> Ask:
    """As the core knows it."""
    match wish:
        case Try():
            return TryGesture(gesture=wish.gesture)
        case Guide():
            return GuideByHand(on=wish.on)
        case GripTo():
            return Grip(open_percent=wish.open_percent)
        case Plain(do="ready"):
            return MakeReady()
        case Plain(do="off"):
            return SwitchOff()
        case Plain():
            return LetGo()
        case JogBegins():
            return Jog(frame=wish.frame, axis=wish.axis, direction=wish.direction, speed_percent=wish.speed_percent)
