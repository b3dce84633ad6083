"""A bench made of paper: its geometry, and the sheets to print, cut and fold."""
