"""Procedures by which technicians calibrate cameras, cobot and tool; the types they produce live in `vision`."""
