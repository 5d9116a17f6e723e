import io
import os
import struct
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rawpy
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_makers import corners, dng, encode, exif, scene, source
from PIL import Image, ImageCms

from keepers.errors import PhotoError, PhotoTooLarge, UnreadablePhoto
from keepers.io import bitmap, decode, files, jpeg, raw
from keepers.io.decode import decode_bytes, read
from keepers.io.files import content_id
from keepers.io.profile import adobe_rgb, to_srgb
from keepers.types import Source

pytestmark = pytest.mark.usefixtures("silence")
Save = Callable[[str, bytes], Source]


def heif(rgb: np.ndarray, **options: object) -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return encode(rgb, "HEIF", **options)


KINDS = {
    "jpeg": lambda rgb: encode(rgb),
    "progressive": lambda rgb: encode(rgb, progressive=True),
    "png": lambda rgb: encode(rgb, "PNG"),
    "tiff": lambda rgb: encode(rgb, "TIFF"),
    "tiff lzw": lambda rgb: encode(rgb, "TIFF", compression="tiff_lzw"),
    "webp": lambda rgb: encode(rgb, "WEBP", quality=90),
    "avif": lambda rgb: encode(rgb, "AVIF", quality=90),
    "heic": heif,
    "bmp": lambda rgb: encode(rgb, "BMP"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known_by_its_content(kind: str, save: Save) -> None:
    photo, frame = read(save("misnamed.png", KINDS[kind](scene())))
    assert (photo.width, photo.height, frame.scale, frame.origin) == (128, 96, 1.0, "image")
    assert frame.rgb.dtype == np.uint8
    assert frame.rgb.flags.c_contiguous
    assert np.abs(frame.rgb.astype(int) - scene()).mean() < 8


def test_from_eight_megapixels_on_it_is_half_scale() -> None:
    big = np.asarray(Image.fromarray(scene()).resize((3265, 2451)))
    photo, frame = decode_bytes("a", encode(big))
    assert (photo.width, photo.height, frame.scale) == (3265, 2451, 0.5)
    assert frame.rgb.shape == (1226, 1633, 3)
    assert corners(frame.rgb) == ["r", "g", "b", "w"]
    assert decode_bytes("a", encode(big[:2449]))[1].scale == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_halved_exactly(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (bitmap, jpeg):
        monkeypatch.setattr(room, "HALVE_FROM", 10_000)
    photo, frame = decode_bytes("a", KINDS[kind](scene(97, 129)))
    assert (photo.width, photo.height, frame.scale) == (129, 97, 0.5)
    assert frame.rgb.shape in ((48, 64, 3), (49, 65, 3))
    assert corners(frame.rgb) == ["r", "g", "b", "w"]


TURNED = {1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_eight_orientations_come_out_upright(kind: str, orientation: int) -> None:
    photo, frame = decode_bytes("a", encode(scene(), kind, exif=exif(orientation)))
    assert "".join(corners(frame.rgb)) == TURNED[orientation]
    assert (photo.height, photo.width) == frame.rgb.shape[:2] == ((128, 96) if orientation >= 5 else (96, 128))
    assert photo.camera.orientation == orientation


def test_heic_is_not_turned_twice() -> None:
    photo, frame = decode_bytes("a.heic", heif(scene(), exif=exif(6)))
    assert "".join(corners(frame.rgb)) == TURNED[6]
    assert (photo.width, photo.height, photo.camera.orientation) == (96, 128, 6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16", "F", "LAB"])
def test_every_pixel_format_becomes_rgb(mode: str) -> None:
    grey = scene()[..., 1]
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(grey.astype(np.float32) / 255)
    elif mode == "LAB":
        image = Image.fromarray(scene()).convert("RGB")
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    else:
        image = Image.fromarray(scene()).convert(mode)
    target = io.BytesIO()
    image.save(target, "JPEG" if mode == "CMYK" else "TIFF" if mode in ("F", "LAB") else "PNG")
    _, frame = decode_bytes("a", target.getvalue())
    wanted = np.repeat(grey[..., None], 3, axis=2) if mode in ("L", "LA", "I;16", "F") else scene()
    if mode in ("L", "LA"):
        wanted = np.asarray(Image.fromarray(scene()).convert("L").convert("RGB"))
    assert frame.rgb.shape == (96, 128, 3)
    assert np.abs(frame.rgb.astype(int) - wanted).mean() < (130 if mode == "1" else 30 if mode == "P" else 8)


def test_transparency_shows_black() -> None:
    rgba = np.dstack([scene(), np.full((96, 128), 255, np.uint8)])
    rgba[:48, :64, 3] = 0
    target = io.BytesIO()
    Image.fromarray(rgba).save(target, "PNG")
    _, frame = decode_bytes("a", target.getvalue())
    assert frame.rgb[10, 10].tolist() == [0, 0, 0]
    assert corners(frame.rgb)[1:] == ["g", "b", "w"]


def test_of_an_animation_the_first_frame_counts() -> None:
    target = io.BytesIO()
    later = [Image.new("RGB", (128, 96), "black")] * 2
    Image.fromarray(scene()).save(target, "WEBP", save_all=True, append_images=later, lossless=True)
    assert corners(decode_bytes("a", target.getvalue())[1].rgb) == ["r", "g", "b", "w"]


def test_a_profile_is_converted_to_srgb_and_srgb_is_left_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode_bytes("a", encode(scene(), "PNG"))[1].rgb
    assert np.array_equal(decode_bytes("a", encode(scene(), "PNG", icc_profile=srgb))[1].rgb, plain)
    wide = decode_bytes("a", encode(scene(), "PNG", icc_profile=adobe_rgb()))[1].rgb
    assert wide[20, 100, 0] < plain[20, 100, 0] - 5  # this green is purer than its codes say in sRGB
    assert np.array_equal(decode_bytes("a", encode(scene(), "PNG", icc_profile=b"junk" * 50))[1].rgb, plain)


def test_adobe_rgb_without_a_profile_is_known_by_its_mark_in_exif() -> None:
    tags = Image.Exif()
    folder = tags.get_ifd(0x8769)
    folder[0xA005] = {1: "R03"}
    rgb = np.full((64, 64, 3), (60, 200, 60), np.uint8)
    marked = decode_bytes("a", encode(rgb, exif=tags.tobytes()))[1].rgb
    assert np.abs(marked.astype(int) - to_srgb(rgb, adobe_rgb())).max() <= 4
    assert np.abs(marked.astype(int) - rgb).max() > 10


def test_adobe_rgb_follows_its_definition() -> None:
    code = 128
    linear = (code / 255) ** (563 / 256)
    expected = round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))
    grey = to_srgb(np.full((4, 4, 3), code, np.uint8), adobe_rgb())
    assert np.abs(grey.astype(int) - expected).max() <= 1


# What cannot be read


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_jpeg_says_how_much_is_missing(share: float) -> None:
    rng = np.random.default_rng(1)
    data = encode(rng.integers(0, 256, (320, 480, 3)).astype(np.uint8))
    with pytest.raises(UnreadablePhoto) as caught:
        decode_bytes("IMG_1.JPG", data[: round(share * len(data))])
    words = str(caught.value).split()
    assert words[:3] == ["IMG_1.JPG", "is", "truncated:"]
    assert abs(int(words[3]) - 100 * (1 - share)) < 6
    assert str(caught.value).endswith("% of the picture is missing; copy it from the card again.")


def test_a_jpeg_whose_rest_is_zeros_is_truncated() -> None:
    data = encode(np.random.default_rng(1).integers(0, 256, (320, 480, 3)).astype(np.uint8))
    half = len(data) // 2
    with pytest.raises(UnreadablePhoto, match="50 % of the picture is missing"):
        decode_bytes("a.jpg", data[:half] + bytes(len(data) - half))


def test_a_progressive_jpeg_without_its_last_scans_is_truncated() -> None:
    data = encode(scene(), progressive=True)
    with pytest.raises(UnreadablePhoto, match="truncated: part of it is missing"):
        decode_bytes("a.jpg", data[: len(data) * 2 // 3])


def test_a_jpeg_that_only_lacks_its_end_marker_is_whole() -> None:
    data = encode(scene())
    assert np.array_equal(decode_bytes("a", data[:-2])[1].rgb, decode_bytes("a", data)[1].rgb)
    assert decode_bytes("a", data + b"trailing bytes" * 99)[1].rgb.shape == (96, 128, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0005, 0.1, 0.6, 0.95])
def test_a_truncated_file_of_any_kind_gives_one_sentence(kind: str, share: float) -> None:
    data = KINDS[kind](scene(240, 320))
    with pytest.raises(PhotoError) as caught:
        decode_bytes("IMG_1.xxx", data[: max(1, round(share * len(data)))])
    assert str(caught.value).startswith("IMG_1.xxx ")
    assert str(caught.value).endswith(".")


@settings(max_examples=80, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
def test_damage_anywhere_gives_pixels_or_a_photo_error(kind: str, at: float, junk: bytes) -> None:
    data = _ENCODED.setdefault(kind, KINDS[kind](scene(48, 64)))
    start = int(at * (len(data) - 1))
    try:
        _, frame = decode_bytes("a", data[:start] + junk + data[start + len(junk) :])
    except PhotoError as error:
        assert str(error).startswith("a ")
    else:
        assert frame.rgb.ndim == 3


_ENCODED: dict[str, bytes] = {}


@pytest.mark.parametrize("data", [b"just a text", b"\0" * 5000, b"%PDF-1.7", b"\xff\xd8", b"RIFF\0\0\0\0WEBPjunk"])
def test_what_is_no_photo_gives_one_sentence(data: bytes) -> None:
    with pytest.raises(UnreadablePhoto, match=r"^a\.jpg is .*\.$"):
        decode_bytes("a.jpg", data)


def test_too_many_pixels_are_refused_before_they_take_memory() -> None:
    huge = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    with pytest.raises(PhotoTooLarge, match=r"a\.png claims"):
        decode_bytes("a.png", huge + _chunk(b"IDAT", b"") + _chunk(b"IEND", b""))
    jpeg = bytearray(encode(scene()))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 40_000, 40_000)
    with pytest.raises(PhotoTooLarge, match="40000 x 40000 pixels"):
        decode_bytes("a.jpg", bytes(jpeg))


def _chunk(name: bytes, content: bytes) -> bytes:
    import zlib

    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize(
    ("name", "words"), [("gone.jpg", "no longer there"), ("folder", "is a folder"), ("empty.jpg", "is empty")]
)
def test_files_that_are_not_there_to_be_read(name: str, words: str, tmp_path: Path, save: Save) -> None:
    (tmp_path / "folder").mkdir()
    save("empty.jpg", b"")
    present = source(tmp_path / (name if name != "gone.jpg" else "folder"))
    for look in (read, content_id):
        with pytest.raises(UnreadablePhoto, match=words):
            look(Source(tmp_path / name, present.files))
    with pytest.raises(UnreadablePhoto, match="is empty"):
        decode_bytes("empty.jpg", b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_device_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        with pytest.raises(UnreadablePhoto, match="is a pipe or a device"):
            read(source(path))


def test_no_permission_and_a_failing_disk_are_sentences(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = save("a.jpg", encode(scene()))
    for error, words in (
        (PermissionError(13, "no"), "permission to read it"),
        (OSError(5, "I/O error"), r"\(I/O error\)"),
    ):

        def refuse(*_: object, error: OSError = error) -> int:
            raise error

        with monkeypatch.context() as patch, pytest.raises(UnreadablePhoto, match=words) as caught:
            patch.setattr(files.os, "open", refuse)
            read(photo)
        assert caught.value.__cause__ is error


def test_a_file_beyond_two_gib_is_no_photo(tmp_path: Path) -> None:
    with (tmp_path / "film.jpg").open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(PhotoTooLarge, match="too much for a photo"):
        read(source(tmp_path / "film.jpg"))


def test_a_surprise_in_a_library_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: object) -> None:
        raise RuntimeError("never seen before")

    monkeypatch.setattr(decode, "decode_jpeg", surprise)
    with pytest.raises(UnreadablePhoto, match=r"cannot be decoded \(RuntimeError\)"):
        decode_bytes("a.jpg", encode(scene()))


# RAW


def test_a_large_enough_preview_stands_for_the_raw(save: Save) -> None:
    photo, frame = read(save("a.dng", dng(400, 300, encode(scene(240, 320)))))
    assert (photo.width, photo.height, frame.rgb.shape) == (400, 300, (240, 320, 3))
    assert (frame.origin, frame.scale) == ("preview", 0.8)
    assert corners(frame.rgb) == ["r", "g", "b", "w"]
    assert (photo.camera.make, photo.camera.model) == ("Maker", "Model 1")


def test_a_small_or_absent_preview_means_demosaic(save: Save) -> None:
    for preview in (b"", encode(scene(24, 32))):
        photo, frame = read(save("a.dng", dng(400, 300, preview)))
        assert (photo.width, photo.height, frame.rgb.shape) == (400, 300, (150, 200, 3))
        assert (frame.origin, frame.scale) == ("demosaic", 0.5)
        assert 150 < frame.rgb.mean() < 220  # 2000 of 4095, encoded


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("own", [False, True])
def test_the_preview_is_turned_like_the_raw(orientation: int, own: bool) -> None:
    preview = encode(scene(240, 320), exif=exif(orientation)) if own else encode(scene(240, 320))
    photo, frame = decode_bytes("a.dng", dng(400, 300, preview, orientation))
    assert "".join(corners(frame.rgb)) == TURNED[orientation]
    assert (photo.width, photo.height) == ((300, 400) if orientation >= 5 else (400, 300))
    assert frame.scale == 0.8
    assert photo.camera.orientation == orientation


def test_a_preview_that_forgot_to_turn_is_turned_with_the_raw() -> None:
    _, frame = decode_bytes("a.dng", dng(400, 300, encode(scene(240, 320), exif=exif(1)), 6))
    assert "".join(corners(frame.rgb)) == TURNED[6]


def test_a_demosaiced_raw_is_turned_too() -> None:
    photo, frame = decode_bytes("a.dng", dng(400, 300, orientation=6))
    assert (photo.width, photo.height, frame.rgb.shape) == (300, 400, (200, 150, 3))


def test_a_raw_is_known_without_its_extension() -> None:
    assert decode_bytes("upload", dng())[1].origin == "demosaic"


def test_a_raw_without_usable_picture_gives_one_sentence() -> None:
    with pytest.raises(UnreadablePhoto, match=r"^a\.dng is a truncated or damaged RAW file"):
        decode_bytes("a.dng", dng(400, 300, encode(scene(24, 32)))[:-100_000])
    with pytest.raises(UnreadablePhoto, match=r"^a\.nef is not a RAW file that LibRaw knows"):
        decode_bytes("a.nef", b"no raw at all" * 100)


@pytest.mark.parametrize("error", [MemoryError(), rawpy.LibRawUnsufficientMemoryError()])
def test_a_raw_for_which_memory_is_short_is_not_called_damaged(error: Exception, monkeypatch) -> None:
    def short(*_: object) -> None:
        raise error

    monkeypatch.setattr(raw, "_decode", short)
    with pytest.raises(PhotoTooLarge, match="does not fit into memory") as told:
        decode_bytes("a.dng", dng())
    assert isinstance(told.value.__cause__, MemoryError)


# Identity and company


def test_the_id_is_that_of_the_scan_and_does_not_depend_on_the_name(save: Save) -> None:
    for data in (
        encode(scene()),
        dng(),
        encode(np.random.default_rng(0).integers(0, 256, (800, 900, 3)).astype("u1"), "PNG"),
    ):
        saved = save("one", data)
        assert read(saved)[0].id == content_id(saved) == decode_bytes("two", data)[0].id


def test_an_upload_has_a_name_and_no_folder() -> None:
    photo, _ = decode_bytes("../../etc/photo.jpg", encode(scene()))
    assert photo.source.path == Path("photo.jpg")


def test_many_threads_at_once_stay_quiet_and_leave_warnings_as_they_were(tmp_path: Path) -> None:
    broken = dng(400, 300)[:-5000]
    before = list(warnings.filters)

    def work() -> None:
        for _ in range(5):
            with pytest.raises(PhotoError):
                decode_bytes("a.dng", broken)
            decode_bytes("a.jpg", encode(scene()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


@pytest.mark.parametrize("name", ["a.jpg", "a.dng"])
def test_reading_and_naming_are_told_before_decoding(tmp_path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encode(scene()) if name == "a.jpg" else dng())
    laps: list[str] = []
    read(source(path), lap=laps.append)
    assert laps == ["read", "hash"]


def test_libraw_is_asked_for_facts_only_where_the_file_does_not_tell(monkeypatch) -> None:
    asked: list[object] = []
    real = raw._libraw_facts
    monkeypatch.setattr(raw, "_libraw_facts", lambda file: asked.append(file) or real(file))
    told = exif(x829A=0.01, x829D=2.8, x8827=400, x920A=50.0, x9003="2026:05:16 14:00:00")
    preview = encode(scene(240, 320), exif=told)
    preview = preview[:2] + preview[20:]  # as cameras write it; LibRaw replaces the EXIF of one that begins as JFIF
    photo, _ = decode_bytes("a.dng", dng(400, 300, preview))
    assert photo.camera.iso == 400 and not asked
    decode_bytes("a.dng", dng(400, 300, encode(scene(240, 320))))
    assert len(asked) == 1
