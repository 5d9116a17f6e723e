"""Layers over a photo: every one shows what it says, where it says, and leaves the rest alone."""

from dataclasses import replace

import numpy as np
import pytest

from keepers.image import figure, heat, overlay
from keepers.image.canvas import Canvas
from keepers.image.horizon import Horizon
from keepers.image.overlay import CLOSED, LAYERS, OPEN, FaceMark, Framing, Scene
from keepers.image.shake import Smear, of_patches
from keepers.image.tiles import BLURRED_AT, SHARP_AT, shade
from keepers.types import Patches
from scenes import darker, leaves, portrait

WORDS = figure.Words("IMG_1.jpg", "Maybes", (140, 95, 0), "score .5", ["It is soft"], {"blur": 0.7, "noise": 0.1})


def scene(**more) -> Scene:
    rgb = leaves(0, 160, 240)
    return Scene(rgb, rgb, **more)


def burnt() -> Scene:
    """Left third white, right third black."""
    rgb = np.full((160, 240, 3), 120, np.uint8)
    rgb[:, :80], rgb[:, 160:] = 255, 0
    return Scene(rgb, rgb)


RING = np.array([(0.0, 0.0), (12.0, -3.0), (24.0, 0.0), (12.0, 3.0)])
EYES = ((RING + np.array([24, 70]), "open"), (RING + np.array([52, 70]), "closed"))
FACES = (
    FaceMark((20.0, 40.0, 60.0, 80.0), "1 open", EYES),
    FaceMark((100.0, 40.0, 10.0, 12.0)),
)


FRAMING = Framing((0.1, 0.2, 0.3, 0.3), (0.25, 0.35), "faces", Horizon(4.0, 0.8, 0.6), (0.6, 0.5))


def everything() -> Scene:
    values = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6)
    decided = np.zeros((4, 6), bool)
    decided[0, 0] = True
    cells = heat.grid(values, 0, 0, 40, decided=decided)
    return replace(burnt(), sharpness=cells, patches=patches(), smear=Smear(30.0, 12.0),
                   faces=FACES, framing=FRAMING)  # fmt: skip


ALL = np.ones(3, bool)


def patches(degrees: float = 30.0, *, blurred: float = 4.0, moved: float = 3.0, count: int = 3) -> Patches:
    """What the focus network says of patches that are smeared along `degrees`, counter-clockwise from level."""
    def all_(value: float) -> np.ndarray:
        return np.full(count, value, np.float32)

    axis = [[np.cos(-2 * np.radians(degrees)), np.sin(-2 * np.radians(degrees))]] * count
    places = np.array([[20, 20 + 60 * i] for i in range(count)], np.int32)
    lines, on_face = np.array(axis, np.float32), np.zeros(count, bool)
    return Patches(places, 40, all_(1.0), all_(blurred), all_(moved), all_(2.0), all_(-1.0), lines, on_face)


def test_the_network_sees_the_smear_that_it_was_told() -> None:
    found = of_patches(patches(30.0), ALL)
    assert found is not None and found.degrees == pytest.approx(30) and found.length == pytest.approx(4 * 12**0.5)
    assert of_patches(patches(blurred=-4), ALL) is None and of_patches(patches(moved=-4), ALL) is None
    disagree = np.concatenate([patches(degrees, count=1).axis for degrees in (0, 60, 120)])
    assert of_patches(replace(patches(), axis=disagree), ALL) is None


def test_only_blurred_patches_have_a_line() -> None:
    one = replace(burnt(), patches=patches())
    assert [mark.how for mark in LAYERS["patches"].marks(one)] == ["squares", "line"]
    sharp = replace(burnt(), patches=patches(blurred=-4))
    assert [mark.how for mark in LAYERS["patches"].marks(sharp)] == ["squares"]


@pytest.mark.parametrize("name", list(LAYERS))
def test_a_layer_shows_something_where_there_is_something(name: str) -> None:
    full = everything()
    (one,) = overlay.shown(full, [name])
    board, bare = Canvas(240, 160), Canvas(240, 160)
    overlay.draw(full, [one], board, 0, 0)
    overlay.draw(full, [], bare, 0, 0)
    assert (board.rgb() != bare.rgb()).any() and one.view in overlay.VIEWS
    assert all(mark.means for mark in one.marks(full))


def test_a_layer_with_nothing_to_show_is_left_out() -> None:
    assert overlay.shown(scene()) == []
    assert [one.name for one in overlay.shown(burnt())] == ["highlights", "shadows"]


def test_unknown_layers_are_refused() -> None:
    with pytest.raises(KeyError, match="sharpness"):
        overlay.shown(scene(), ["halo"])


def test_stripes_lie_on_what_is_clipped_and_nowhere_else() -> None:
    one = burnt()
    bright = (overlay.blown_highlights(one, one.rgb) != one.rgb).any(axis=2)
    dark = (overlay.blocked_shadows(one, one.rgb) != one.rgb).any(axis=2)
    assert bright[:, :70].any() and not bright[:, 85:].any()
    assert dark[:, 170:].any() and not dark[:, :155].any()


def test_single_clipped_pixels_are_no_confetti() -> None:
    rgb = leaves(0, 160, 240).copy()
    rgb[::7, ::7] = 255
    one = Scene(rgb, rgb)
    assert (overlay.blown_highlights(one, rgb) == rgb).all()


def test_clipping_is_found_at_the_size_of_the_frame_though_shown_smaller() -> None:
    one = burnt()
    small = replace(one, rgb=figure.sized(one.frame, 60, 60))
    assert (overlay.blown_highlights(small, small.rgb) != small.rgb).any(axis=2)[:, :15].any()


def test_sharp_tiles_are_blue_blurred_ones_orange_and_plain_ones_grey() -> None:
    values = np.array([[0.0, 1.0, np.nan]], np.float32)
    one = replace(scene(), sharpness=heat.grid(values, 0, 0, 80))
    painted = overlay.sharpness_map(one, one.rgb).astype(int)[:80]
    red, blue = painted[..., 0], painted[..., 2]
    assert (red[:, :80] > blue[:, :80]).all() and (blue[:, 80:160] > red[:, 80:160]).all()
    assert (painted[:, 160:] == painted[:, 160:, :1]).all()


def test_cells_may_overlap_and_lie_anywhere() -> None:
    cells = heat.Cells(np.array([[0.0, 0, 10, 10], [5, 0, 10, 10]]), np.array([0.0, 1.0]), np.zeros(2, bool))
    spread = heat.spread(cells, 10, 20)
    assert spread[0, 2] == 0 and spread[0, 7] == 0.5 and spread[0, 12] == 1 and np.isnan(spread[0, 17])
    assert np.allclose(heat.spread(cells, 5, 10, 0.5)[0, [1, 3, 6]], [0, 0.5, 1])


def test_a_grid_knows_where_its_cells_are() -> None:
    cells = heat.grid(np.zeros((2, 3), np.float32), 5, 7, 32, step=16)
    assert cells.boxes[0].tolist() == [5, 7, 32, 32] and cells.boxes[-1].tolist() == [5 + 32, 7 + 16, 32, 32]
    assert not cells.decided.any()


def test_the_shade_of_a_tile_rises_with_its_sharpness() -> None:
    octaves = np.array([BLURRED_AT - 1, BLURRED_AT, -2.7, SHARP_AT, SHARP_AT + 1, np.nan], np.float32)
    shades = shade(octaves)
    assert (np.diff(shades[:5]) >= 0).all() and shades[0] == 0 and shades[4] == 1 and np.isnan(shades[5])


@pytest.mark.parametrize(("height", "width"), [(160, 240), (240, 160), (200, 200), (40, 400), (400, 40)])
@pytest.mark.parametrize("first", list(overlay.VIEWS))
@pytest.mark.parametrize("framing", [None, FRAMING])
def test_a_figure_of_any_shape_is_1600_wide_and_holds_all_views(height: int, width: int, first, framing) -> None:
    frame = darker(portrait(0, height, width), 0.9)
    cells = heat.grid(np.ones((2, 2), np.float32), 0, 0, 20)

    def scene(rgb) -> Scene:
        return Scene(frame, rgb, cells, smear=Smear(20, None), framing=framing)

    made = figure.compose(frame, scene, WORDS, first=first)
    assert made.shape[1] == figure.WIDTH and 200 < made.shape[0] <= 1600
    assert made.std() > 5
    assert (made[-10:] == 255).all() and (made[:, -10:] == 255).all(), "something hangs over the edge"


def test_the_arrow_lies_along_the_smear() -> None:
    one = Scene(*[np.full((200, 200, 3), 128, np.uint8)] * 2, smear=Smear(90.0, 10.0))
    board = Canvas(200, 200)
    overlay.draw(one, [LAYERS["shake"]], board, 0, 0)
    rows, columns = np.nonzero((board.rgb() != 128).any(axis=2))
    assert np.ptp(rows) > 2 * np.ptp(columns), "an arrow straight up"


def test_eyes_have_the_colour_of_their_state_and_the_legend_names_only_those() -> None:
    full = replace(scene(), faces=FACES)
    (one,) = overlay.shown(full)
    board = Canvas(240, 160)
    overlay.draw(full, [one], board, 0, 0)
    for colour, (left, right) in ((OPEN, (20, 50)), (CLOSED, (50, 80))):
        eye = board.rgb()[60:80, left:right].astype(int)
        assert (np.abs(eye - colour).sum(axis=2) < 40).any()
    assert [mark.colour for mark in one.marks(full)] == [OPEN, CLOSED]
    assert overlay.shown(scene()) == []


def test_the_horizon_is_drawn_as_steep_as_it_is() -> None:
    one = Scene(*[np.full((200, 300, 3), 128, np.uint8)] * 2, framing=Framing(horizon=Horizon(10.0, 0.9, 0.5)))
    board = Canvas(300, 200)
    overlay.draw(one, [LAYERS["horizon"]], board, 0, 0)
    rows, columns = np.nonzero((board.rgb() != 128).any(axis=2))
    slope = np.polyfit(columns, -rows, 1)[0]
    assert np.degrees(np.arctan(slope)) == pytest.approx(10.0, abs=0.5)


def test_named_layers_show_their_own_view_only() -> None:
    frame = leaves(0, 160, 240)
    wide = [
        figure.compose(frame, lambda rgb: Scene(frame, rgb, framing=FRAMING), WORDS, names)
        for names in (None, ["thirds"])
    ]
    assert wide[0].shape[0] > wide[1].shape[0]
