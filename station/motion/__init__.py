"""What the arm does: gestures, the bench it moves in, plans that keep clear of it. Pure: no clock, no I/O."""
