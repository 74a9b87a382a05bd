"""report on models of Keras and PyTorch, and from the command line."""

import re

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import _report_models
from lstm_helpers.__main__ import main

with lh.quiet():
    import keras
    from keras import layers

X = np.random.default_rng(0).normal(size=(60, 8, 3)).astype("float32")


@pytest.fixture(autouse=True)
def fresh():
    """Keras' names begin anew, and weights are the same in each run."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)


def sequential(*parts, shape=(8, 3)):
    return keras.Sequential([keras.Input(shape), *parts], name="net")


def test_a_layer_and_its_head_are_those_of_the_readout():
    model = sequential(layers.LSTM(4, name="lstm"), layers.Dense(2))
    head, bias = (array[..., 1] for array in model.layers[1].get_weights())
    readout = lh.Readout(lh.gate_weights(model.layers[0]), head, float(bias))
    found, expected = lh.report(model, X, output=1), lh.report(readout, X)
    for name in ("lags", "features", "map", "memory", "roads", "units", "norms", "gates"):
        for mine, theirs in zip(found.tables[name].rows, expected.tables[name].rows, strict=True):
            numbers = [n for n, cell in enumerate(theirs) if not isinstance(cell, str)]
            assert [mine[n] for n in numbers] == pytest.approx(
                [theirs[n] for n in numbers], rel=2e-3, abs=1e-6
            ), name
    assert found.title == "Keras model net"
    assert "untrained" in " ".join(warned.kind for warned in found.warnings)
    assert vars(model.layers[0]).get("call") is None


def test_a_bidirectional_stack_has_a_section_for_each_and_reads_in_its_own_order():
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="one"), name="both")
    model = sequential(both, layers.LSTM(4, name="top"), layers.Dense(1))
    found = lh.report(model, X)
    assert list(found.weights) == ["both/forward_one", "both/backward_one", "top"]
    assert found.tables["layers"].column("reads") == ["forwards", "from the end", "forwards"]
    assert len(found.tables["roads"].rows) == 3 * 8
    # Only the last layer has the head behind it.
    effects = found.tables["units"].column("effect on the output")
    assert [effect is None for effect in effects] == [True] * 6 + [False] * 4
    lags = found.tables["lags"].column("expected gradients")
    assert np.isfinite(lags).all()
    assert min(lags) > 0


def test_padding_that_masking_skips_is_no_lag():
    x = X.copy()
    x[:40, :4] = 0
    model = sequential(layers.Masking(), layers.LSTM(4), layers.Dense(1))
    found = lh.report(model, x)
    assert found.tables["inputs"].column("smallest") == pytest.approx(
        np.concatenate([X[:40, 4:].reshape(-1, 3), X[40:].reshape(-1, 3)]).min(axis=0)
    )
    gradient = _report_models.opened(model, 0).gradient(x)
    assert (gradient[:40, :4] == 0).all()
    assert np.isfinite(found.tables["lags"].column("expected gradients")).all()
    with pytest.raises(ValueError, match="got none in window 0"):
        lh.report(model, 0 * x)


@pytest.mark.parametrize("shares_steps", [False, True])
def test_without_an_lstm_it_says_what_attribution_can(shares_steps):
    part = layers.GRU(3) if shares_steps else layers.Flatten()
    found = lh.report(sequential(part, layers.Dense(1)), X)
    assert "lags" in found.tables
    assert "memory" not in found.tables
    (sentence,) = found.sections["What it does inside"]
    assert "expected a model with an LSTM" in sentence
    assert "<h2>What it does inside" in found.html()


def test_an_lstm_under_another_model_that_scales_is_not_told_to_scale():
    scale = layers.Normalization(mean=[50.0, 0, 0], variance=[1.0, 1, 1])
    model = sequential(scale, layers.LSTM(4), layers.Dense(1))
    kinds = {warned.kind for warned in lh.report(model, X + np.array([50, 0, 0], "f4")).warnings}
    assert "inputs not scaled" not in kinds
    assert "a baseline that never occurs" in kinds


def test_where_no_linear_head_is_found_the_roads_are_those_of_the_hidden_state():
    deep = [layers.Dense(8, activation="relu"), layers.Dense(1, activation="sigmoid")]
    found = lh.report(sequential(layers.LSTM(4), *deep), X)
    assert found.tables["units"].column("effect on the output") == [None] * 4
    assert "no linear head" in found.tables["roads"].note


def test_torch_layers_are_replayed_as_pytorch_feeds_them():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
            self.head = torch.nn.Linear(8, 1)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    model = Net()
    found = lh.report(model, X)
    assert list(found.weights) == ["rnn.l0", "rnn.l0_reverse", "rnn.l1", "rnn.l1_reverse"]
    assert [row[1] for row in found.tables["layers"].rows] == [3, 3, 8, 8]
    assert found.title == "PyTorch module Net"
    assert {w.where for w in found.warnings if w.kind == "looks untrained"} == set(found.weights)
    assert not list(model.rnn._forward_hooks)
    # As many windows as steps go to the module in two calls.
    assert len(lh.report(model, X[:8]).tables["layers"].rows) == 4


def test_a_torch_lstm_that_starts_elsewhere_is_not_looked_into():
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(3, 4, batch_first=True)

        def forward(self, x):
            start = torch.ones(1, len(x), 4)
            return self.rnn(x, (start, start))[0][:, -1]

    found = lh.report(Net(), X)
    (sentence,) = found.sections["What it does inside"]
    assert "initial states" in sentence


# The command.


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("files")
    model = sequential(layers.LSTM(4, name="lstm"), layers.Dense(2))
    model.save(tmp_path / "net.keras")
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", X[:, 0, :2])
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}, None], dtype=object))
    np.savez(tmp_path / "two.npz", X, X)
    (tmp_path / "net.pt").write_bytes(b"\x80\x04pickle")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "net.keras").read_bytes()[:-300])
    (tmp_path / "text.npy").write_text("no array")
    unsafe = sequential(layers.Lambda(lambda x: x[:, -1]), layers.Dense(1))
    unsafe.save(tmp_path / "unsafe.keras")
    return tmp_path


ARRAY = "ignore:__array__ implementation:DeprecationWarning"  # Keras saves


@pytest.mark.filterwarnings(ARRAY)
def test_the_command_writes_the_report_and_says_how_far_it_is(files, capsys):
    call = ["net.keras", "x.npy", "-y", "y.npy", "-o", "out", "--output", "1"]
    call = [str(files / part) if "." in part or part == "out" else part for part in call]
    assert main(["report", *call, "--names", "wind,rain,sun", "--step", "hours"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Keras model net\n")
    assert [line.split()[0] for line in said.err.splitlines()] == [
        "opening", "attributions", "looking", "writing",
    ]  # fmt: skip
    page = (files / "out/report.html").read_text("utf-8")
    assert "sun" in page
    assert (files / "out/tables/lags.csv").is_file()


@pytest.mark.filterwarnings(ARRAY)
@pytest.mark.parametrize(
    ("model", "inputs", "words"),
    [
        ("net.pt", "x.npy", "a pickle, which runs code"),
        ("none.keras", "x.npy", "which does not exist"),
        ("net.txt", "x.npy", "expected a .keras or .h5 file"),
        ("cut.keras", "x.npy", "expected a whole Keras model in safe mode"),
        ("unsafe.keras", "x.npy", "expected a whole Keras model in safe mode"),
        ("net.keras", "none.npy", "expected an array as np.save writes it"),
        ("net.keras", "text.npy", "expected an array as np.save writes it"),
        ("net.keras", "objects.npy", "allow_pickle=False"),
        ("net.keras", "two.npz", "with several"),
        ("net.keras", "y.npy", "expected x of shape (batch, time, features)"),
    ],
)
def test_a_bad_file_is_one_clear_error(model, inputs, words, files, capsys):
    call = [str(files / model), str(files / inputs), "-o", str(files / "none")]
    assert main(["report", *call]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = [one for one in said.err.splitlines() if one.startswith("error: ")]
    assert words in line
    assert not re.search(r"Traceback", said.err)
    assert not (files / "none").exists()


@pytest.mark.filterwarnings(ARRAY)
def test_a_file_is_no_folder_to_write_to(files, capsys):
    call = [str(files / "net.keras"), str(files / "x.npy"), "-o", str(files / "x.npy")]
    assert main(["report", *call]) == 2
    assert "expected a folder to write" in capsys.readouterr().err
