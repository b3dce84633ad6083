"""The process that looks at one camera's pictures: asked for one, it gives back what it sees and the picture as JPEG.

A tracker that hangs or dies takes this process with it and nothing else: then nothing is known, which is never "no
hands".
"""

from __future__ import annotations

from vision.child import GONE, served
from vision.frame_ring import FrameRing
from vision.looking import Ready, look_at


def main() -> None:
    """Serve the owner that started this process."""
    import cv2

    cv2.setNumThreads(1)
    line, setting = served()
    ring = FrameRing(setting.size_px, setting.ring_fd)
    pipeline = setting.make_pipeline(setting.again)
    try:
        line.send(Ready())
        while True:
            line.send(look_at(pipeline, ring, setting.camera, line.recv()))
    except GONE:
        return  # The owner has closed the line.
    finally:
        pipeline.close()


if __name__ == "__main__":
    main()
