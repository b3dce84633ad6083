"""Core values to and from plain JSON, by their types: the journal's words. Pure, and exact both ways.

Dataclasses become objects with a `kind` (their class name); enums their value; bytes hexadecimal text; tuples lists. A
number that is not finite has no JSON and raises ValueError.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

Json = dict[str, Any]


def to_plain(value: Any) -> Any:
    """A core value as JSON-ready data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        plain: Json = {"kind": type(value).__name__}
        plain.update({field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)})
        return plain
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"no plain form for {type(value).__name__}")


def from_plain(kind: Any, plain: Any) -> Any:
    """The value of type `kind` that `to_plain` made `plain` from. Raises ValueError when it does not fit."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _from_union(typing.get_args(kind), plain)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _from_object(kind, plain)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return tuple(from_plain(item, entry) for entry in plain)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        item = typing.get_args(kind)[1]
        return {key: from_plain(item, entry) for key, entry in plain.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if kind is bytes:
        return bytes.fromhex(plain)
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    if isinstance(kind, type) and isinstance(plain, kind):
        return plain
    raise ValueError(f"expected {kind}, found {plain!r:.60}")


def _from_union(choices: tuple[Any, ...], plain: Any) -> Any:
    if plain is None and type(None) in choices:
        return None
    if isinstance(plain, dict) and "kind" in plain:
        for choice in choices:
            if getattr(choice, "__name__", "") == plain["kind"]:
                return from_plain(choice, plain)
        raise ValueError(f"unknown kind {plain['kind']!r}")
    for choice in choices:
        if isinstance(choice, type) and not dataclasses.is_dataclass(choice) and type(plain) is choice:
            return plain
    return from_plain(next(choice for choice in choices if choice is not type(None)), plain)


def _from_object(kind: type, plain: Any) -> Any:
    if not isinstance(plain, dict) or plain.get("kind") != kind.__name__:
        raise ValueError(f"expected a {kind.__name__}, found {plain!r:.60}")
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    unknown = set(plain) - set(names) - {"kind"}
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {sorted(unknown)}")
    return kind(**{name: from_plain(hints[name], plain[name]) for name in names if name in plain})


def canonical(plain: Any) -> str:
    """The one text of JSON-ready data: sorted keys, no spaces, real characters."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """sha256 of a core value's canonical text, hexadecimal."""
    return hashlib.sha256(canonical(to_plain(value)).encode()).hexdigest()
