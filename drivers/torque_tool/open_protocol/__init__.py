"""Tightening controllers that speak Open Protocol: codec, driver, and a simulated controller."""
