"""A sound file through the loudspeaker, by a program that can be ended in the middle of a word."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from drivers.api import DriverError

PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"))
"""PipeWire, PulseAudio, ALSA: the sound server's own player first, since it shares the device."""


class PlayerError(DriverError):
    """The player cannot be started, or ended with an error."""

    code = "voice.player"


def find_player() -> tuple[str, ...] | None:
    """The command of a player that this machine has; None when there is none."""
    return next((command for command in PLAYERS if shutil.which(command[0])), None)


class Playing:
    """One file being played, in a process group of its own. Close it whatever happens."""

    def __init__(self, command: Sequence[str], wav: Path) -> None:
        """Raises PlayerError when the player cannot be started."""
        self._name = command[0]
        try:
            self._process = subprocess.Popen(
                [*command, str(wav)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise PlayerError(f"The player {self._name} cannot be started ({error}); install alsa-utils.") from error

    def ended(self) -> bool:
        """Whether the file has been played to its end. Raises PlayerError when the player failed."""
        status = self._process.poll()
        if status:
            assert self._process.stderr is not None
            os.set_blocking(self._process.stderr.fileno(), False)
            said = (self._process.stderr.read() or b"").decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"status {status}"
            raise PlayerError(f"The player {self._name} failed ({why}); check the loudspeaker and the sound card.")
        return status is not None

    def close(self) -> None:
        """Silence at once: the player and whatever it started are killed. They have nothing to save."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
