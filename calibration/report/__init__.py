"""Reports of calibrations: one page for the technician, the rest for the engineer; HTML and PDF from the same plots."""
