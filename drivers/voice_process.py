"""The voice process: turns sentences into WAV files with pyttsx3, one at a time, for `drivers.voice_synthesiser`.

Lines of JSON. First it says `{"engine": name and versions}`. Each request on standard input,
`{"text", "lang", "rate_wpm", "path"}`, gets one answer on standard output: `{"ok": true}`, or `{"ok": false, "error"}`
with a sentence. The end of the input ends the process, so it cannot outlive its owner.

Only `save_to_file` of pyttsx3 is used. Its own playing loses sentences, cannot be stopped and hides a missing player.
Two of its habits matter here too (pyttsx3 2.99, `drivers/espeak.py`). eSpeak NG works in a thread of its own, for which
pyttsx3 does not wait: without `_settle` about one sentence in 150 comes out short or empty. And an unknown voice is an
event only, after which the previous voice speaks.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

SYSTEM_LIBRARY = "libespeak-ng.so.1"


class EngineError(Exception):
    """The engine cannot say this, or cannot speak at all."""


def load_library() -> ctypes.CDLL:
    """Load eSpeak NG where pyttsx3 finds it: the system's own, else the package's.

    The package's library has the system library's SONAME, so that the loader gives it to pyttsx3 by that name. Raises
    EngineError when there is neither.
    """
    try:
        library = ctypes.CDLL(SYSTEM_LIBRARY)
    except OSError:
        library = load_packaged_library()
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Info.argtypes = [ctypes.c_void_p]
    return library


def load_packaged_library() -> ctypes.CDLL:
    """Load the library and the voices of the package espeakng-loader. Raises EngineError when it is not there."""
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
    except (ImportError, OSError) as error:
        raise EngineError(f"there is no eSpeak NG ({error}); run `make setup`, or install espeak-ng") from error
    os.environ["ESPEAK_DATA_PATH"] = str(Path(espeakng_loader.get_data_path()).parent)
    return library


class Engine:
    """pyttsx3 with its event loop tamed. Only the thread that made it may use it."""

    def __init__(self) -> None:
        """Raises EngineError when there is nothing to speak with."""
        self._library = load_library()
        library = f"espeak-ng {self._library.espeak_Info(None).decode()}"
        import pyttsx3

        try:
            self._engine: Any = pyttsx3.init("espeak")
        except (RuntimeError, OSError, ImportError) as error:
            raise EngineError(f"pyttsx3 cannot use {library} ({error}); run `make setup` again") from error
        self.name = f"pyttsx3 {importlib.metadata.version('pyttsx3')}, {library}"
        self._finished = threading.Event()
        self._refused: list[Exception] = []
        self._manner: tuple[str, int] | None = None
        self._engine.connect("finished-utterance", lambda name, completed: self._finished.set())
        self._engine.connect("error", lambda name, exception: self._refused.append(exception))
        # The first loop of all takes up its settings late and returns early, so it runs before there is a sentence.
        self._settle()
        self._engine.runAndWait()

    def save(self, text: str, lang: str, rate_wpm: int, path: Path) -> None:
        """Write the sentence, 22,050 Hz mono. Raises EngineError when the engine has no such voice.

        It may hang with the engine; the owner of the process counts the seconds.
        """
        self._finished.clear()
        self._refused.clear()
        if self._manner != (lang, rate_wpm):
            self._manner = None
            self._engine.setProperty("voice", lang)
            self._engine.setProperty("rate", rate_wpm)
            self._settle()
        self._engine.save_to_file(text, str(path))
        self._engine.runAndWait()
        self._finished.wait()
        self._settle()
        if self._refused:
            raise EngineError(f"the voice does not speak `{lang}` ({self._refused[0]}); use a language that it has")
        self._manner = lang, rate_wpm

    def _settle(self) -> None:
        """Wait until eSpeak NG's own thread has nothing left to do (`espeak_Synchronize`, speak_lib.h).

        Each loop of pyttsx3 begins with an end of the loop before, which cancels if eSpeak NG is busy, be it with a
        setting only; the cancel then hits the new sentence.
        """
        self._library.espeak_Synchronize()


def serve(engine: Engine, requests: TextIO, answers: TextIO) -> None:
    """Answer requests until they end."""
    for line in requests:
        request = json.loads(line)
        try:
            engine.save(request["text"], request["lang"], request["rate_wpm"], Path(request["path"]))
            answer: dict[str, object] = {"ok": True}
        except EngineError as error:
            answer = {"ok": False, "error": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


def main() -> int:
    """Say which engine this is, then serve standard input; 1 when there is no engine."""
    # pyttsx3 prints a line for each file that it writes; the pipe to the owner carries answers only.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            engine = Engine()
        except EngineError as error:
            print(json.dumps({"ok": False, "error": str(error)}), file=answers, flush=True)
            return 1
        print(json.dumps({"engine": engine.name}), file=answers, flush=True)
        serve(engine, sys.stdin, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
