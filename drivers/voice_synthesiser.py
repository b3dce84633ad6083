"""Sentences to WAV files: owns the voice process and the cache of what it has said before."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.api import DriverError
from drivers.kana import kana_only

VOICE_PROCESS = (sys.executable, "-m", "drivers.voice_process")
START_WITHIN_S = 5.0
PHRASE_WITHIN_S = 3.0
"""Per sentence. Sentences take 10 to 50 ms; only an engine that hangs takes this long."""
RESTART_AFTER_S = 1.0
"""Pause before the next attempt when a fresh process has failed too."""
CACHED_FILES = 500
"""What the cache keeps from one run to the next, the newest; a sentence takes about 200 kB."""


class SpeechError(DriverError):
    """A sentence that cannot be said; its caption is shown all the same."""

    code = "voice.failed"


class ReadingError(SpeechError):
    """A sentence that the engine would read wrongly; another engine process changes nothing."""

    code = "voice.reading"


class ProcessError(SpeechError):
    """The voice process ended, hangs or cannot be started."""

    code = "voice.process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wav:
    """A sentence as a sound file, and how long it takes."""

    path: Path
    duration_s: float


class _Child:
    """One run of the voice process. Raises ProcessError when it ends, hangs or does not start."""

    def __init__(self, command: Sequence[str]) -> None:
        # A session of its own: Ctrl-C in the terminal is for the station, which ends this process itself.
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except OSError as error:
            raise ProcessError(f"The voice process cannot be started ({error}); run `make setup` again.") from error
        self._unread = b""
        try:
            hello = self._answer(START_WITHIN_S)
            if "engine" not in hello:
                raise ProcessError(f"The voice cannot speak: {hello.get('error', 'it said no engine')}.")
        except ProcessError:
            self.close()
            raise
        self.engine = str(hello["engine"])

    def save(self, request: Mapping[str, object], timeout_s: float) -> None:
        """Have a sentence written. Raises ReadingError when the engine refuses it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError as error:
            raise ProcessError("The voice process has ended; it is started again with the next sentence.") from error
        answer = self._answer(timeout_s)
        if not answer["ok"]:
            raise ReadingError(f"The voice cannot say {request['text']!r}: {answer['error']}.")

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], timeout_s)[0]:
                raise ProcessError(
                    f"The voice process gave no answer for {timeout_s:g} s; it is ended and started again."
                )
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise ProcessError("The voice process has ended; it is started again with the next sentence.")
            self._unread += data
        line, self._unread = self._unread.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it. It has nothing to save."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class Synthesiser:
    """Any thread may call `synthesise`; one sentence is made at a time. `close` ends the voice process for good."""

    def __init__(
        self,
        cache_dir: Path,
        *,
        rate_wpm: int,
        clock: Callable[[], float],
        command: Sequence[str] = VOICE_PROCESS,
        phrase_within_s: float = PHRASE_WITHIN_S,
    ) -> None:
        self._cache_dir = cache_dir
        self._rate_wpm = rate_wpm
        self._clock = clock
        self._command = tuple(command)
        self._phrase_within_s = phrase_within_s
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False
        self._not_before_s: float | None = None

    def synthesise(self, text: str, lang: str) -> Wav:
        """The sentence as a file, from the cache when it has been said before.

        A process that has ended or hangs is replaced at once, and asked again. Raises ReadingError for a sentence that
        the engine cannot read, ProcessError when a fresh process fails too, SpeechError when it cannot be kept.
        """
        if not any(letter.isalnum() for letter in text):
            raise ReadingError(f"There is nothing to say in {text!r}; give the phrase a text.")
        if lang == "ja" and not kana_only(text):
            raise ReadingError(f"The voice cannot read {text!r}; write the phrase's reading in kana.")
        with self._lock:
            if self._not_before_s is not None and self._clock() < self._not_before_s:
                raise ProcessError(
                    f"The voice process has failed twice; it is tried again within {RESTART_AFTER_S:g} s."
                )
            try:
                return self._made(text, lang)
            except ProcessError:
                self._drop()
                try:
                    return self._made(text, lang)
                except ProcessError:
                    self._drop()
                    self._not_before_s = self._clock() + RESTART_AFTER_S
                    raise

    def start(self) -> str:
        """Tidy the cache and start the voice process. Returns the engine's name; raises SpeechError."""
        with self._lock:
            self._tidy()
            return self._running().engine

    def close(self) -> None:
        """End the voice process; no other is started."""
        with self._lock:
            self._closed = True
            self._drop()

    def _running(self) -> _Child:
        if self._closed:
            raise ProcessError("The voice is closed; start the station again.")
        if self._child is None:
            self._child = _Child(self._command)
            self._not_before_s = None
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _made(self, text: str, lang: str) -> Wav:
        child = self._running()
        key = hashlib.sha256(json.dumps([child.engine, lang, self._rate_wpm, text]).encode()).hexdigest()
        path = self._cache_dir / f"{key}.wav"
        if (duration_s := _duration_s(path)) is not None:
            return Wav(path=path, duration_s=duration_s)
        part = path.with_suffix(".part")
        with self._on_disk():
            self._cache_dir.mkdir(parents=True, exist_ok=True)
            # The engine says nothing of a file that it cannot write, so it is tried first.
            part.write_bytes(b"")
        child.save({"text": text, "lang": lang, "rate_wpm": self._rate_wpm, "path": str(part)}, self._phrase_within_s)
        duration_s = _duration_s(part)
        if duration_s is None:
            raise ProcessError(f"The voice process wrote no sound for {text!r}; free the disk if it is full.")
        with self._on_disk():
            part.replace(path)
        return Wav(path=path, duration_s=duration_s)

    def _tidy(self) -> None:
        with self._on_disk():
            for part in self._cache_dir.glob("*.part"):
                part.unlink()
            wavs = sorted(self._cache_dir.glob("*.wav"), key=lambda wav: wav.stat().st_mtime, reverse=True)
            for wav in wavs[CACHED_FILES:]:
                wav.unlink()

    @contextlib.contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SpeechError(
                f"Speech cannot be kept in {self._cache_dir} ({error}); free or mount the disk."
            ) from error


def _duration_s(path: Path) -> float | None:
    """Length of a sound file; None when there is none, or not a whole one."""
    try:
        with wave.open(str(path), "rb") as sound:
            frames = sound.getnframes()
            whole = path.stat().st_size >= frames * sound.getsampwidth() * sound.getnchannels()
            return frames / sound.getframerate() if frames and whole else None
    except (OSError, EOFError, wave.Error):
        return None
