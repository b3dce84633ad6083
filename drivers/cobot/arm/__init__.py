"""What all six-joint arms of one structure share: model, kinematics, clearances and paths. Pure; no bytes, no clock."""
