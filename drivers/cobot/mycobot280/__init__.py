"""The myCobot 280 family: bytes, kinematics, driver and wire-level simulator."""
