"""A process that appends rows for as long as it may, and says of each that it is on disk. Run it with a file name."""

import sys
from pathlib import Path

from station.runtime.journal import Entry, Journal, JournalError, ResultKey

PAYLOAD = "x" * 400


def main() -> int:
    """Append until killed or refused."""
    journal = Journal(Path(sys.argv[1]))
    while True:
        number = journal.next_seq
        try:
            journal.append(
                Entry(
                    visit="V-1",
                    kind="event",
                    t_utc="2026-01-05T09:00:00.000Z",
                    t_mono_s=float(number),
                    source="child",
                    body={"number": number, "payload": PAYLOAD},
                    result=ResultKey(station="b", controller_serial="C", tightening_id=number),
                )
            )
        except JournalError as error:
            print(f"refused {error}", flush=True)
            return 3
        print(f"acked {number}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
