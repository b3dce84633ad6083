"""Order files: which pass belongs to which car, and what that car is to get."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from station.config.errors import ConfigError
from station.config.procedure_draft import Findings
from station.config.shapes import Name
from station.config.strict import Strict, nearest, parse
from station.config.toml_source import read_toml
from station.core.procedure import Order


class OrderShape(Strict):
    """`[[order]]`."""

    id: Name
    passes: Annotated[list[Name], Field(min_length=1, alias="pass")]
    """Texts of the QR codes that belong to it."""
    visitor: Name
    # Length and alphabet are ISO 3779's; the check digit is a North American rule and no reason to refuse a car.
    vin: Annotated[str, Field(pattern=r"^[A-HJ-NPR-Z0-9]{17}$")]
    car: Name
    choices: dict[str, Name]


def load_orders(path: Path) -> Mapping[str, Order]:
    """Text of the pass -> order. Raises ConfigError with every mistake in the file."""
    source = read_toml(path)
    findings = Findings(source.problem)
    for key in source.data:
        if key != "order":
            findings.report((key,), f"unknown key `{key}`", nearest(key, ["order"]))
    by_pass: dict[str, Order] = {}
    ids: set[str] = set()
    elements = source.data.get("order", [])
    for index, element in enumerate(elements if isinstance(elements, list) else [elements]):
        shape, problems = parse(OrderShape, source, ("order", index), element)
        findings.problems += problems
        if shape is None:
            continue
        if shape.id in ids:
            findings.report(("order", index, "id"), f"there is an order `{shape.id}` already", "rename one")
        ids.add(shape.id)
        order = Order(id=shape.id, visitor=shape.visitor, vin=shape.vin, car=shape.car, choices=shape.choices)
        for p, text in enumerate(shape.passes):
            if by_pass.setdefault(text, order) is not order:
                findings.report(("order", index, "pass", p), f"pass `{text}` opens another order", "give each its own")
    if findings.problems:
        raise ConfigError(tuple(findings.problems))
    return by_pass
