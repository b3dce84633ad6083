"""The daily check: has anything moved since the calibration, and how small a move would have been noticed."""
