"""Options of `station vision`: a group of commands of its own, where looking at a recording needs no command's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from station.commands.defaults import default_config
from station.commands.teach import checks, teach, train
from station.commands.vision_evaluate import evaluate

LOOK = "look"


class LookByDefault(TyperGroup):
    """A group in which everything that is no command's name is what `look` is to look at."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """The arguments, with `look` before them where they name no command."""
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named or not args else [LOOK, *args])


vision_app = typer.Typer(
    cls=LookByDefault,
    no_args_is_help=True,
    help="See what the eyes see: `station vision FOLDER_OR_VIDEO` looks at a recording; more by the names below.",
)

vision_app.command("evaluate")(evaluate)
vision_app.command("teach")(teach)
vision_app.command("train")(train)
vision_app.command("checks")(checks)

FileOption = Annotated[
    Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
]


@vision_app.command(LOOK)
def look(
    path: Annotated[Path, typer.Argument(help="A video file or a folder of pictures.", exists=True)],
    config: FileOption = None,
    bench: Annotated[bool, typer.Option(help="Use the bench of the station file: poses, zones, facts.")] = False,
    camera: Annotated[str, typer.Option(help="Which camera of the bench took it.")] = "top",
    fps: Annotated[float, typer.Option(help="Pictures a second in a folder.")] = 10.0,
    hands: Annotated[bool, typer.Option(help="Look for hands.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a frame (the only form).")] = True,
) -> None:
    """Look at a recording with the real pipeline and print what is seen in each frame."""
    from station.commands.look import look as look_at

    station_file = (config or default_config()) if bench or config else None
    raise typer.Exit(look_at(path, config=station_file, camera=camera, fps=fps, hands=hands))
