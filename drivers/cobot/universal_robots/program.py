"""The URScript programs that the driver sends, and how they talk through RTDE registers. Pure.

One program a motion, sent whole before it starts: nothing of ours has to arrive in time while the arm moves, so 20 to
40 ms of jitter, or a lost connection, cannot make the motion uneven. It holds the motion as postures and speeds every
80 ms, computed by `drivers.cobot.arm.timing`; between them it follows a cubic with `servoj`, at the controller's own
rate. Blended `movej` lines would be shorter, but what lies between their points is the controller's choice, and dense
points make it slow down. `servoj` knows no speed slider, so the program stretches its own time by a factor that the
driver writes into a register (the slider as reported, or the last `LimitSpeed`, whichever is lower); the way stays the
same. Between motions no program runs: an arm that is connected again, or restarted, has nothing that it could do.

Permission is a lease that the program itself watches: it begins only after the heartbeat register has changed, and when
that has not changed for 0.3 s it brakes with `stopj`, whatever has become of the station. A stop is a register too: the
number of the program that shall end. A number that has been run already is not run again.

Registers 24 to 47 are those of RTDE clients, by the RTDE guide; programs are taken by the secondary client interface.
Everything in a program is radians, metres and seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

HEARTBEAT = "input_int_register_24"
STOP_NUMBER = "input_int_register_25"
SPEED_FACTOR = "input_double_register_24"
CONTROL_INPUTS = (HEARTBEAT, STOP_NUMBER, SPEED_FACTOR)
SLIDER_INPUTS = ("speed_slider_mask", "speed_slider_fraction")
NUMBER = "output_int_register_24"
STATE = "output_int_register_25"
TOOL = tuple(f"output_double_register_{24 + axis}" for axis in range(6))

LEASE_S = 0.3
"""The robot's own patience with a heartbeat that stands still."""
KNOT_S = 0.08
FACTOR_PER_S = 2.5
"""How fast the speed factor may change, so that a new limit is no jolt."""
SETTLE_S = 0.1
"""How long the goal is held before the brakes, so that the joints catch up with `servoj`."""
ELSEWHERE_RAD = 0.02
"""An arm that stands this far from where the motion begins does not begin it."""
STOP_RAD_S2 = 6.0


class State(IntEnum):
    """What a program says of itself."""

    NONE = 0
    RUNNING = 1
    DONE = 3
    STOPPED = 4
    LEASE_EXPIRED = 5
    ELSEWHERE = 6
    FREE_DRIVE = 7
    TOOL_SET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """Where the joints are at one moment of a motion, and how fast they turn."""

    angles_rad: tuple[float, ...]
    speeds_rad_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """The tip of the tool in the flange frame, as `set_tcp` takes it: metres, and a rotation vector in radians."""

    pose: tuple[float, float, float, float, float, float]


_COMMON = f"""\
  global abm_seen = read_input_integer_register(24)
  global abm_first = abm_seen
  global abm_silent = 0.0
  global abm_end = 0
  def abm_wanted():
    if read_input_integer_register(25) == abm_number:
      abm_end = {int(State.STOPPED)}
    end
    local beat = read_input_integer_register(24)
    if beat == abm_seen:
      abm_silent = abm_silent + get_steptime()
    else:
      abm_seen = beat
      abm_silent = 0.0
    end
    if abm_end == 0 and abm_silent > {LEASE_S}:
      abm_end = {int(State.LEASE_EXPIRED)}
    end
    return abm_end == 0
  end
  def abm_say(state):
    write_output_integer_register(25, state)
    write_output_integer_register(24, abm_number)
  end
"""

_FOLLOW = f"""\
  global abm_q = get_target_joint_positions()
  global abm_qd = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
  global abm_at = 0.0
  global abm_factor = 0.0
  def abm_servo(q, qd):
    local u = abm_at / {KNOT_S}
    local a = (1.0 + 2.0 * u) * (1.0 - u) * (1.0 - u)
    local b = u * (1.0 - u) * (1.0 - u) * {KNOT_S}
    local c = u * u * (3.0 - 2.0 * u)
    local d = u * u * (u - 1.0) * {KNOT_S}
    local x = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    local i = 0
    while i < 6:
      x[i] = a * abm_q[i] + b * abm_qd[i] + c * q[i] + d * qd[i]
      i = i + 1
    end
    servoj(x, 0, 0, get_steptime(), 0.05, 300)
  end
  def abm_go(q, qd):
    while abm_at < {KNOT_S} and abm_wanted():
      abm_servo(q, qd)
      local change = read_input_float_register(24) - abm_factor
      local most = {FACTOR_PER_S} * get_steptime()
      if change > most:
        change = most
      elif change < 0.0 - most:
        change = 0.0 - most
      end
      abm_factor = abm_factor + change
      abm_at = abm_at + abm_factor * get_steptime()
    end
    if abm_end == 0:
      abm_at = abm_at - {KNOT_S}
      abm_q = q
      abm_qd = qd
    end
  end
  def abm_settle(q):
    local since = 0.0
    while since < {SETTLE_S} and abm_wanted():
      servoj(q, 0, 0, get_steptime(), 0.05, 300)
      since = since + get_steptime()
    end
  end
  def abm_is_elsewhere(q):
    local far = False
    local i = 0
    while i < 6:
      if norm(abm_q[i] - q[i]) > {ELSEWHERE_RAD}:
        far = True
      end
      i = i + 1
    end
    return far
  end
"""


def motion(number: int, start_rad: Sequence[float], knots: Sequence[Knot], tool: Tool | None = None) -> str:
    """A program that follows the knots, 80 ms apart, from `start_rad`; the last one is the goal, at rest."""
    goal = knots[-1]
    way = "".join(f"    abm_go({_list(knot.angles_rad)}, {_list(knot.speeds_rad_s)})\n" for knot in knots)
    return (
        _head("abm_motion", number, tool)
        + _COMMON
        + _FOLLOW
        + "  if read_output_integer_register(24) != abm_number:\n"
        + f"    abm_say({int(State.RUNNING)})\n"
        + f"    if abm_is_elsewhere({_list(start_rad)}):\n"
        + f"      abm_end = {int(State.ELSEWHERE)}\n"
        + "    end\n"
        + "    while abm_seen == abm_first and abm_wanted():\n"
        + "      sync()\n"
        + "    end\n"
        + way
        + f"    abm_settle({_list(goal.angles_rad)})\n"
        + f"    stopj({STOP_RAD_S2})\n"
        + "    if abm_end == 0:\n"
        + f"      abm_end = {int(State.DONE)}\n"
        + "    end\n"
        + "    abm_say(abm_end)\n"
        + "  end\n"
        + "end\n"
    )


def free_drive(number: int, tool: Tool | None = None) -> str:
    """A program that lets a person move the arm while the heartbeat goes on, then holds it."""
    return (
        _head("abm_free_drive", number, tool)
        + _COMMON
        + "  if read_output_integer_register(24) != abm_number:\n"
        + f"    abm_say({int(State.RUNNING)})\n"
        + "    while abm_seen == abm_first and abm_wanted():\n"
        + "      sync()\n"
        + "    end\n"
        + "    if abm_wanted():\n"
        + "      freedrive_mode()\n"
        + f"      abm_say({int(State.FREE_DRIVE)})\n"
        + "      while abm_wanted():\n"
        + "        sync()\n"
        + "      end\n"
        + "      end_freedrive_mode()\n"
        + "    end\n"
        + "    abm_say(abm_end)\n"
        + "  end\n"
        + "end\n"
    )


def set_tool(number: int, tool: Tool) -> str:
    """A program that sets the tool and tells through registers what the controller has then. Nothing moves."""
    return (
        _head("abm_set_tool", number, tool)
        + "  local has = get_tcp_offset()\n"
        + "".join(f"  write_output_float_register({24 + axis}, has[{axis}])\n" for axis in range(6))
        + f"  write_output_integer_register(25, {int(State.TOOL_SET)})\n"
        + "  write_output_integer_register(24, abm_number)\n"
        + "end\n"
    )


def _head(name: str, number: int, tool: Tool | None) -> str:
    set_tcp = "" if tool is None else f"  set_tcp(p{_list(tool.pose)})\n"
    return f"def {name}():\n  global abm_number = {number}\n{set_tcp}"


def _list(values: Sequence[float]) -> str:
    # Fixed digits: a hundred-thousandth of a degree is more than enough, and no exponent has to be understood.
    return "[" + ", ".join(f"{value:.7f}" for value in values) + "]"


def rotation_vector(rpy_deg: Sequence[float]) -> tuple[float, float, float]:
    """R = Rz(yaw) Ry(pitch) Rx(roll) as axis times angle, radians."""
    roll, pitch, yaw = (math.radians(angle) / 2 for angle in rpy_deg)
    (cr, sr), (cp, sp), (cy, sy) = ((math.cos(half), math.sin(half)) for half in (roll, pitch, yaw))
    w = cr * cp * cy + sr * sp * sy
    x = sr * cp * cy - cr * sp * sy
    y = cr * sp * cy + sr * cp * sy
    z = cr * cp * sy - sr * sp * cy
    if w < 0:
        w, x, y, z = -w, -x, -y, -z
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-12:
        return (0.0, 0.0, 0.0)
    scale = 2 * math.atan2(length, w) / length
    return (x * scale, y * scale, z * scale)
