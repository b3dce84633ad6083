"""The lone simulated controller in a terminal: its state, its last results, its log, and a key for each button."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from station.simulation.lone_tool import FAULT_WORDS, JOINT_WORDS, LogLine, LoneTool, Look, ResultLine, Speaker

KEYS = "t trigger   l loosen   j next joint   f next fault   a alarm on/off   q quit"
_STYLES = {
    Speaker.CLIENT: ("client ", "cyan"),
    Speaker.CONTROLLER: ("tool   ", "green"),
    Speaker.MISTAKE: ("MISTAKE", "bold red"),
    Speaker.NOTE: ("note   ", "yellow"),
}
_RESULTS_SHOWN = 4
_LONGEST_LOG = 20


def press(tool: LoneTool, key: str, now_s: float) -> bool:
    """Do what this key stands for; unknown ones do nothing. False when it is to end."""
    actions: dict[str, Callable[[], object]] = {
        "t": lambda: tool.pull_trigger(now_s),
        "l": lambda: tool.pull_trigger(now_s, loosening=True),
        "j": lambda: tool.set_joint(_after(JOINT_WORDS, tool.joint)),
        "f": lambda: tool.fail(_after(FAULT_WORDS, tool.look().fault)),
        "a": lambda: tool.set_alarm(not tool.look().alarm, now_s),
    }
    actions.get(key, lambda: None)()
    return key not in ("q", "\x03", "\x04")


def render(tool: LoneTool, console: Console) -> RenderableType:
    """The whole screen; the log takes what height is left, at most 20 lines."""
    look = tool.look()
    facts = _facts(look)
    results = _results(look.results[:_RESULTS_SHOWN])
    taken = facts.row_count + max(1, results.row_count) + 8
    room = max(3, min(_LONGEST_LOG, console.height - taken))
    return Group(
        Panel(facts, title=f"{look.title} (simulation)", title_align="left", border_style="dim"),
        results if look.results else Text("no rundown yet", style="dim"),
        Panel(_log(tool.log()[-room:], room), title=_log_title(look), title_align="left", border_style="dim"),
        Text(KEYS, style="reverse"),
    )


def _facts(look: Look) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_row("line", look.address)
    table.add_row("session", Text(look.session, style="" if look.session.startswith("open") else "yellow"))
    turning = f"   {look.torque_nm:.2f} N·m   {look.angle_deg:.0f}°" if look.tool == "turning" else ""
    table.add_row("tool", Text(look.tool + turning, style="green" if look.tool in ("enabled", "turning") else "yellow"))
    table.add_row("set", f"{look.pset}   batch {look.batch}   job {look.job}   identifier {look.identifier}")
    table.add_row("next joint", f"{look.joint}   fault {look.fault}   alarm {look.alarm or 'none'}")
    heard = f"{look.silent_s:.0f} s ago" if look.bytes_in else "never"
    table.add_row("client", f"heard {heard}   keep-alives {look.keep_alives}   bytes {look.bytes_in}/{look.bytes_out}")
    return table


def _results(results: tuple[ResultLine, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for result in results:
        errors = f"{', '.join(result.errors)} {result.spindles}".strip()
        table.add_row(
            Text(f" id {result.tightening_id}"),
            Text("OK " if result.ok else "NOK", style="green" if result.ok else "bold red"),
            Text(f"{result.torque_nm:.2f} N·m {_beside(result.torque_status)}"),
            Text(f"{result.angle_deg:.0f}° {_beside(result.angle_status)}"),
            Text(f"set {result.pset}"),
            Text("" if result.kind == "tightening" else result.kind, style="yellow"),
            Text(errors, style="dim", overflow="ellipsis", no_wrap=True),
        )
    return table


def _log(lines: tuple[LogLine, ...], room: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", justify="right", no_wrap=True, min_width=7)
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for line in lines:
        who, style = _STYLES[line.speaker]
        said = style if line.speaker in (Speaker.MISTAKE, Speaker.NOTE) else ""
        table.add_row(f"{line.t_s:.1f}", Text(who, style=style), Text(line.text, style=said))
    for _ in range(room - len(lines)):
        table.add_row("", "", "")
    return table


def _log_title(look: Look) -> str:
    return f"messages; mistakes and refusals: {look.mistakes}"


def _beside(status: str) -> str:
    return "" if status == "ok" else status


def _after(words: tuple[str, ...], word: str) -> str:
    return words[(words.index(word) + 1) % len(words)]
