"""Files of six formats, opened without the frameworks that wrote them; see tests/fixtures."""

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lstm_helpers as lh

h5py = pytest.importorskip("h5py")
onnx = pytest.importorskip("onnx")
pytest.importorskip("safetensors")

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))["files"]
with np.load(FIXTURES / "expected.npz") as stored:
    FLAT = {name: stored[name] for name in stored.files}

F, H = 3, 2
NAMES = ("kernel", "recurrent_kernel", "bias")


def random(seed=0, shapes=((F, 4 * H), (H, 4 * H), (4 * H,))):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lh.open_weights(path)


# What is in the fixtures.


def expected_arrays(file):
    flat, start, found = FLAT[file], 0, {}
    for name, fields in EXPECTED[file].items():
        found[name] = []
        for shape in fields["shapes"]:
            size = int(np.prod(shape))
            found[name].append(flat[start : start + size].reshape(shape))
            start += size
    assert start == len(flat)
    return found


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("file", EXPECTED)
def test_weights_to_the_bit(file):
    found, expected = opened(FIXTURES / file), expected_arrays(file)
    assert found.keys() == expected.keys()
    for name, arrays in expected.items():
        ours = found[name].to_arrays()
        assert len(ours) == len(arrays), name
        assert all(map(same_bits, ours, arrays)), name


@pytest.mark.parametrize("file", EXPECTED)
def test_activations_and_options(file):
    found = opened(FIXTURES / file)
    for name, fields in EXPECTED[file].items():
        ours = {key: getattr(found[name], key) for key in fields.keys() - {"said", "shapes"}}
        assert ours == {key: fields[key] for key in ours}, name


@pytest.mark.parametrize("file", EXPECTED)
def test_one_warning_where_the_file_does_not_say_all_and_none_elsewhere(file):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lh.open_weights(FIXTURES / file)
    unsaid = [name for name, fields in EXPECTED[file].items() if not fields["said"]]
    assert len(caught) == bool(unsaid)
    if caught:
        (warning,) = caught
        assert warning.category is UserWarning
        assert warning.filename == __file__
        text = str(warning.message)
        assert text.startswith(f"{file} holds the weights of '")
        assert all(repr(name) in text for name in unsaid) or len(unsaid) > 4
        gates = {opened(FIXTURES / file)[name].recurrent_activation for name in unsaid}
        assert all(f"recurrent_activation={one!r}" in text for one in gates)


def test_the_fixtures_are_many_small_and_of_every_format():
    files = [path for path in FIXTURES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 300_000
    others = {"make_fixtures.py", "expected.json", "expected.npz"}
    assert {path.name for path in files} == EXPECTED.keys() | others
    assert len(EXPECTED) >= 14
    assert {Path(file).suffix for file in EXPECTED} == {
        ".keras", ".h5", ".onnx", ".safetensors", ".npz",
    }  # fmt: skip


def test_names_are_sorted_as_people_count():
    assert list(opened(FIXTURES / "keras3_options.keras")) == [
        "lstm",
        "lstm_1",
        "lstm_2",
        "lstm_10",
    ]
    assert list(opened(FIXTURES / "onnx_activations.onnx")) == ["node_1", "node_2", "node_10"]
    assert list(opened(FIXTURES / "numbered.npz")) == ["lstm_2", "lstm_10"]


def test_no_framework_is_loaded():
    code = """
import sys, warnings
from pathlib import Path
import lstm_helpers as lh
warnings.simplefilter("ignore")
at_once = {"h5py", "onnx", "safetensors"} & set(sys.modules)
files = [p for p in Path(sys.argv[1]).iterdir() if p.name in sys.argv[2].split()]
count = sum(len(lh.open_weights(path)) for path in files)
frameworks = {"tensorflow", "tf_keras", "keras", "torch", "jax", "onnxruntime"}
print(len(files), count, sorted(at_once), sorted(frameworks & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, FIXTURES, " ".join(EXPECTED)],
        capture_output=True, text=True, cwd=FIXTURES.parent.parent, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    layers = sum(map(len, EXPECTED.values()))
    assert done.stdout.split("\n")[0] == f"{len(EXPECTED)} {layers} [] []"


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("h5py", "keras2_whole.h5"),
        ("h5py", "keras2.keras"),
        ("onnx", "onnx_activations.onnx"),
        ("safetensors", "torch.safetensors"),
    ],
)
def test_a_missing_library_is_named_with_what_to_install(module, file, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError, match=rf"needs {module}, .*pip install {module}, or .*\[files\]"
    ):
        lh.open_weights(FIXTURES / file)
    assert opened(FIXTURES / "torch.npz")


# What is refused.


def refused(path, words, kind=ValueError):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind, match=words) as caught:
            lh.open_weights(path)
    assert path.name in str(caught.value)
    return str(caught.value)


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_no_path():
    for thing in (None, 3, [b"x"], np.zeros(2)):
        with pytest.raises(TypeError, match="expected the path of a file, got"):
            lh.open_weights(thing)


def test_text_and_path_alike():
    file = FIXTURES / "torch.npz"
    assert opened(str(file)).keys() == opened(file).keys()


def test_missing_file_and_folder(tmp_path):
    refused(tmp_path / "none.keras", "which does not exist", FileNotFoundError)
    (tmp_path / "model.keras").mkdir()
    refused(tmp_path / "model.keras", "got a folder: .*SavedModel", IsADirectoryError)


@pytest.mark.parametrize("ending", ["", ".txt", ".tflite", ".json", ".kerasx"])
def test_unknown_ending(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(b"anything")
    refused(path, rf"ends in .keras, .h5, .* got {ending or 'no ending'}")


@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5", ".onnx", ".safetensors", ".npz"])
def test_empty_file(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    path.touch()
    refused(path, "got an empty one")


@pytest.mark.parametrize("file", EXPECTED)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.97])
def test_cut_short(tmp_path, file, part):
    content = (FIXTURES / file).read_bytes()
    path = tmp_path / file
    path.write_bytes(content[: int(len(content) * part)])
    refused(path, "expected ")


@pytest.mark.parametrize("ending", [".keras", ".h5", ".onnx", ".safetensors", ".npz"])
def test_noise(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    refused(path, "expected ")


@pytest.mark.parametrize(
    ("source", "ending", "words"),
    [
        ("keras2_whole.h5", ".keras", "got an HDF5 file: if Keras wrote it, name it .h5"),
        ("keras2_whole.h5", ".onnx", "got an HDF5 file"),
        ("keras2.keras", ".h5", "got a zip"),
        ("keras2.keras", ".npz", "expected arrays named as|can't be read"),
        ("torch.npz", ".keras", "expected config.json and model.weights.h5 in the zip"),
        ("torch.npz", ".safetensors", "got a zip"),
        ("torch.safetensors", ".onnx", "expected "),
        ("torch.safetensors", ".npz", "got something else"),
    ],
)
def test_wrong_ending(tmp_path, source, ending, words):
    path = tmp_path / f"model{ending}"
    path.write_bytes((FIXTURES / source).read_bytes())
    refused(path, words)


@pytest.mark.parametrize("length", [65536 + n for n in (640, 896, 1152, 1408, 19280)])
def test_a_length_of_safetensors_that_looks_like_another_format(tmp_path, length):
    content = (FIXTURES / "torch.safetensors").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = content[8:end].rstrip().ljust(length)
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + header + content[end:])
    assert list(lh.open_weights(path)) == list(lh.open_weights(FIXTURES / "torch.safetensors"))


class Trap:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRAP"],)


@pytest.fixture
def trap(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAP", str(tmp_path / "sprung"))
    yield Trap()
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "ending", [".pt", ".pth", ".pkl", ".bin", ".ckpt", ".npz", ".keras", ".h5", ".safetensors"]
)
def test_a_pickle_is_not_opened(tmp_path, trap, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(pickle.dumps(trap))
    refused(path, "got a pickle, which runs code .* safetensors")


def test_a_zip_of_pickles_is_not_opened(tmp_path, trap):
    path = zipped(tmp_path / "model.npz", {"archive/data.pkl": pickle.dumps(trap)})
    refused(path, "got a pickle")


def test_an_array_of_objects_is_not_unpickled(tmp_path, trap):
    path = tmp_path / "model.npz"
    np.savez(path, weights=np.array([trap, 1], dtype=object))
    refused(path, "'weights': got a pickle")


@pytest.mark.parametrize("ending", [".keras", ".npz"])
def test_a_zip_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path, ending, monkeypatch):
    path = tmp_path / f"model{ending}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(2**29 // 2**24):
                member.write(bytes(2**24))
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    refused(path, r"got a zip of 0\.5 GiB in a file of .* MiB: .* not unpacked")


def test_an_hdf5_array_that_claims_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("lstm/cell/vars")
        units = 8000
        for n, shape in enumerate([(F, 4 * units), (units, 4 * units), (4 * units,)]):
            group.create_dataset(str(n), shape, "float32", chunks=True)
    refused(path, r"got an array \(8000, 32000\) of 1\.0 GiB")


# Links out of an HDF5 file would read another one.


@pytest.mark.parametrize("how", ["link", "soft", "virtual", "external"])
def test_arrays_in_other_files_are_not_read(tmp_path, how):
    other, path = tmp_path / "other.h5", tmp_path / "model.weights.h5"
    arrays = random()
    with h5py.File(other, "w") as file:
        for n, array in enumerate(arrays):
            file.create_dataset(str(n), data=array)
    with h5py.File(path, "w") as file:
        group = file.create_group("lstm/cell/vars")
        for n, array in enumerate(arrays):
            if how == "link":
                group[str(n)] = h5py.ExternalLink(other.name, f"/{n}")
            elif how == "soft":
                group[str(n)] = h5py.SoftLink("/lstm")
            elif how == "virtual":
                layout = h5py.VirtualLayout(array.shape, array.dtype)
                layout[...] = h5py.VirtualSource(other.name, str(n), array.shape)
                group.create_virtual_dataset(str(n), layout)
            else:
                (tmp_path / f"{n}.raw").write_bytes(array.tobytes())
                where = [(str(tmp_path / f"{n}.raw"), 0, array.nbytes)]
                group.create_dataset(str(n), array.shape, array.dtype, external=where)
    words = {"link": "got a link", "soft": "got a link"}.get(how, "got one stored in other files")
    refused(path, words)


@pytest.mark.parametrize("link", ["model_weights", "lstm"])
def test_groups_in_other_files_are_not_read(tmp_path, link):
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        root = file if link == "model_weights" else file.create_group("model_weights")
        root.attrs["layer_names"] = ["lstm"]
        root[link] = h5py.ExternalLink("other.h5", "/")
    refused(path, "got a link|can't be read")


# Configs.


def keras_file(path, config, groups):
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for group, arrays in groups.items():
            for n, array in enumerate(arrays):
                file[f"{group}/vars/{n}"] = array
    metadata = {"keras_version": "3.9.0"}
    members = {"config.json": config, "metadata.json": metadata}
    texts = {name: json.dumps(content) for name, content in members.items()}
    return zipped(path, {**texts, "model.weights.h5": held.getvalue()})


def lstm_config(name="lstm", **options):
    return {"module": "keras.layers", "class_name": "LSTM", "config": {"name": name, **options},
            "registered_name": None}  # fmt: skip


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "model", "layers": list(layers)}}


def test_a_lambda_is_skipped_and_its_code_is_not_run(tmp_path, trap):
    code = {"class_name": "__lambda__", "config": {"code": pickle.dumps(trap).hex()}}
    config = sequential(
        {"class_name": "Lambda", "config": {"name": "lambda", "function": code}}, lstm_config()
    )
    path = keras_file(tmp_path / "model.keras", config, {"layers/lstm/cell": random()})
    (w,) = lh.open_weights(path).values()
    assert same_bits(w.to_arrays()[0], random()[0])


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ("tanh", "tanh"),
        ("swish", "silu"),
        (None, "linear"),
        ("hard_sigmoid", "hard_sigmoid"),
        ("somebody>s_own", "custom s_own"),
        ("my_tanh", "custom my_tanh"),
        ({"class_name": "function", "config": "tanh", "registered_name": "x"}, "custom tanh"),
        ({"class_name": "LeakyReLU", "config": {}}, "custom LeakyReLU"),
        ({"class_name": "__lambda__", "config": {"code": "..."}}, "custom lambda"),
    ],
)
def test_activations_in_a_config(tmp_path, given, ours):
    config = sequential(lstm_config(activation=given))
    path = keras_file(tmp_path / "model.keras", config, {"layers/lstm/cell": random()})
    assert lh.open_weights(path)["lstm"].activation == ours


def test_an_activation_of_ones_own_is_not_replayed():
    w = opened(FIXTURES / "keras3_options.keras")["lstm_2"]
    with pytest.raises(ValueError, match="custom half_tanh"):
        lh.replay(w, np.zeros((1, 5, 2), "float32"))


@pytest.mark.parametrize(
    ("policy", "ours"),
    [
        ("float64", "float64"),
        ("mixed_bfloat16", "bfloat16"),
        ({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}, "float16"),
        ({"class_name": "DTypePolicyMap", "config": {}}, None),
    ],
)
def test_dtype_policies(tmp_path, policy, ours):
    config = sequential(lstm_config(dtype=policy))
    path = keras_file(tmp_path / "model.keras", config, {"layers/lstm/cell": random()})
    assert lh.open_weights(path)["lstm"].compute_dtype == ours


def test_a_class_of_ones_own_is_read_with_a_warning(tmp_path):
    own = {**lstm_config("mine"), "registered_name": "package>LSTM", "module": "package"}
    path = keras_file(tmp_path / "model.keras", sequential(own), {"layers/lstm/cell": random()})
    with pytest.warns(UserWarning, match="'lstm'"):
        assert list(lh.open_weights(path)) == ["lstm"]


def test_a_layer_without_weights(tmp_path):
    config = sequential(lstm_config(), lstm_config("second"))
    path = keras_file(tmp_path / "model.keras", config, {"layers/lstm/cell": random()})
    refused(path, "expected weights of layer 'second', got none: was the model built")


def test_a_file_without_an_lstm_says_what_is_there(tmp_path):
    gru = {"class_name": "GRU", "config": {"name": "gru"}}
    arrays = random(shapes=((F, 3 * H), (H, 3 * H), (2, 3 * H)))
    path = keras_file(tmp_path / "model.keras", sequential(gru), {"layers/gru/cell": arrays})
    refused(path, "expected an LSTM in it, got layers of class GRU")


@pytest.mark.parametrize("config", ['{"class_name"', "[" * 100_000, "3"])
def test_a_damaged_config(tmp_path, config):
    path = zipped(tmp_path / "m.keras", {"config.json": config, "model.weights.h5": b"x"})
    refused(path, "can't be read: it is damaged")


def test_the_names_of_keras_2_12(tmp_path):
    groups = {"_layer_checkpoint_dependencies/lstm/cell": random()}
    path = keras_file(tmp_path / "model.keras", sequential(lstm_config("mine")), groups)
    assert list(lh.open_weights(path)) == ["mine"]


@pytest.mark.parametrize(
    ("version", "gates"),
    [
        ("2.0.8", "hard_sigmoid_keras1"),
        ("2.2.4", "hard_sigmoid_keras1"),
        ("2.1.6-tf", "hard_sigmoid_keras1"),
        ("2.2.4-tf", "sigmoid"),
        ("2.3.1", "sigmoid"),
        ("2.21.0", "sigmoid"),
        ("3.0.5", "sigmoid"),
    ],
)
def test_the_default_is_that_of_the_keras_that_wrote_the_file(tmp_path, version, gates):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["layer_names0"], file.attrs["layer_names1"] = ["lstm_1"], ["lstm_2"]
        for name in ("lstm_1", "lstm_2"):
            group = file.create_group(name)
            keys = [f"{name}/{part}:0" for part in NAMES]
            group.attrs["weight_names"] = keys
            for key, array in zip(keys, random(), strict=True):
                group[key] = array
    with pytest.warns(UserWarning, match=f"recurrent_activation='{gates}'"):
        found = lh.open_weights(path)
    assert [w.recurrent_activation for w in found.values()] == [gates] * 2
    assert list(found) == ["lstm_1", "lstm_2"]


def old_file(path, version, config, groups):
    """Whole model in the older way: {layer: {name of array: array}}."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["model_config"] = version, json.dumps(config)
        root = file.create_group("model_weights")
        root.attrs["keras_version"], root.attrs["layer_names"] = version, list(groups)
        for layer, arrays in groups.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = list(arrays)
            for name, array in arrays.items():
                group[name] = array
    return path


def named(layer, seed):
    return {f"{layer}/{part}:0": a for part, a in zip(NAMES, random(seed), strict=True)}


@pytest.mark.parametrize("top", ["inner", None])
def test_layers_are_matched_by_name_whatever_the_order(tmp_path, top):
    """Keras lists frozen layers last; Keras 1 those of a nested Sequential on top."""
    options = {"first": "relu", "second": "tanh", "third": "elu"}
    layers = [lstm_config(name, activation=kind) for name, kind in options.items()]
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": layers}}
    arrays = {name: named(name, seed) for seed, name in enumerate(["third", "first", "second"])}
    groups = {top: {k: a for one in arrays.values() for k, a in one.items()}} if top else arrays
    path = old_file(tmp_path / "model.h5", "2.15.0", sequential(inner), groups)
    found = lh.open_weights(path)
    assert {name: w.activation for name, w in found.items()} == {
        f"inner/{name}": kind for name, kind in options.items()
    }
    for seed, name in enumerate(arrays):
        assert same_bits(found[f"inner/{name}"].to_arrays()[0], random(seed)[0])


def test_a_layer_that_the_file_calls_otherwise_takes_what_no_other_does(tmp_path):
    layers = [lstm_config("first", activation="relu"), lstm_config("second")]
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": layers}}
    groups = {"inner": named("second", 2) | named("renamed", 1)}
    found = lh.open_weights(old_file(tmp_path / "m.h5", "2.15.0", sequential(inner), groups))
    assert same_bits(found["inner/first"].to_arrays()[0], random(1)[0])
    assert same_bits(found["inner/second"].to_arrays()[0], random(2)[0])


def test_two_matrices_are_an_lstm_without_bias_only_in_a_cell(tmp_path):
    groups = {"layers/mine": random(1)[:2], "layers/rnn/cell": random(2)[:2]}
    with zipfile.ZipFile(keras_file(tmp_path / "model.keras", {}, groups)) as archive:
        (tmp_path / "m.weights.h5").write_bytes(archive.read("model.weights.h5"))
    (w,) = opened(tmp_path / "m.weights.h5").values()
    assert w.bias is None
    assert same_bits(w.to_arrays()[0], random(2)[0])


@pytest.mark.parametrize(
    ("version", "zeros"),
    [("1.2.2", False), ("2.2.4", False), ("2.3.1", False), ("2.2.4-tf", True), ("2.15.0", True)],
)
@pytest.mark.parametrize("sequences", [True, False])
def test_bidirectional_makes_its_layers_give_zeros_under_a_mask(
    tmp_path, version, zeros, sequences
):
    both = {
        "class_name": "Bidirectional",
        "config": {"name": "both", "layer": lstm_config(return_sequences=sequences)},
    }
    arrays = named("both/forward_lstm", 0) | named("both/backward_lstm", 1)
    path = old_file(tmp_path / "model.h5", version, sequential(both), {"both": arrays})
    found = lh.open_weights(path)
    assert list(found) == ["both/backward_lstm", "both/forward_lstm"]
    assert all(w.zero_output_for_mask == (zeros and sequences) for w in found.values())
    assert [w.go_backwards for w in found.values()] == [True, False]


@pytest.mark.parametrize("backwards", [True, False])
def test_the_second_of_a_bidirectional_reads_the_other_way(tmp_path, backwards):
    both = {
        "class_name": "Bidirectional",
        "config": {"name": "both", "layer": lstm_config(go_backwards=backwards)},
    }
    groups = {f"layers/bidirectional/{end}_layer/cell": random() for end in ("forward", "backward")}
    found = lh.open_weights(keras_file(tmp_path / "model.keras", sequential(both), groups))
    assert {name: w.go_backwards for name, w in found.items()} == {
        "both/forward_lstm": backwards,
        "both/backward_lstm": not backwards,
    }


def test_a_backward_layer_of_ones_own_keeps_its_name_since_keras_3(tmp_path):
    config = {"name": "both", "layer": lstm_config("there")}
    config["backward_layer"] = lstm_config("back", go_backwards=True, activation="relu")
    model = sequential({"class_name": "Bidirectional", "config": config})
    groups = {"forward": random(1), "backward": random(2)}
    cells = {f"layers/bidirectional/{end}_layer/cell": a for end, a in groups.items()}
    found = lh.open_weights(keras_file(tmp_path / "model.keras", model, cells))
    assert list(found) == ["both/back", "both/forward_there"]
    assert found["both/back"].activation == "relu"
    assert same_bits(found["both/back"].to_arrays()[0], random(2)[0])
    old = named("both/forward_there", 1) | named("both/backward_back", 2)
    found = lh.open_weights(old_file(tmp_path / "model.h5", "2.15.0", model, {"both": old}))
    assert list(found) == ["both/backward_back", "both/forward_there"]


# ONNX.


def onnx_file(path, inputs=(), constants=(), arrays=None, **attributes):
    kernel, recurrent_kernel, bias = random() if arrays is None else arrays
    held = {
        "w": kernel.T[None], "r": recurrent_kernel.T[None],
        "b": np.concatenate([bias, bias])[None], **dict(constants),
    }  # fmt: skip
    tensors = [onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in held.items()]
    node = onnx.helper.make_node(
        "LSTM", ["x", "w", "r", "b", *inputs], ["y"], name="lstm", hidden_size=H, **attributes
    )
    value = onnx.helper.make_tensor_value_info
    number = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node], "g", [value("x", number, [5, 1, F])], [value("y", number, [5, 1, 1, H])], tensors
    )
    onnx.save(onnx.helper.make_model(graph), path)
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": ["", "", "", "p"]}, "no peepholes, got P"),
        ({"clip": 3.0}, "no clip, got clip=3"),
        ({"input_forget": 1}, "input_forget=0, got 1"),
        ({"inputs": ["lengths"]}, "sequence_lens.* that come with the data"),
        ({"inputs": ["n"], "constants": [("n", np.int32([4]))]}, r"got \[4\] of 5 steps"),
        ({"activations": ["Sigmoid", "Tanh", "Relu"]}, "got tanh and relu"),
        ({"activations": ["Sigmoid", "Softsign", "Softsign"]}, "got Softsign"),
        ({"activations": ["Elu", "Tanh", "Tanh"]}, "got Elu"),
        ({"activations": ["Sigmoid", "Tanh"]}, "expected 3 activations, got 2"),
        ({"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.3]}, "alpha=0.3"),
        ({"activations": ["Sigmoid", "Affine", "Affine"], "activation_alpha": [2.0]}, "alpha=2"),
        ({"direction": "sideways"}, "got 'sideways'"),
        ({"direction": "bidirectional"}, r"with 2 direction\(s\) in front, got shape \(1, 8, 3\)"),
        ({"arrays": random(shapes=((F, 6), (H, 6), (6,)))}, "layout 'onnx': expected"),
    ],
)  # fmt: skip
def test_onnx_nodes_that_are_not_replayed(tmp_path, change, words):
    text = refused(onnx_file(tmp_path / "model.onnx", **change), words)
    assert "lstm" in text


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"inputs": ["n"], "constants": [("n", np.int32([5]))]},
        # With the windows first, x has five of one step.
        {"inputs": ["n"], "constants": [("n", np.int32([1] * 5))], "layout": 1},
        {"clip": None},
        {"input_forget": 0},
        {"inputs": ["", "h", "c"]},
        {"activations": ["sigmoid", "TANH", "Tanh"]},
    ],
)
def test_onnx_nodes_that_are(tmp_path, change):
    change = {key: value for key, value in change.items() if value is not None}
    w = lh.open_weights(onnx_file(tmp_path / "model.onnx", **change))["lstm"]
    kernel, _, bias = random()
    i, o, f, c = np.split(kernel, 4, -1)
    assert same_bits(w.to_arrays()[0], np.concatenate([i, f, c, o], -1))
    assert same_bits(w.bias.o, 2 * bias[H : 2 * H])
    assert w.recurrent_activation == "sigmoid"


def changed_onnx(path, change):
    model = onnx.load(onnx_file(path))
    change(model.graph)
    onnx.save(model, path)
    return path


def test_onnx_weights_that_are_computed_are_refused(tmp_path):
    def compute(graph):
        graph.node[0].input[1] = "w2"
        graph.node.insert(0, onnx.helper.make_node("Relu", ["w"], ["w2"]))

    path = changed_onnx(tmp_path / "model.onnx", compute)
    refused(path, "expected W as a constant, got one that is computed by Relu")


def test_onnx_weights_behind_constant_and_identity_nodes_are_found(tmp_path):
    def move(graph):
        tensor = next(t for t in graph.initializer if t.name == "w")
        graph.initializer.remove(tensor)
        graph.node[0].input[1] = "w2"
        graph.node.insert(0, onnx.helper.make_node("Identity", ["w"], ["w2"]))
        graph.node.insert(0, onnx.helper.make_node("Constant", [], ["w"], value=tensor))

    path = changed_onnx(tmp_path / "model.onnx", move)
    assert list(lh.open_weights(path)) == ["lstm"]


def test_onnx_nodes_without_names_in_a_loop_and_twice(tmp_path):
    def wrap(graph):
        node = onnx.NodeProto()
        node.CopyFrom(graph.node[0])
        node.name = ""
        inner = onnx.helper.make_graph([node, node], "body", [], [])
        del graph.node[:]
        graph.node.append(onnx.helper.make_node("Loop", ["", ""], ["y"], body=inner))

    path = changed_onnx(tmp_path / "model.onnx", wrap)
    assert list(lh.open_weights(path)) == ["y_0", "y_1"]


def test_onnx_without_an_lstm_says_what_is_there(tmp_path):
    def other(graph):
        graph.node[0].op_type = "Loop"

    refused(changed_onnx(tmp_path / "model.onnx", other), "operator LSTM, got only Loop")


def test_an_operator_of_the_same_name_from_elsewhere_is_none_of_onnx(tmp_path):
    def other(graph):
        graph.node[0].domain = "com.mine"

    path = changed_onnx(tmp_path / "model.onnx", other)
    refused(path, "expected a node of operator LSTM, got only com.mine::LSTM")


def test_onnx_lengths_of_an_unknown_number_of_steps(tmp_path):
    def open_steps(graph):
        graph.input[0].type.tensor_type.shape.dim[0].Clear()

    for length in (0, 5):
        path = onnx_file(tmp_path / "m.onnx", ["n"], [("n", np.int32([length]))])
        model = onnx.load(path)
        open_steps(model.graph)
        onnx.save(model, path)
        refused(path, rf"got \[{length}\] of an unknown number of steps: export the model")


def test_onnx_arrays_in_a_file_beside_are_read_and_those_elsewhere_are_not(tmp_path):
    path = tmp_path / "inner" / "model.onnx"
    path.parent.mkdir()
    model = onnx.load(onnx_file(path))
    onnx.save(model, path, save_as_external_data=True, location="beside.data", size_threshold=0)
    assert (path.parent / "beside.data").exists()
    assert list(lh.open_weights(path)) == ["lstm"]
    (path.parent / "beside.data").rename(tmp_path / "beside.data")
    refused(path, "can't be read")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../beside.data"
    path.write_bytes(model.SerializeToString())
    refused(path, "can't be read")


def test_onnx_arrays_of_other_nodes_are_not_looked_for(tmp_path):
    def add(graph):
        far = onnx.TensorProto(name="head", dims=[2], data_type=1, data_location=1)
        far.external_data.add(key="location", value="nowhere.data")
        graph.initializer.append(far)

    assert list(lh.open_weights(changed_onnx(tmp_path / "model.onnx", add))) == ["lstm"]


# Names of arrays.


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_names_that_fit_nothing_are_listed(tmp_path):
    path = npz(tmp_path / "a.npz", alpha=np.zeros(3), beta_2=np.zeros((2, 2)), beta_10=np.zeros(1))
    text = refused(path, "expected arrays named as an LSTM's")
    assert "got alpha (3,), beta_2 (2, 2), beta_10 (1,)" in text
    many = {f"x{n}": np.zeros(1) for n in range(20)}
    assert "x7 (1,), ... (20 names)" in refused(npz(tmp_path / "b.npz", **many), "expected")


def test_names_of_other_layers_do_not_count(tmp_path):
    gru = {
        f"gru/{name}": a
        for name, a in zip(NAMES, random(shapes=((F, 6), (H, 6), (2, 6))), strict=True)
    }
    lstm = {f"lstm/{name}": array for name, array in zip(NAMES, random(), strict=True)}
    dense = {"dense/kernel": np.zeros((3, 1)), "dense/bias": np.zeros(1)}
    assert list(opened(npz(tmp_path / "a.npz", **gru, **dense, **lstm))) == ["lstm"]


@pytest.mark.parametrize(
    ("names", "layer"),
    [
        (NAMES, "lstm"),
        (("a.kernel", "a.recurrent_kernel", "a.bias"), "a"),
        (("a/lstm_cell/kernel:0", "a/lstm_cell/recurrent_kernel:0", "a/lstm_cell/bias:0"), "a"),
        (("a/cell/vars/0", "a/cell/vars/1", "a/cell/vars/2"), "a"),
        (("lstm_1_W", "lstm_1_U", "lstm_1_b"), "lstm_1"),
    ],
)
def test_ways_to_name_three_arrays(tmp_path, names, layer):
    found = opened(npz(tmp_path / "a.npz", **dict(zip(names, random(), strict=True))))
    assert list(found) == [layer]
    assert all(map(same_bits, found[layer].to_arrays(), random()))


def test_two_cells_of_one_layer_keep_their_names(tmp_path):
    arrays = {
        f"rnn/{cell}/{name}": array
        for cell in ("lstm_cell", "lstm_cell_1")
        for name, array in zip(NAMES, random(), strict=True)
    }
    found = opened(npz(tmp_path / "a.npz", **arrays))
    assert list(found) == ["rnn/lstm_cell", "rnn/lstm_cell_1"]


def test_an_lstm_that_is_not_whole_is_refused_and_not_left_out(tmp_path):
    whole = {f"a/{name}": array for name, array in zip(NAMES, random(), strict=True)}
    part = {"b/recurrent_kernel": random()[1], "b/bias": random()[2]}
    refused(npz(tmp_path / "a.npz", **whole, **part), "b: layout 'keras': expected 3 arrays or 2")
    torch = {"rnn.weight_ih_l0": np.zeros((8, 3)), "rnn.weight_hh_l0": np.zeros((8, 2)),
             "rnn.bias_ih_l0": np.zeros(8)}  # fmt: skip
    refused(npz(tmp_path / "b.npz", **torch), "rnn.l0: layout 'pytorch'")


def test_a_projection_is_refused_by_name(tmp_path):
    arrays = {"weight_ih_l0": np.zeros((8, 3)), "weight_hh_l0": np.zeros((8, 1)),
              "weight_hr_l0": np.zeros((1, 2))}  # fmt: skip
    refused(npz(tmp_path / "a.npz", **arrays), r"without projection, got weight_hr .*proj_size")


def test_arrays_of_whole_numbers_are_refused(tmp_path):
    arrays = {name: np.zeros(a.shape, int) for name, a in zip(NAMES, random(), strict=True)}
    refused(npz(tmp_path / "a.npz", **arrays), "'lstm': expected kernel.i as an array of floats")


def test_the_file_is_left_as_it_was_and_closed(tmp_path):
    for file in EXPECTED:
        path = tmp_path / file
        path.write_bytes((FIXTURES / file).read_bytes())
        found = opened(path)
        assert path.read_bytes() == (FIXTURES / file).read_bytes()
        path.unlink()
        for w in found.values():
            assert np.isfinite(w.kernel.i).all()
