"""check_reading: each kind of reading on networks whose answer is known, and what can't be told."""

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import _claim_experiments, _report_models, _report_probes, claims
from lstm_helpers.claims import Reading

RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 8, 3))


def delay(lag=2, *, units=5, half=False):
    """The output is feature 1 of so many steps ago; unit 4 shows feature 2 and goes nowhere."""
    w = lh.LSTMWeights.from_arrays(
        [np.zeros((3, 4 * units)), np.zeros((units, 4 * units)), np.zeros(4 * units)]
    )
    w = lh.LSTMWeights(
        w.kernel,
        w.recurrent_kernel,
        w.bias,
        activation="linear",
        recurrent_activation="hard_sigmoid",
    )
    w.bias.i[:], w.bias.f[:], w.bias.o[:] = 3, -3, 3
    w.kernel.c[1, 0] = 1
    for unit in range(lag):
        w.recurrent_kernel.c[unit, unit + 1] = 1
    w.kernel.c[2, units - 1] = 50
    return lh.Readout(w, np.eye(units)[lag])


DELAY = delay()
Y = X[:, -3, 1].copy()


def verdict(*args, model=DELAY, x=X, y=None, others=(), **fields):
    return lh.check_reading(Reading(*args, **fields), model, x, y, others).verdict


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("uses", {"feature": 1}, "holds"),
        ("uses", {"feature": 1, "lag": 2}, "holds"),
        ("uses", {"feature": 2}, "fails"),
        ("uses", {"feature": 1, "lag": 1}, "fails"),
        ("ignores", {"feature": 2}, "holds"),
        ("ignores", {"lag": 2}, "fails"),
        ("largest", {"feature": 1}, "holds"),
        ("largest", {"feature": 2}, "fails"),
        ("largest", {"lag": 2}, "holds"),
        ("largest", {"lag": 0}, "fails"),
        ("looks back", {"lag": 2}, "holds"),
        ("looks back", {"lag": 3}, "fails"),
        ("unit", {"unit": 2}, "holds"),
        ("unit", {"unit": 2, "feature": 1}, "holds"),
        ("unit", {"unit": 0, "feature": 1}, "holds"),  # on its way it comes through unit 0 too
        ("unit", {"unit": 4}, "fails"),
        ("unit", {"unit": 4, "feature": 1}, "fails"),
        ("unit", {"unit": 2, "feature": 2}, "fails"),
        ("knows", {"evidence": X[:, -3, 1]}, "holds"),
        ("knows", {"evidence": X[:, 0, 0]}, "fails"),  # nothing of it is there
    ],
)
def test_a_delay(kind, fields, expected):
    assert verdict(kind, **fields) == expected


def test_what_an_untrained_layer_tells_as_well_is_not_known():
    # The newest reading is in every state; unit 0 has it exactly.
    quantity = X[:, -3:, 1].mean(axis=1)
    found = lh.check_reading(Reading("knows", evidence=quantity), delay(0), X)
    assert found.verdict == "fails"
    assert found.numbers["R²"] > 0.1
    # Given ones are asked instead of fresh ones.
    assert verdict("knows", evidence=X[:, -3, 1], others=[DELAY]) == "fails"
    assert verdict("knows", evidence=X[:, -3, 1], others=[delay(0)]) == "holds"
    assert verdict("knows", evidence=np.ones(len(X))) == "cannot tell"


def test_two_units_alike_carry_half_each():
    w = delay(0).w
    for part in ("c",):
        getattr(w.kernel, part)[1, 1] = 1
    twins = lh.Readout(w, [0.5, 0.5, 0, 0, 0])
    for unit in (0, 1):
        assert verdict("unit", model=twins, unit=unit) == "holds"
        found = lh.check_reading(Reading("unit", unit=unit, feature=1), twins, X)
        assert found.verdict == "holds"
        assert found.numbers["through the unit (%)"] == pytest.approx(50)


def test_a_small_part_is_between():
    w = delay(0, units=3).w
    w.kernel.c[0, 0] = 0.01  # one per cent of feature 1
    model = lh.Readout(w, np.eye(3)[0])
    assert verdict("uses", model=model, feature=0) == "cannot tell"
    assert verdict("ignores", model=model, feature=0) == "cannot tell"
    w.kernel.c[0, 0] = 0.99
    both = lh.check_reading(Reading("largest", feature=1), lh.Readout(w, np.eye(3)[0]), X)
    assert both.verdict == "cannot tell"
    assert set(both.numbers) == {
        "moved (%)", "most of the others (%)", "difference", "standard error",
    }  # fmt: skip


def test_a_unit_has_its_number_only_where_units_have_an_order():
    order = [3, 0, 4, 1, 2]
    w = DELAY.w
    other = lh.LSTMWeights(
        lh.Gates(*(part[:, order] for part in w.kernel)),
        lh.Gates(*(part[order][:, order] for part in w.recurrent_kernel)),
        lh.Gates(*(part[order] for part in w.bias)),
        activation="linear",
        recurrent_activation="hard_sigmoid",
    )
    moved = lh.Readout(other, DELAY.head[order])
    np.testing.assert_allclose(moved.forward(X), DELAY.forward(X))
    assert verdict("same unit", unit=2, others=[moved, moved]) == "fails"
    assert verdict("same unit", unit=2, others=[DELAY, DELAY]) == "holds"
    assert verdict("same unit", unit=2, others=[DELAY]) == "cannot tell"  # chance: one in five
    assert verdict("same unit", unit=2, others=[DELAY, DELAY, moved]) == "cannot tell"
    assert verdict("same unit", unit=2) == "cannot tell"
    assert verdict("same unit", unit=2, others=[delay(units=6)]) == "cannot tell"


def test_skill_is_more_than_a_small_error():
    quiet = X.copy()
    noisy = Y + 0.3 * RNG.normal(size=len(Y))
    assert verdict("skilled", x=quiet, y=noisy) == "holds"
    assert verdict("skilled", y=RNG.normal(size=len(Y))) == "fails"
    assert verdict("skilled") == "cannot tell"
    assert verdict("skilled", y=np.ones(len(Y))) == "cannot tell"
    leaked = lh.check_reading(Reading("skilled"), DELAY, X, Y)
    assert leaked.verdict == "fails"
    assert "stands in the readings" in leaked.experiment


def test_needed_is_what_others_lack():
    noisy = Y + 0.3 * RNG.normal(size=len(Y))
    blind = delay(1)  # reads lag 1 instead
    assert verdict("needs", lag=2, y=noisy, others=[blind]) == "holds"
    assert verdict("needs", lag=2, others=[blind]) == "cannot tell"
    assert verdict("needs", lag=2, y=noisy) == "cannot tell"
    used = lh.check_reading(Reading("needs", lag=2), DELAY, X, noisy, [DELAY])
    assert used.verdict == "cannot tell"
    assert "use lag 2 themselves" in used.experiment
    # Another road to the same: it was used and is not needed.
    copied = X.copy()
    copied[:, -2, 2] = Y
    w = delay(1).w
    w.kernel.c[1, 0], w.kernel.c[2, 0] = 0, 1
    assert (
        verdict("needs", lag=2, x=copied, y=noisy, others=[lh.Readout(w, np.eye(5)[1])]) == "fails"
    )


def test_of_what_never_varies_nobody_can_tell():
    x = X.copy()
    x[..., 2] = 1
    for kind in ("uses", "ignores"):
        assert verdict(kind, x=x, feature=2) == "cannot tell"
        assert verdict(kind, x=x, feature=2, lag=0) == "cannot tell"
    x[3, 4, 2] = 2
    assert verdict("ignores", x=x, feature=2) == "holds"


def test_a_network_that_never_moves():
    still = lh.Readout(DELAY.w, np.zeros(5), bias=1.0)
    assert verdict("uses", model=still, feature=1) == "fails"
    assert verdict("ignores", model=still, feature=1) == "holds"
    assert verdict("largest", model=still, feature=1) == "fails"
    assert verdict("unit", model=still, unit=0) == "fails"


def test_the_same_question_has_the_same_answer_and_nothing_is_changed():
    x = X.copy()
    first, second = (lh.check_reading(Reading("unit", unit=2), DELAY, x) for _ in range(2))
    assert first == second
    assert np.array_equal(x, X)
    assert str(first) == f"holds: {first.experiment}"
    for number in first.numbers.values():
        assert f"{number:.3g}" in first.experiment


def test_what_a_reading_asks_for():
    assert repr(Reading("uses", feature=1, lag=2)) == "Reading('uses', feature=1, lag=2)"
    assert claims.KINDS.keys() == claims._ASKS.keys() == _claim_experiments.BY_KIND.keys()
    for kind, fields, words in [
        ("means", {}, "expected kind of 'uses'"),
        ("uses", {}, "expected a reading 'uses' with feature or lag, got none"),
        ("uses", {"unit": 1, "lag": 0}, "without unit, got 1"),
        ("largest", {"feature": 1, "lag": 0}, "with feature or lag, got both"),
        ("unit", {"feature": 1}, "with unit, got none"),
        ("looks back", {"lag": -1}, "lag as a whole number of at least 0, got -1"),
        ("knows", {"evidence": np.ones((3, 2))}, "for each window, got shape \\(3, 2\\)"),
        ("knows", {"evidence": [np.nan]}, "as a finite number"),
    ]:
        with pytest.raises(ValueError, match=words):
            Reading(kind, **fields)
    with pytest.raises(TypeError, match="evidence as a text, got int"):
        Reading("skilled", evidence=3)
    with pytest.raises(TypeError, match="evidence of 'knows' as real numbers"):
        Reading("knows")


def test_what_does_not_fit():
    ask = lh.check_reading
    with pytest.raises(TypeError, match="expected a Reading, got str"):
        ask("uses", DELAY, X)
    with pytest.raises(ValueError, match="expected lag from 0 to 7, got 8"):
        ask(Reading("uses", lag=8), DELAY, X)
    with pytest.raises(ValueError, match="expected feature from 0 to 2, got 3"):
        ask(Reading("uses", feature=3), DELAY, X)
    with pytest.raises(ValueError, match="expected unit from 0 to 4, got 5"):
        ask(Reading("unit", unit=5), DELAY, X)
    with pytest.raises(ValueError, match="expected unit from 0 to 4, got 5"):
        ask(Reading("same unit", unit=5), DELAY, X, others=[DELAY])
    with pytest.raises(ValueError, match="expected at least 20 windows, got 19"):
        ask(Reading("uses", lag=0), DELAY, X[:19])
    with pytest.raises(ValueError, match="evidence for each of 160 windows, got 3"):
        ask(Reading("knows", evidence=np.arange(3.0)), DELAY, X)
    with pytest.raises(ValueError, match="expected y with a target for each of 160 windows"):
        ask(Reading("skilled"), DELAY, X, y=Y[:5])
    with pytest.raises(TypeError, match="others as a list of models, got Readout"):
        ask(Reading("skilled"), DELAY, X, others=DELAY)


def test_models_of_keras_and_what_cannot_be_seen_in_them():
    keras = pytest.importorskip("keras")
    x = X.astype("float32")
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    readout = lh.Readout(lh.gate_weights(model.layers[0]), model.layers[1].get_weights()[0], 0.0)
    for reading in (
        Reading("unit", unit=1),
        Reading("uses", lag=3),
        Reading("unit", unit=1, feature=0),
    ):
        mine, theirs = (lh.check_reading(reading, one, x) for one in (model, readout))
        assert mine.verdict == theirs.verdict
        for name, number in mine.numbers.items():
            assert number == pytest.approx(theirs.numbers[name], rel=1e-2, abs=1e-2)
    few = lh.check_reading(Reading("unit", unit=1), model, x[:23])
    assert few.verdict == "cannot tell"
    assert "takes 20 windows more than the layer has units, 24, and 23 were l" in few.experiment
    assert "linear" not in lh.check_reading(Reading("unit", unit=1), model, x[:24]).experiment
    two = keras.Sequential(
        [
            keras.Input((8, 3)),
            keras.layers.LSTM(4, return_sequences=True),
            keras.layers.LSTM(4),
            keras.layers.Dense(1),
        ]
    )
    found = lh.check_reading(Reading("unit", unit=1), two, x)
    assert (found.verdict, found.numbers) == ("cannot tell", {})
    assert "2 LSTMs" in found.experiment
    flat = keras.Sequential([keras.Input((8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    assert lh.check_reading(Reading("uses", lag=3), flat, x).verdict == "holds"
    for reading in (Reading("unit", unit=0), Reading("knows", evidence=X[:, 0, 0])):
        assert lh.check_reading(reading, flat, x).verdict == "cannot tell"


def test_untrained_layers_skip_what_the_model_skips():
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 3)), keras.layers.Masking(7.0), keras.layers.LSTM(4)]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    padded = X.astype("float32")
    padded[:, 5:] = 7  # at the end: before it, zeros would leave a fresh state at zero anyway
    opened = _report_models.opened(model, 0)
    ((_, untrained),) = _report_probes.last_states(opened, padded, seeds=[3]).values()
    bare = keras.Sequential([keras.Input((5, 3)), *layers[2:], keras.layers.Dense(1)])
    ((_, expected),) = _report_probes.last_states(
        _report_models.opened(bare, 0), padded[:, :5], seeds=[3]
    ).values()
    np.testing.assert_allclose(untrained, expected, atol=1e-6)


def test_of_many_windows_so_many_are_traced_as_there_is_room_for(monkeypatch):
    seen = []
    replay = _claim_experiments.replay
    monkeypatch.setattr(_claim_experiments, "windows_to_trace", lambda units, shape: 30)
    monkeypatch.setattr(
        _claim_experiments,
        "replay",
        lambda w, x, **more: seen.append(len(x)) or replay(w, x, **more),
    )
    assert verdict("unit", unit=2) == "holds"
    assert verdict("unit", unit=4) == "fails"
    assert set(seen) == {30}
