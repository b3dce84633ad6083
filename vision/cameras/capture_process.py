"""The process that captures one camera: pictures into the ring, stamped as they are dequeued, and a notice of each.

It has nothing else to do, so a driver that hangs in it hangs nothing else, and its owner can kill it.
"""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from typing import Any

from vision.cameras.notices import Captured, CaptureSetting, Ended, Failed, Opened, Question
from vision.cameras.repeats import RepeatGate
from vision.cameras.source import CameraError, FrameSource
from vision.child import GONE, served
from vision.frame_ring import FrameRing


class Capture:
    """One camera in its process."""

    def __init__(self, setting: CaptureSetting, line: Connection[Any, Any], ring: FrameRing) -> None:
        self._setting = setting
        self._line = line
        self._ring = ring
        self._seq = setting.first_seq - 1

    def run(self) -> None:
        """Capture until a recording ends or the owner is gone; open the camera again when it is lost."""
        while True:
            try:
                source = self._setting.opener.open(time.monotonic, self._ask)
                try:
                    self._line.send(Opened(described=source.described))
                    if self._pump(source):
                        self._line.send(Ended())
                        return
                finally:
                    source.close()
            except CameraError as problem:
                self._line.send(Failed(code=problem.code, detail=str(problem)))
            time.sleep(self._setting.reopen_s)

    def _pump(self, source: FrameSource) -> bool:
        """Move pictures into the ring; True when the recording has ended."""
        gate = RepeatGate()
        while (frame := source.read()) is not None:
            height, width = frame.image.shape[:2]
            if (width, height) != self._ring.size_px:
                given, asked = f"{width}x{height}", "x".join(str(size) for size in self._ring.size_px)
                detail = f"Camera {self._setting.name} gives {given} where {asked} is asked for; set a size it has."
                raise CameraError("camera.wrong_size", detail)
            self._seq += 1
            self._ring.put(self._seq, frame.image)
            self._line.send(Captured(seq=self._seq, t_mono_s=frame.t_mono_s, repeat=gate.judge(frame)))
        return True

    def _ask(self, question: object) -> Any:
        self._line.send(Question(asked=question))
        return self._line.recv()


def main() -> None:
    """Serve the owner that started this process."""
    import cv2

    cv2.setNumThreads(1)
    line, setting = served()
    ring = FrameRing(setting.size_px, setting.ring_fd)
    try:
        Capture(setting, line, ring).run()
    except GONE:
        return  # The owner has closed the line.


if __name__ == "__main__":
    main()
