"""Where frames come from: live cameras, streams, recordings."""
