"""pupil-apriltags' detector, made safe to drop. Importing this loads a C library: import it where it is used."""

from __future__ import annotations

from pupil_apriltags import Detector


class AprilTagDetector(Detector):  # type: ignore[misc]  # the library has no type information
    """A detector of family 36h11, one thread, that may be dropped at any time.

    The library's own finaliser frees the tag family first and then lets the detector walk the freed family, which now
    and then crashes the process. Here the detector forgets the family before either is freed: see
    `apriltag_detector_remove_family` in apriltag.h, which also frees the family's decoding table.
    """

    def __init__(self, decimate: float) -> None:
        super().__init__(families="tag36h11", nthreads=1, quad_decimate=decimate, quad_sigma=0.0, refine_edges=1)

    def __del__(self) -> None:
        if self.tag_detector_ptr is not None:
            self.libc.apriltag_detector_remove_family.restype = None
            for family in self.tag_families.values():
                self.libc.apriltag_detector_remove_family(self.tag_detector_ptr, family)
        super().__del__()
