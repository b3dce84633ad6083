"""Arms of Universal Robots with a dashboard (CB-series and e-Series), over three TCP ports."""
