// Speech through the page, only where the station itself has no player: what is newer interrupts what is older.

export class Voice {
  #audio = new Audio();
  #last = "";

  say(caption) {
    if (!caption?.wav || caption.utterance === this.#last) return;
    this.#last = caption.utterance;
    this.#audio.src = caption.wav;
    this.#audio.play().catch((problem) => {
      // Before the first touch a browser keeps quiet, and a newer utterance ends an older one; the caption says it anyway.
      if (problem.name !== "NotAllowedError" && problem.name !== "AbortError" && problem.name !== "NotSupportedError")
        throw problem;
    });
  }
}
