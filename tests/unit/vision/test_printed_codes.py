"""Printed codes are read at an angle, blurred and small; what is no code is none; the pass is the QR code."""

import io

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.api import CodeObservation
from vision.codes import CodeReader, kind_of, pass_text, read_codes

PAPER = 235


def drawn(kind: str, text: str, module_px: int = 4) -> np.ndarray:
    """A code with its quiet zone, uint8 (h, w)."""
    if kind in ("qr", "micro-qr"):
        file = io.BytesIO()
        segno.make(text, micro=kind == "micro-qr", encoding="utf-8" if not text.isascii() else None).save(
            file, kind="png", scale=module_px, border=4
        )
        return cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    names = {"data-matrix": "DataMatrix", "code-128": "Code128", "code-39": "Code39", "ean-13": "EAN13"}
    code = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(names[kind]))
    return cv2.copyMakeBorder(
        np.array(code.to_image(scale=module_px)), 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=(255,)
    )


def on_table(code: np.ndarray, turn_deg: float = 0.0, blur_px: float = 0.0, tilt: float = 0.0) -> np.ndarray:
    """A grey 640x480 picture with the code in the middle, turned and foreshortened by `tilt` at its far edge."""
    height, width = code.shape
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    corners = (source - source.mean(axis=0)) * [[1 - tilt, 1 - tilt], [1 - tilt, 1 - tilt], [1, 1], [1, 1]]
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = (corners @ turn.T + (320, 240)).astype(np.float32)
    picture = np.full((480, 640), 110, np.uint8)
    cv2.warpPerspective(
        np.minimum(code, PAPER),
        cv2.getPerspectiveTransform(source, target),
        (640, 480),
        dst=picture,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    noisy = picture + np.random.default_rng(1).normal(scale=4.0, size=picture.shape)
    sharp = np.clip(noisy, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), blur_px) if blur_px else sharp, dtype=np.uint8)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("qr", "ABM1:A-1001, a pass"),
        ("micro-qr", "A-1001"),
        ("data-matrix", "SN 4711-0815"),
        ("code-128", "4711-0815"),
        ("code-39", "PART-77"),
        ("ean-13", "4006381333931"),
    ],
)
@pytest.mark.parametrize(("turn_deg", "blur_px", "tilt"), [(0, 0, 0), (23, 0.8, 0), (-70, 0, 0.15), (180, 1.0, 0.1)])
def test_codes_of_every_kind_are_read(kind: str, text: str, turn_deg: float, blur_px: float, tilt: float) -> None:
    """It should give kind, text, and corners that lie round the code, however it lies."""
    code = drawn(kind, text)
    (read,) = read_codes(on_table(code, turn_deg, blur_px, tilt))
    assert (read.kind, read.text) == (kind, text)
    away = np.linalg.norm(read.corners_px.mean(axis=0) - (320, 240))
    assert away < 25.0, "in the middle of the picture"
    assert read.corners_px.shape == (4, 2)
    longest = np.linalg.norm(read.corners_px - np.roll(read.corners_px, 1, axis=0), axis=1).max()
    assert 0.5 * max(code.shape) < longest < 1.1 * max(code.shape)


def test_a_small_code_is_read_on_every_second_picture() -> None:
    """It should enlarge every second picture, and give corners in the pixels of the picture itself."""
    picture = on_table(drawn("qr", "ABM1:A-1001, far away", module_px=2), turn_deg=11)
    reader = CodeReader()
    reads = [reader.read(picture) for _ in range(4)]
    assert all(codes and codes[0].text == "ABM1:A-1001, far away" for codes in reads[1::2])
    (code,) = reads[1]
    assert np.linalg.norm(code.corners_px.mean(axis=0) - (320, 240)) < 3.0


def test_a_code_that_is_not_whole_is_none() -> None:
    """It should say nothing of a code with a thumb over a quarter of it, nor of a bench with no code."""
    picture = on_table(drawn("data-matrix", "SN 4711-0815"))
    picture[240:400, 320:480] = 120
    assert read_codes(picture) == ()
    stripes = np.tile(np.repeat(np.array([40, 200], np.uint8), 5), (480, 64))
    assert read_codes(stripes) == ()


def test_the_pass_is_the_largest_qr_code() -> None:
    """It should take the QR code that is held to the camera, never a label's bar code."""
    picture = on_table(drawn("ean-13", "4006381333931"))
    assert pass_text(read_codes(picture)) is None
    small, large = drawn("qr", "on the table behind", module_px=3), drawn("qr", "held to the camera", module_px=6)
    picture = np.full((480, 640), 110, np.uint8)
    picture[10 : 10 + small.shape[0], 10 : 10 + small.shape[1]] = small
    picture[200 : 200 + large.shape[0], 300 : 300 + large.shape[1]] = large
    codes = read_codes(picture)
    assert len(codes) == 2 and pass_text(codes) == "held to the camera"


def test_kinds_have_plain_names() -> None:
    """It should name kinds as the observation says."""
    names = ("QR Code", "Micro QR Code", "Data Matrix", "Code 128", "EAN-13")
    assert [kind_of(name) for name in names] == ["qr", "micro-qr", "data-matrix", "code-128", "ean-13"]


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40))
def test_any_text_comes_back_as_it_was_printed(text: str) -> None:
    """It should give back every text that a QR code can carry, in every script."""
    picture = on_table(drawn("qr", text, module_px=4) if len(text) > 4 else drawn("qr", text + "-----", module_px=4))
    (code,) = read_codes(picture)
    assert isinstance(code, CodeObservation)
    assert code.text.removesuffix("-----") == text.removesuffix("-----")
