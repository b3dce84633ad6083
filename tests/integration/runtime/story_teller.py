"""A process that takes a whole visit through the loop, going on where the journal ends. Run: `story_teller.py FILE`.

Says `begun N` before row N is decided, `did N` for each effect of row N that it starts, and `over DIGEST` at the end.
"""

import sys
from contextlib import closing
from pathlib import Path

from support.loopbench import LoopBench, good_story

from station.core.codec import digest
from station.runtime.journal import Journal
from station.runtime.station import recover


def main() -> int:
    """Tell what is not yet on record."""
    story = good_story()
    with closing(Journal(Path(sys.argv[1]))) as journal:
        done = sum(1 for row in journal.rows() if row.kind == "event")
        if done == len(story.envelopes):
            print("over", flush=True)
            return 0
        bench = LoopBench(
            journal,
            story.procedure,
            state=recover(journal) if done else story.before,
            on_effect=lambda _: print(f"did {journal.next_seq - 1}", flush=True),
        )
        for envelope in story.envelopes[done:]:
            print(f"begun {journal.next_seq}", flush=True)
            bench.tell([envelope])
        print(f"over {digest(bench.loop.state)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
