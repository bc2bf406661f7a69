"""Law: pictures show the numbers they are given, all of them, and refuse what is no such number.

What is looked at are the artists (lines, colours, texts), never pixels.
"""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from chainrule import Network, Parameters, data, plots
from chainrule.errors import InvalidType, InvalidValue, ShapeError, UnknownName
from chainrule.history import History, Record
from chainrule.plots import paper

X, HEART = data.heart(100)
PNG = b"\x89PNG\r\n\x1a\n"


def drawn(figure):
    """Draw, so that what goes wrong only then goes wrong here; return the axes."""
    figure.canvas.draw()
    return figure.axes[0]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def lines_of(ax, name):
    (found,) = (each for each in ax.collections if each.get_gid() == name)
    return found


def parameters(*sizes, scheme="normal"):
    return Network(sizes, activation="tanh", cost="squared_error").initialize(3, scheme=scheme)


def history(*costs, every=10):
    return History([Record(every * k, cost) for k, cost in enumerate(costs)])


# curve


def test_curve_shows_target_attempts_and_final():
    attempts = [HEART * share for share in np.linspace(0.1, 0.9, 50)]
    ax = drawn(plots.curve(HEART, attempts, HEART * 0.95, title="The heart"))
    target, _, final = ax.lines
    np.testing.assert_array_equal(target.get_xydata()[:-1], HEART.T)
    np.testing.assert_array_equal(target.get_xydata()[-1], HEART[:, 0])  # closed
    np.testing.assert_array_equal(final.get_xydata(), HEART.T * 0.95)
    (collection,) = ax.collections
    for shown, attempt in zip(collection.get_segments(), attempts, strict=True):
        np.testing.assert_array_equal(shown, attempt.T)
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("output 0", "output 1")
    assert ax.get_title() == "The heart"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["target", "during training", "final"]


def test_curve_draws_later_attempts_darker():
    (collection,) = drawn(plots.curve(HEART, [HEART] * 20)).collections
    brightness = collection.get_colors()[:, :3].sum(axis=1)
    assert np.all(np.diff(brightness) < 0)
    (single,) = drawn(plots.curve(HEART, [HEART])).collections
    np.testing.assert_allclose(single.get_colors()[0], collection.get_colors()[-1])


def test_curve_sees_attempts_that_leave_the_target():
    ax = drawn(plots.curve(HEART, [HEART * 7]))
    assert ax.get_xlim()[1] > 7 * HEART[0].max()
    assert ax.get_ylim()[1] > 7 * HEART[1].max()


def test_curve_of_the_target_alone():
    ax = drawn(plots.curve(HEART))
    assert len(ax.lines) == 1
    assert not ax.collections


@pytest.mark.parametrize(
    ("arguments", "met"),
    [
        ((HEART.T,), r"target has shape \(100, 2\), wanted \(2, k\): .* pass target.T"),
        ((HEART, [HEART, HEART.T]), r"curves\[1\] has shape \(100, 2\).* pass curves\[1\].T"),
        ((HEART, [], HEART[0]), r"final has shape \(100,\), wanted \(2, k\)"),
        ((HEART[:, :0],), r"target has shape \(2, 0\)"),
    ],
)
def test_curve_names_the_curve_of_a_wrong_shape(arguments, met):
    with pytest.raises(ShapeError, match=met):
        plots.curve(*arguments)


def test_curve_refuses_what_is_not_finite():
    broken = HEART.copy()
    broken[1, 7] = np.nan
    with pytest.raises(InvalidValue, match=r"final\[1, 7\] is nan"):
        plots.curve(HEART, final=broken)


# cost_history


def test_cost_history_is_cost_against_updates_on_a_logarithmic_axis():
    ax = drawn(plots.cost_history(history(1.0, 0.1, 0.003)))
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[0, 1.0], [10, 0.1], [20, 0.003]])
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("updates", "cost")
    assert ax.get_legend() is None
    assert texts(ax) == ["0.003"]


@pytest.mark.parametrize("costs", [(1.0, 0.1, 0.0), (0.0, 0.0), (0.0,), (1.0,)])
def test_cost_history_survives_zeros_and_shows_them(costs):
    ax = drawn(plots.cost_history(history(*costs)))
    marks = ax.lines[1].get_xdata()
    assert len(marks) == costs.count(0.0)
    assert all(np.isfinite(ax.get_ylim()))
    assert ax.get_ylim()[0] > 0


def test_cost_history_labels_several():
    several = {f"seed {k}": history(1.0, 0.5 / (k + 1)) for k in range(7)}
    shown = drawn(plots.cost_history(several)).get_legend().get_texts()
    assert [text.get_text() for text in shown] == list(several)
    names = list("abcdefg")
    shown = drawn(plots.cost_history(several, labels=names)).get_legend().get_texts()
    assert [text.get_text() for text in shown] == names


@pytest.mark.parametrize("nothing", [{}, History(), {"a": History()}, [1.0, 0.5], None])
def test_cost_history_refuses_what_has_no_records(nothing):
    with pytest.raises(InvalidValue, match="wanted a History with records"):
        plots.cost_history(nothing)


def test_cost_history_wants_one_label_each():
    with pytest.raises(InvalidValue, match="labels has 2 entries, wanted 1"):
        plots.cost_history(history(1.0), labels=["a", "b"])


# network


@pytest.mark.parametrize(
    "sizes", [(1, 1), (5, 3, 2, 2), (1, 6, 7, 2), (3, 8), (8, 3), (64, 30, 10)]
)
def test_network_draws_a_line_for_each_weight_between_units_shown(sizes):
    params = parameters(*sizes)
    ax = drawn(plots.network(params))
    shown = [size if size <= 12 else 11 for size in sizes]
    assert len(lines_of(ax, "a0").get_offsets()) == shown[0]
    for layer in range(1, len(sizes)):
        assert len(lines_of(ax, f"b{layer}").get_offsets()) == shown[layer]
        count = shown[layer] * shown[layer - 1]
        assert len(lines_of(ax, f"W{layer}").get_segments()) == count
    assert texts(ax).count("⋮") == sum(size > 12 for size in sizes)


def test_network_lines_join_the_units_of_their_weight():
    params = Parameters([2, 3, 1])
    params.W1 = [[0, 0], [0, -3], [0, 0]]
    ax = drawn(plots.network(params))
    strongest = lines_of(ax, "W1").get_segments()[-1]
    assert tuple(strongest[0]) == tuple(lines_of(ax, "a0").get_offsets()[1])
    assert tuple(strongest[1]) == tuple(lines_of(ax, "b1").get_offsets()[1])


def test_network_shows_sign_by_colour_and_magnitude_by_width():
    params = Parameters.from_arrays(W1=[[1, -2, 4]], b1=[[0]])
    lines = lines_of(drawn(plots.network(params)), "W1")
    blue, orange = to_rgba(paper.BLUE)[:3], to_rgba(paper.ORANGE)[:3]
    assert [tuple(colour[:3]) for colour in lines.get_colors()] == [blue, orange, blue]
    assert np.all(np.diff(lines.get_linewidths()) > 0)
    assert np.all(np.diff(lines.get_colors()[:, 3]) > 0)


def test_network_fills_units_with_their_biases():
    params = parameters(3, 40, 2)
    ax = drawn(plots.network(params, largest=5))
    units = lines_of(ax, "b1")
    np.testing.assert_array_equal(units.get_array(), params.b1[[0, 1, 38, 39], 0])
    assert units.get_clim() == (-np.abs(params.flat).max(), np.abs(params.flat).max())


def test_network_names_layers_and_parameters_with_their_shapes():
    captions = {"a0 = x\n5 × m", "W1\n3 × 5", "a1\nb1  3 × 1", "W2\n2 × 3", "a2\nb2  2 × 1"}
    assert captions <= set(texts(drawn(plots.network(parameters(5, 3, 2)))))


def test_network_writes_few_values_and_no_others():
    params = Parameters.from_arrays(W1=[[1, -2.5]], b1=[[-0.001]])
    assert {"1.00", "−2.50", "0.00"} <= set(texts(drawn(plots.network(params))))
    assert not any("." in text for text in texts(drawn(plots.network(parameters(1, 6, 7, 2)))))


@pytest.mark.parametrize("sizes", [(5, 3, 2, 2), (2, 5, 2), (4, 4), (6, 1), (1, 6), (3, 3, 3)])
def test_network_values_do_not_overlap(sizes):
    figure = plots.network(parameters(*sizes))
    ax = drawn(figure)
    boxes = [text.get_window_extent() for text in ax.texts]
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])


def test_network_of_zeros_and_of_one_kind_of_float():
    drawn(plots.network(Parameters([3, 2])))
    drawn(plots.network(parameters(3, 20, 2).astype(np.float32)))


def test_network_refuses_what_it_cannot_draw():
    with pytest.raises(InvalidType, match="params is a dict, wanted Parameters"):
        plots.network({"W1": [[1]]})
    with pytest.raises(InvalidValue, match="largest is 2"):
        plots.network(parameters(2, 1), largest=2)
    params = parameters(2, 1)
    params.flat[1] = np.inf
    with pytest.raises(InvalidValue, match=r"params\.flat"):
        plots.network(params)


# confusion

COUNTS = [[50, 0, 0], [0, 46, 4], [1, 3, 1046]]
NAMES = ["setosa", "versicolor", "virginica"]


def test_confusion_has_each_count_in_its_cell():
    ax = drawn(plots.confusion(COUNTS, NAMES))
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(cells) == 9
    assert cells[(2, 1)] == "4"  # column 2, row 1: true versicolor, predicted virginica
    assert cells[(2, 2)] == "1,046"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == NAMES
    assert ax.yaxis_inverted()  # the first class at the top
    assert ax.get_title() == "1,142 of 1,150 right (99.3 %)"


def test_confusion_is_blue_on_the_diagonal_by_share_of_the_row():
    (mesh,) = (
        each
        for each in drawn(plots.confusion(COUNTS, NAMES)).collections
        if isinstance(each, QuadMesh)
    )
    shares = np.asarray(mesh.get_array()).reshape(3, 3)
    np.testing.assert_allclose((shares**2).sum(axis=1), 1)
    assert np.all(np.diag(shares) > 0)
    assert np.all(shares[~np.eye(3, dtype=bool)] <= 0)


def test_confusion_of_classes_that_do_not_occur_or_are_many():
    drawn(plots.confusion([[0, 0], [0, 0]], ["a", "b"]))
    drawn(plots.confusion([[3]], ["a"]))
    assert not drawn(plots.confusion(np.eye(41), range(41))).texts


@pytest.mark.parametrize(
    ("matrix", "labels", "error", "met"),
    [
        ([[1, 2, 3], [4, 5, 6]], "ab", ShapeError, r"matrix has shape \(2, 3\), wanted \(2, 2\)"),
        ([[1, 2], [3, 4]], "abc", ShapeError, "a row and a column for each label"),
        ([], [], ShapeError, "matrix"),
        ([[0.5, 0.5], [0, 1]], "ab", InvalidValue, "no counts"),
        ([[1, -1], [0, 1]], "ab", InvalidValue, "no counts"),
    ],
)
def test_confusion_refuses_what_is_no_matrix_of_counts(matrix, labels, error, met):
    with pytest.raises(error, match=met):
        plots.confusion(matrix, labels)


# save, and what all have in common


def test_save_writes_a_picture_and_leaves_nothing_else(tmp_path):
    path = plots.save(plots.curve(HEART), tmp_path / "heart.png")
    assert path.read_bytes().startswith(PNG)
    assert plots.save(plots.curve(HEART), str(tmp_path / "heart")).read_bytes().startswith(PNG)
    assert b"<svg" in plots.save(plots.curve(HEART), tmp_path / "heart.svg").read_bytes()
    assert {each.name for each in tmp_path.iterdir()} == {"heart", "heart.png", "heart.svg"}


def test_save_that_fails_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "heart.png"
    path.write_bytes(b"old")
    figure = plots.curve(HEART)

    def fail(part, **_options):
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plots.save(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_save_names_unknown_formats_and_folders(tmp_path):
    with pytest.raises(UnknownName, match=r"unknown picture format 'pgn'; did you mean 'png'\?"):
        plots.save(plots.curve(HEART), tmp_path / "heart.pgn")
    with pytest.raises(InvalidValue, match=r"the folder .*nowhere of heart.png is not there"):
        plots.save(plots.curve(HEART), tmp_path / "nowhere" / "heart.png")


PICTURES = {
    "curve": lambda ax: plots.curve(HEART, [HEART / 2], HEART, ax=ax),
    "cost_history": lambda ax: plots.cost_history(history(1.0, 0.5), ax=ax),
    "network": lambda ax: plots.network(parameters(3, 2), ax=ax),
    "confusion": lambda ax: plots.confusion(COUNTS, NAMES, ax=ax),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_drawn_into_given_axes(name):
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    assert PICTURES[name](right) is figure
    figure.canvas.draw()
    assert right.texts or right.lines
    assert not left.texts
    assert not left.lines
    part = Figure().subfigures(1, 2)[0]
    assert isinstance(PICTURES[name](part.add_subplot()), Figure)
