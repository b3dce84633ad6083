"""Input and output around the core: clock, journal, the loop, and what carries effects out."""
