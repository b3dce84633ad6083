"""What the technician is told without having asked: said at most once a second, or standing until it ends. Pure."""

from __future__ import annotations

import math

from drivers.api import DeviceHealth

EVERY_S = 1.0


class Notes:
    """Health notes of one device, as events to take."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._standing: dict[str, str] = {}
        self._said_s: dict[str, float] = {}
        self._events: list[DeviceHealth] = []

    def say(self, code: str, detail: str, now_s: float) -> bool:
        """Tell it once, at most once a second each. True when told."""
        if now_s < self._said_s.get(code, -math.inf) + EVERY_S:
            return False
        self._said_s[code] = now_s
        self._events.append(DeviceHealth(device=self._device, t_mono_s=now_s, code=code, detail=detail))
        return True

    def stand(self, code: str, detail: str, now_s: float, *, stops: bool = False) -> None:
        """Let it stand with this sentence, or end it with an empty one. Told when that is news."""
        before = self._standing.get(code, "")
        if detail == before:
            return
        if detail:
            self._standing[code] = detail
        else:
            del self._standing[code]
        self._events.append(
            DeviceHealth(
                device=self._device,
                t_mono_s=now_s,
                code=code,
                detail=detail or f"no longer so: {before}",
                standing=bool(detail),
                stops=stops,
            )
        )

    def take(self) -> tuple[DeviceHealth, ...]:
        """Notes since the last call, oldest first."""
        events, self._events = tuple(self._events), []
        return events
