"""Runs the few words of URScript that our programs use, line by line, against a world that the test makes up.

It knows nothing of the product: a program is translated to Python by its indentation, and every word that takes a
control period (`servoj`, `sync`, `stopj`) lets the world go on for that long.
"""

import math
import re
from collections.abc import Callable

STEP_S = 0.002
OPENS = re.compile(r"^\s*(def|while|if)\b")


class World:
    """Registers, joints and what the program did with them. `each_step(world)` may change the inputs."""

    def __init__(self, joints: list[float], each_step: Callable[["World"], None]) -> None:
        self.joints = joints
        self.each_step = each_step
        self.now_s = 0.0
        self.inputs: dict[int, float] = dict.fromkeys(range(48), 0)
        self.outputs: dict[int, float] = dict.fromkeys(range(48), 0)
        self.tcp: list[float] = [0.0] * 6
        self.setpoints: list[tuple[float, ...]] = []
        self.braked: list[float] = []
        self.free = False
        self.was_free = False

    def period(self) -> None:
        self.each_step(self)
        self.now_s += STEP_S
        assert self.now_s < 120, "the program does not end"

    def words(self) -> dict[str, object]:
        def servoj(q: list[float], a: float, v: float, t: float, lookahead: float, gain: float) -> None:
            assert (a, v, t) == (0, 0, STEP_S)
            assert 0.03 <= lookahead <= 0.2
            assert 100 <= gain <= 2000
            self.joints = list(q)
            self.setpoints.append(tuple(q))
            self.period()

        def stopj(deceleration: float) -> None:
            self.braked.append(deceleration)
            self.period()

        def free(on: bool) -> None:
            self.free = on
            self.was_free |= on

        return {
            "get_target_joint_positions": lambda: list(self.joints),
            "get_steptime": lambda: STEP_S,
            "read_input_integer_register": lambda n: int(self.inputs[n]),
            "read_input_float_register": lambda n: float(self.inputs[100 + n]),
            "read_output_integer_register": lambda n: int(self.outputs[n]),
            "write_output_integer_register": self.outputs.__setitem__,
            "write_output_float_register": lambda n, value: self.outputs.__setitem__(100 + n, value),
            "get_tcp_offset": lambda: list(self.tcp),
            "set_tcp": lambda pose: setattr(self, "tcp", list(pose)),
            "norm": lambda value: math.sqrt(value * value),
            "servoj": servoj,
            "stopj": stopj,
            "sync": self.period,
            "freedrive_mode": lambda: free(True),
            "end_freedrive_mode": lambda: free(False),
        }


def run(text: str, world: World) -> None:
    """Run a whole program. Raises what Python raises for a word or a structure that URScript does not have."""
    exec(compile(translated(text), "program", "exec"), dict(world.words()))


def translated(text: str) -> str:
    """The program as Python. Checks that every block is closed where it was opened."""
    globals_named = sorted(set(re.findall(r"\bglobal (\w+) =", text)))
    lines: list[str] = []
    open_at: list[int] = []
    name = ""
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        word = line.strip()
        if word == "end":
            assert open_at, "an end without a beginning"
            assert open_at.pop() == indent, "an end at another depth than its beginning"
            continue
        assert word.startswith(("elif", "else")) or not open_at or indent > open_at[-1], line
        word = re.sub(r"^(global|local) ", "", word).replace("p[", "[").replace("True", "True")
        lines.append(" " * indent + word)
        if OPENS.match(line):
            open_at.append(indent)
        if word.startswith("def "):
            name = name or re.findall(r"def (\w+)", word)[0]
            assigned = " " * (indent + 2)
            if globals_named:
                lines.append(f"{assigned}global {', '.join(globals_named)}")
    assert not open_at, "a block is left open"
    return "\n".join([*lines, f"{name}()", ""])
