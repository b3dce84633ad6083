"""Pure decisions: events in, state and effects out. No clock, no I/O, no threads, no logging."""
