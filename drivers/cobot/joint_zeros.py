"""An arm whose joint zeros were measured: everybody above speaks of true joint angles, the arm of its own."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import CobotPosture, Command, Conversation, DriverEvent, MoveJoints

Angles = tuple[float, ...]


class JointZeros:
    """A conversation with an arm, with `offset_deg` added to the angles that it tells and taken off those it is told.

    The arm's own limits are on its own angles, so a command near a limit may be refused by up to the offset earlier.
    """

    def __init__(self, arm: Conversation, offset_deg: Angles) -> None:
        self._arm = arm
        self._offset_deg = offset_deg
        self.device = arm.device

    def link_up(self, now_s: float) -> None:
        """As the arm's."""
        self._arm.link_up(now_s)

    def link_down(self, now_s: float, reason: str) -> None:
        """As the arm's."""
        self._arm.link_down(now_s, reason)

    def received(self, data: bytes, now_s: float) -> None:
        """As the arm's."""
        self._arm.received(data, now_s)

    def advance(self, now_s: float) -> None:
        """As the arm's."""
        self._arm.advance(now_s)

    def next_wake_s(self) -> float | None:
        """As the arm's."""
        return self._arm.next_wake_s()

    def submit(self, command: Command, now_s: float) -> None:
        """As the arm's; joint angles in their own zeros. Raises CommandError like the arm."""
        if isinstance(command, MoveJoints) and self._fits(command):
            through = tuple(self._own(angles) for angles in command.through_deg)
            command = replace(command, angles_deg=self._own(command.angles_deg), through_deg=through)
        self._arm.submit(command, now_s)

    def renew_lease(self, now_s: float) -> None:
        """As the arm's."""
        self._arm.renew_lease(now_s)

    def take_output(self) -> bytes:
        """As the arm's."""
        return self._arm.take_output()

    def take_events(self) -> tuple[DriverEvent, ...]:
        """As the arm's, with true joint angles."""
        return tuple(
            replace(event, angles_deg=self._true(event.angles_deg)) if isinstance(event, CobotPosture) else event
            for event in self._arm.take_events()
        )

    def wants_hangup(self) -> str | None:
        """As the arm's."""
        return self._arm.wants_hangup()

    def farewell(self, now_s: float) -> bytes:
        """As the arm's."""
        return self._arm.farewell(now_s)

    def _fits(self, command: MoveJoints) -> bool:
        """Whether every posture has as many joints as the arm; the arm itself refuses others, in words."""
        return all(len(angles) == len(self._offset_deg) for angles in (command.angles_deg, *command.through_deg))

    def _own(self, angles_deg: Angles) -> Angles:
        return tuple(angle - off for angle, off in zip(angles_deg, self._offset_deg, strict=True))

    def _true(self, angles_deg: Angles) -> Angles:
        return tuple(angle + off for angle, off in zip(angles_deg, self._offset_deg, strict=True))
