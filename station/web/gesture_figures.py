"""Gestures as a page shows and edits them: every figure by its key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from station.config.gestures_model import SHAPES, plain
from station.motion.gesture import Gesture

HIDDEN = ("kind", "taught_by", "taught_at")


class EditError(ValueError):
    """Figures that make no such gesture. The text names the figure and says what is wrong with it."""


def gesture_view(gesture: Gesture) -> dict[str, Any]:
    """Name, kind and figures. A figure that is a table is taken apart: `height_mm.low`.

    A figure's `form` is `number`, `numbers` (a place or posture), `text`, or `fixed`: that is edited in the file.
    """
    table = plain(gesture)
    shape = SHAPES[str(table["kind"])]
    figures: list[dict[str, Any]] = []
    for key, field in shape.model_fields.items():
        if key in HIDDEN:
            continue
        value = table.get(key, field.default)
        parts = {f"{key}.{name}": part for name, part in value.items()} if isinstance(value, Mapping) else {key: value}
        figures += [{"key": name, "value": _plain(part), "form": _form(name, part)} for name, part in parts.items()]
    return {
        "name": gesture.name,
        "kind": table["kind"],
        "taught": " ".join(str(table[key]) for key in ("taught_by", "taught_at") if table.get(key)),
        "figures": figures,
    }


def edited(gesture: Gesture, figures: Mapping[str, object]) -> Gesture:
    """The gesture with other figures. Raises EditError."""
    table: dict[str, Any] = dict(plain(gesture))
    for key, value in figures.items():
        outer, _, inner = key.partition(".")
        if outer in HIDDEN:
            raise EditError(f"{key} cannot be edited here")
        if not inner:
            table[outer] = value
        elif isinstance(table.get(outer), dict):
            table[outer] = {**table[outer], inner: value}
        else:
            raise EditError(f"{key}: there is no such figure")
    try:
        shape = SHAPES[str(table["kind"])].model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EditError(f"{where}: {first['msg']}" if where else first["msg"]) from error
    return shape.value(gesture.name)


def _form(key: str, value: object) -> str:
    if isinstance(value, tuple | list):
        return "numbers" if all(isinstance(part, int | float) for part in value) else "fixed"
    if isinstance(value, int | float):
        return "number"
    return "numbers" if key.endswith(("_mm", "_deg")) else "text"


def _plain(value: object) -> object:
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value
