"""Hands by mediapipe's hand landmarker, behind `vision.api.HandTracker`; none of its types leave this module.

One landmarker for the life of the tracker (each creation costs memory that is not given back). A camera's pictures are
looked at in VIDEO mode with timestamps that strictly increase; photographs that have nothing to do with each other in
IMAGE mode, where no picture's hands are looked for in the next one.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from vision.api import Frame, HandObservation

MOST_HANDS = 4
"""Both of the visitor's, and both of somebody else's."""


class HandModelMissingError(Exception):
    """The model file is not there or cannot be read."""

    code = "vision.hand_model_missing"


class MediapipeHands:
    """Finds up to `limit` bare hands. Gloves and held objects are outside the model's scope: a hint, never proof."""

    def __init__(self, model: Path, *, limit: int = MOST_HANDS, confidence: float = 0.5, video: bool = True) -> None:
        """Load the model. `video`: frames come from one camera in order of time. Raises `HandModelMissingError`."""
        if not model.is_file():
            raise HandModelMissingError(f"the hand model {model} is not there; run `make setup`, which builds it")
        self._lock = threading.Lock()
        self._last_ms = -1
        self._video = video
        self._landmarker: Any = _new_landmarker(model, limit, confidence, video)

    def track(self, frame: Frame) -> tuple[HandObservation, ...]:
        """Hands in the frame, landmarks in its pixels. Raises RuntimeError after `close`."""
        import cv2
        import mediapipe

        rgb = cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB)
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        with self._lock:
            if self._landmarker is None:
                raise RuntimeError("the hand tracker is closed; make a new one")
            if self._video:
                self._last_ms = max(self._last_ms + 1, round(frame.t_mono_s * 1000.0))
                result = self._landmarker.detect_for_video(picture, self._last_ms)
            else:
                result = self._landmarker.detect(picture)
        height, width = frame.image.shape[:2]
        return tuple(
            _observation(points, labels[0], width, height)
            for points, labels in zip(result.hand_landmarks, result.handedness, strict=True)
        )

    def close(self) -> None:
        """Free the model. Calling it again does nothing."""
        with self._lock:
            landmarker, self._landmarker = self._landmarker, None
        if landmarker is not None:
            landmarker.close()


def _observation(points: Any, label: Any, width: int, height: int) -> HandObservation:
    """Normalised landmarks, where 0 and 1 are the outer edges of the picture, to OpenCV pixel centres."""
    pixels = np.array([[point.x * width - 0.5, point.y * height - 0.5] for point in points], dtype=np.float32)
    pixels.setflags(write=False)
    return HandObservation(landmarks_px=pixels, handedness=str(label.category_name), score=float(label.score))


def _new_landmarker(model: Path, limit: int, confidence: float, video: bool) -> Any:
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
        running_mode=vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
        num_hands=limit,
        min_hand_detection_confidence=confidence,
        min_hand_presence_confidence=confidence,
        min_tracking_confidence=confidence,
    )
    try:
        return vision.HandLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as problem:
        raise HandModelMissingError(
            f"the hand model {model} is no model that mediapipe can read ({problem}); delete it and run `make setup`"
        ) from problem
