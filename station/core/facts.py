"""Names of the facts that a procedure needs: the one place where demands and vision's watches meet."""

from __future__ import annotations

CODE = "code"
"""The QR code fact."""


def part_at(part: str, place: str) -> str:
    """The part stands at the place within the step's tolerance."""
    return f"part:{part}@{place}"


def part_near(part: str, place: str) -> str:
    """The part lies still somewhere near the place: with `part_at` ABSENT it is misplaced."""
    return f"part:{part}~{place}"


def unit_of(part: str) -> str:
    """The joints that the part carries are placed by what this very unit was measured to be."""
    return f"unit:{part}"


def hands_in(zone: str) -> str:
    """Hands are in the zone."""
    return f"hands:{zone}"


def fastener_at(joint: str) -> str:
    """A fastener sits at the joint."""
    return f"fastener:{joint}"


def check_is(check: str, state: str) -> str:
    """The taught check sees the state."""
    return f"check:{check}={state}"


def tool_at(joint: str) -> str:
    """The tool's tip is at the joint."""
    return f"tool:{joint}"
