"""The strict edge: pydantic models that refuse unknown keys, and their errors in words that can be acted on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from station.config.errors import KeyPath, Problem
from station.config.toml_source import Source


class Strict(BaseModel):
    """Base of every model of a file: unknown keys and silent conversions (such as text to number) are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=Strict)

_TODO: Mapping[str, str] = {
    "missing": "add it",
    "string_type": "write a text in quotes",
    "float_type": "write a number",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "list_type": "write a list in [ ]",
    "tuple_type": "write a list in [ ]",
    "dict_type": "write a table in { }",
    "model_type": "write a table in { }",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """What to do about a name that is not known: the closest that is, or the list of all."""
    choices = sorted(known)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"use one of: {', '.join(choices)}" if choices else "remove it: there is none to name"


def parse(model: type[Model], source: Source, at: KeyPath, data: Any) -> tuple[Model | None, list[Problem]]:
    """Check one table at a place of the file. Unknown keys are problems that hide no others."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = [_problem(model, source, at, detail) for detail in details]
    if any(detail["type"] != "extra_forbidden" for detail in details):
        return None, problems
    return model.model_validate(_without(data, [detail["loc"] for detail in details])), problems


def _without(data: Any, paths: list[tuple[int | str, ...]]) -> Any:
    """A copy without the keys at these paths."""
    here = {path[0] for path in paths if len(path) == 1}
    deeper = [path for path in paths if len(path) > 1]
    if isinstance(data, Mapping):
        return {
            key: _without(value, [path[1:] for path in deeper if path[0] == key])
            for key, value in data.items()
            if key not in here
        }
    if isinstance(data, list):
        return [_without(value, [path[1:] for path in deeper if path[0] == i]) for i, value in enumerate(data)]
    return data


def _problem(model: type[Strict], source: Source, at: KeyPath, detail: ErrorDetails) -> Problem:
    kind, path = detail["type"], (*at, *detail["loc"])
    if kind == "extra_forbidden":
        key = str(detail["loc"][-1])
        return source.problem(path, f"unknown key `{key}`", nearest(key, _keys_at(model, detail["loc"][:-1])))
    if kind == "missing":
        return source.problem(path, f"`{detail['loc'][-1]}` is missing", _TODO[kind])
    if kind == "value_error":
        what, _, todo = str(detail["ctx"]["error"]).partition("; ")
        return source.problem(path, what, todo or "mend it")
    what = detail["msg"][0].lower() + detail["msg"][1:]
    return source.problem(path, f"{what}, found {detail['input']!r}", _TODO.get(kind, "mend the value"))


def _keys_at(model: type[Strict], path: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys that the table at this path may have."""
    found: type[BaseModel] = model
    for item in path:
        if isinstance(item, str) and item in found.model_fields:
            inner = _model_in(found.model_fields[item].annotation)
            found = inner if inner is not None else found
    return tuple(field.alias or name for name, field in found.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X`, `X | None`, `tuple[X, ...]` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
