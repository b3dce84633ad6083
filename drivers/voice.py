"""Speech: what is said, in which order, and what is cut short. One thread of the caller runs it.

Sentences become WAV files in a process of their own (`drivers.voice_synthesiser`) and are played by a player that can
be killed (`drivers.voice_player`). Without a player, or with one that fails, the voice keeps the same order and takes
the same time, so that a page which plays the files says what a loudspeaker would have said. Captions never wait for it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drivers.voice_player import PlayerError, Playing
from drivers.voice_queue import Priority, SpeechQueue, Utterance
from drivers.voice_synthesiser import VOICE_PROCESS, SpeechError, Synthesiser, Wav

LONGEST_WAIT_S = 0.1
"""How late `run` may notice that its stop event was set while nothing is said."""
LOOK_EVERY_S = 0.02
"""How late the end of a file may be noticed."""
PLAYER_GRACE_S = 3.0
"""How much longer than its file a player may take."""
REMEMBERED = 64
"""How many of the newest utterances `wav_for` knows."""


class Ending(StrEnum):
    """How an utterance ended; every utterance ends in exactly one way."""

    PLAYED = "played"
    SILENT = "silent"
    """No player here played it, and its time has passed."""
    INTERRUPTED = "interrupted"
    REPLACED = "replaced"
    """A newer one took its place before it began."""
    FAILED = "failed"
    """It could not be made into sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechReady:
    """An utterance begins: its sound is there, for a player or for a page."""

    utterance_id: str
    wav_path: Path
    duration_s: float
    t_mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An utterance is over."""

    utterance_id: str
    ending: Ending
    wav_path: Path | None
    """None when it never began."""
    duration_s: float
    """Length of the whole sentence; 0 without a file."""
    t_mono_s: float

    @property
    def played(self) -> bool:
        """Whether a player here played it to its end."""
        return self.ending is Ending.PLAYED


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceHealth:
    """Told when it changes. `voice.ready`, `voice.no_player` or the code of a SpeechError or PlayerError."""

    good: bool
    code: str
    detail: str


VoiceEvent = SpeechReady | Spoken | VoiceHealth


class Voice:
    """Says one utterance at a time. Every method may be called from any thread; `run` by one, once.

    `on_event` is called in the thread of `run`. `clock` gives monotonic seconds. `player` is a command that gets the
    file as its last argument, as `find_player` gives it; None where there is no loudspeaker.
    """

    def __init__(
        self,
        cache_dir: Path,
        *,
        rate_wpm: int,
        on_event: Callable[[VoiceEvent], None],
        clock: Callable[[], float],
        player: Sequence[str] | None = None,
        voice_process: Sequence[str] = VOICE_PROCESS,
    ) -> None:
        self._synthesiser = Synthesiser(cache_dir, rate_wpm=rate_wpm, clock=clock, command=voice_process)
        self._on_event = on_event
        self._clock = clock
        self._player = tuple(player) if player else None
        self._changed = threading.Condition()
        self._queue = SpeechQueue()
        self._unsaid: list[tuple[Utterance, Ending]] = []
        self._hushed = False
        self._wavs: dict[str, Path] = {}
        self._engine_trouble: SpeechError | None = None
        self._player_trouble: PlayerError | None = None
        self._told: VoiceHealth | None = None

    @property
    def can_play(self) -> bool:
        """Whether there is a player here that has not failed since it last worked; else a page has to play."""
        with self._changed:
            return self._player is not None and self._player_trouble is None

    def say(self, utterance: Utterance) -> None:
        """Say it when its turn comes: at once when it outranks what is being said. While `run` runs it ends in one
        `Spoken`."""
        with self._changed:
            self._unsaid += [(other, Ending.REPLACED) for other in self._queue.put(utterance)]
            self._changed.notify()

    def interrupt(self) -> None:
        """Silence now, and forget what waits. Sentences of safety go on."""
        with self._changed:
            self._unsaid += [(other, Ending.INTERRUPTED) for other in self._queue.hush()]
            self._hushed = True
            self._changed.notify()

    def wav_for(self, utterance_id: str) -> Path | None:
        """The sound of an utterance that has begun; None when it has not, or was long ago."""
        with self._changed:
            return self._wavs.get(utterance_id)

    def synthesise(self, text: str, lang: str) -> Path:
        """Make a sentence before it is needed. Raises SpeechError when it cannot be said."""
        return self._synthesiser.synthesise(text, lang).path

    def run(self, stop: threading.Event) -> None:
        """Speak until `stop` is set; then the voice is closed for good and nothing of it is left running."""
        try:
            self._start()
            while not stop.is_set():
                utterance = self._next()
                self._tell_unsaid()
                if utterance is not None:
                    self._speak(utterance, stop)
            self._forget()
        finally:
            self._synthesiser.close()

    def _start(self) -> None:
        try:
            self._synthesiser.start()
        except SpeechError as error:
            self._engine_trouble = error
        self._tell_health()

    def _next(self) -> Utterance | None:
        with self._changed:
            utterance = self._queue.take()
            if utterance is None and not self._unsaid:
                self._changed.wait(LONGEST_WAIT_S)
                utterance = self._queue.take()
            self._hushed = False
            return utterance

    def _forget(self) -> None:
        with self._changed:
            while (utterance := self._queue.take()) is not None:
                self._unsaid.append((utterance, Ending.INTERRUPTED))
        self._tell_unsaid()

    def _speak(self, utterance: Utterance, stop: threading.Event) -> None:
        try:
            wav = self._synthesiser.synthesise(utterance.text, utterance.lang)
        except SpeechError as error:
            self._engine_trouble = error
            self._tell_health()
            self._tell_end(utterance, Ending.FAILED, None)
            return
        self._engine_trouble = None
        if self._gives_way(utterance, stop):
            self._tell_end(utterance, Ending.INTERRUPTED, None)
            return
        self._remember(utterance, wav)
        now_s = self._clock()
        self._on_event(
            SpeechReady(
                utterance_id=utterance.utterance_id, wav_path=wav.path, duration_s=wav.duration_s, t_mono_s=now_s
            )
        )
        self._tell_end(utterance, self._play(utterance, wav, now_s, stop), wav)
        self._tell_health()

    def _remember(self, utterance: Utterance, wav: Wav) -> None:
        with self._changed:
            self._wavs[utterance.utterance_id] = wav.path
            while len(self._wavs) > REMEMBERED:
                del self._wavs[next(iter(self._wavs))]

    def _play(self, utterance: Utterance, wav: Wav, start_s: float, stop: threading.Event) -> Ending:
        end_s = start_s + wav.duration_s
        if self._player is not None:
            try:
                with contextlib.closing(Playing(self._player, wav.path)) as playing:
                    ending = self._until_over(utterance, playing, end_s, stop)
            except PlayerError as error:
                self._set_player_trouble(error)
                self._tell_health()
            else:
                if ending is Ending.PLAYED:
                    self._set_player_trouble(None)
                return ending
        return self._until_over(utterance, None, end_s, stop)

    def _until_over(self, utterance: Utterance, playing: Playing | None, end_s: float, stop: threading.Event) -> Ending:
        while not self._gives_way(utterance, stop):
            if playing is not None and playing.ended():
                return Ending.PLAYED
            now_s = self._clock()
            if playing is None and now_s >= end_s:
                return Ending.SILENT
            if now_s >= end_s + PLAYER_GRACE_S:
                raise PlayerError("The player does not come to an end; check the sound card, or choose another player.")
            self._tell_unsaid()
            with self._changed:
                if not (self._queue.outranks(utterance) or self._hushed):
                    self._changed.wait(LOOK_EVERY_S)
        return Ending.INTERRUPTED

    def _gives_way(self, utterance: Utterance, stop: threading.Event) -> bool:
        with self._changed:
            hushed, self._hushed = self._hushed, False
            return (
                stop.is_set()
                or (hushed and utterance.priority is not Priority.SAFETY)
                or self._queue.outranks(utterance)
            )

    def _set_player_trouble(self, trouble: PlayerError | None) -> None:
        with self._changed:
            self._player_trouble = trouble

    def _tell_unsaid(self) -> None:
        with self._changed:
            unsaid, self._unsaid = self._unsaid, []
        for utterance, ending in unsaid:
            self._tell_end(utterance, ending, None)

    def _tell_end(self, utterance: Utterance, ending: Ending, wav: Wav | None) -> None:
        self._on_event(
            Spoken(
                utterance_id=utterance.utterance_id,
                ending=ending,
                wav_path=wav.path if wav else None,
                duration_s=wav.duration_s if wav else 0.0,
                t_mono_s=self._clock(),
            )
        )

    def _tell_health(self) -> None:
        trouble = self._engine_trouble or self._player_trouble
        if trouble is not None:
            health = VoiceHealth(good=False, code=trouble.code, detail=str(trouble))
        elif self._player is None:
            detail = "There is no player on this machine; install alsa-utils, or let the page play. Captions are shown."
            health = VoiceHealth(good=False, code="voice.no_player", detail=detail)
        else:
            health = VoiceHealth(good=True, code="voice.ready", detail=f"Plays through {self._player[0]}.")
        if health != self._told:
            self._told = health
            self._on_event(health)
