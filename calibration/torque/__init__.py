"""Verification of a torque tool against a reference transducer: readings, figures, chart, budget, verdict."""
