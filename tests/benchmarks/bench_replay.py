"""How long replay and the gradients take, beside everything else that gives the same numbers.

Prints a Markdown table. Each line is a series of pairs, ours and the other in turn in one process;
the ratio is the median over the pairs, so that what else the machine does hits both. NumPy's BLAS
is pinned to one thread, TensorFlow and PyTorch may use all cores. Arguments choose the work: S1 S2
S3 Jacobian IG. With `1 core` first, the whole process has one core (Linux), and what counts is the
processor's time: what it would take with that core to itself.
"""

import os

# Read once, when NumPy loads its BLAS.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import functools
import platform
import sys
import time

if sys.argv[1:3] == ["1", "core"]:  # before any library counts the cores
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

import lstm_helpers as lh

with lh.quiet():
    import keras
    import tensorflow as tf

    try:
        import captum.attr
        import torch
    except ImportError:  # they are of the `oracle` extra
        captum = None

ONE_CORE = sys.argv[1:3] == ["1", "core"]
clock, cores = (time.process_time, 1) if ONE_CORE else (time.perf_counter, os.cpu_count())
SECONDS_A_LINE = 8.0
# name: batch, steps, features, units
SIZES = {"S1": (256, 72, 8, 32), "S2": (2000, 168, 8, 64), "S3": (1, 10_000, 8, 32)}
# Ours as a part of the other, at most.
TARGETS = {
    ("S1", "floor"): 1.3,
    ("S1", "textbook loop"): 0.4,
    ("S1", "model.predict"): 0.12,
    ("S1", "tf.function"): 0.75,
    ("S2", "floor"): 1.2,
    ("S2", "textbook loop"): 0.4,
    ("Jacobian, 1 output", "eager batch_jacobian"): 1 / 80,
    ("Jacobian, 8 outputs", "eager batch_jacobian"): 1 / 80,
    ("Jacobian, 1 output", "best compiled"): 1.1,
    ("Jacobian, 8 outputs", "best compiled"): 1.1,
    ("IG, 50 steps", "best of all"): 1.0,
    ("IG, 50 steps", "tf.function, 1 at once"): 0.75,
    ("IG, 50 steps", "captum"): 1.0,
}
IG_STEPS = 50


def floor(w, x, gate=np.tanh):
    """What no NumPy replay can leave out: products, tanh (or exp, for i, f and o), six writes."""
    batch, time, features = x.shape
    units = w.units
    matrix = np.ones((4 * units, units + features + 1), w.dtype) / 100
    reads = np.ones((units + features + 1, batch), w.dtype)
    z = np.empty((4 * units, batch), w.dtype)
    signals = np.empty((time, 6 * units, batch), w.dtype)
    for signals_t in signals:
        np.matmul(matrix, reads, out=z)
        gate(z[: 3 * units], out=signals_t[: 3 * units])
        np.tanh(z[3 * units :], out=signals_t[3 * units : 4 * units])
        np.tanh(z[:units], out=signals_t[4 * units : 5 * units])
        signals_t[5 * units :] = z[:units]
    return signals


def textbook(w, x):
    """Six lines a step, as the equations stand in a book; every signal (batch, time, units)."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    W, U, b = w.kernel, w.recurrent_kernel, w.bias
    h = c = np.zeros((len(x), w.units), w.dtype)
    signals = []
    for t in range(x.shape[1]):
        i = sigmoid(x[:, t] @ W.i + h @ U.i + b.i)
        f = sigmoid(x[:, t] @ W.f + h @ U.f + b.f)
        candidate = np.tanh(x[:, t] @ W.c + h @ U.c + b.c)
        o = sigmoid(x[:, t] @ W.o + h @ U.o + b.o)
        c = f * c + i * candidate
        h = o * np.tanh(c)
        signals.append((i, f, candidate, o, c, h))
    return [np.stack(signal, axis=1) for signal in zip(*signals, strict=True)]


def median_seconds(function, runs=5):
    """Of single runs, after one to warm up."""
    seconds = []
    for _ in range(runs + 1):
        start = clock()
        function()
        seconds.append(clock() - start)
    return np.median(seconds[1:])


def line(work, name, ours, other):
    """Time pairs in turn and print one line of the table."""
    ours(), other()
    begin, seconds = time.perf_counter(), []
    while time.perf_counter() - begin < SECONDS_A_LINE or len(seconds) < 5:
        took = {}
        for function in (ours, other) if len(seconds) % 2 else (other, ours):
            start = clock()
            function()
            took[function] = clock() - start
        seconds.append((took[ours], took[other]))
    seconds = np.array(seconds)
    low, ratio, high = np.quantile(seconds[:, 0] / seconds[:, 1], [0.25, 0.5, 0.75])
    fastest = seconds.min(axis=0)
    target = TARGETS.get((work, name.split(":")[0]))
    print(
        f"| {work} | {name} | {ratio:.3f} | {low:.3f} to {high:.3f} | "
        f"{fastest[0] / fastest[1]:.3f} | {'' if target is None else f'{target:.4g}'} | "
        f"{fastest[0] * 1e3:.1f} ms | {len(seconds)} |",
        flush=True,
    )


def make_layer(size, rng, **options):
    batch, steps, features, units = size
    layer = keras.layers.LSTM(units, **options)
    layer.build((None, steps, features))
    layer.set_weights(
        [rng.uniform(-0.3, 0.3, a.shape).astype("float32") for a in layer.get_weights()]
    )
    return layer, rng.normal(size=(batch, steps, features)).astype("float32")


def bench_replay(work, rng):
    layer, x = make_layer(SIZES[work], rng, return_sequences=True)
    w = lh.gate_weights(layer)
    tensor = tf.constant(x)
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    compiled, xla = tf.function(layer), tf.function(layer, jit_compile=True)
    hidden = lh.replay(w, x).hidden
    floors = {gate: functools.partial(floor, w, x, gate) for gate in (np.tanh, np.exp)}
    others = {
        "floor": min(floors.values(), key=median_seconds),
        "textbook loop": lambda: textbook(w, x)[-1],
        "model.predict": lambda: model.predict(x, batch_size=len(x), verbose=0),
        "tf.function": lambda: compiled(tensor).numpy(),
        "XLA": lambda: xla(tensor).numpy(),
        "eager call": lambda: layer(tensor).numpy(),
    }
    for name, other in others.items():
        assert name == "floor" or np.allclose(hidden, other(), atol=1e-5), name
        line(work, name, lambda: lh.replay(w, x), other)


def bench_jacobian(outputs, rng):
    layer, x = make_layer(SIZES["S1"], rng)
    w = lh.gate_weights(layer)
    head = rng.normal(size=(w.units, outputs)).astype("float32")
    tensor = tf.constant(x)

    def batch_jacobian(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x) @ head
        return tape.batch_jacobian(y, x)

    def output_by_output(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            ys = tf.unstack(layer(x) @ head, axis=1)
        return tf.stack([tape.gradient(y, x) for y in ys], axis=1)

    def one_copy_an_output(x):
        copies = tf.tile(x, (outputs, 1, 1))
        with tf.GradientTape() as tape:
            tape.watch(copies)
            y = tf.reduce_sum(layer(copies) * np.repeat(head.T, len(x), axis=0))
        gradient = tape.gradient(y, copies)
        return tf.transpose(tf.reshape(gradient, (outputs, *x.shape)), (1, 0, 2, 3))

    # XLA refuses batch_jacobian over Keras' loop.
    compiled = {
        "batch_jacobian in tf.function": tf.function(batch_jacobian),
        "output by output, XLA": tf.function(output_by_output, jit_compile=True),
        "one copy an output, XLA": tf.function(one_copy_an_output, jit_compile=True),
    }
    ours = lh.input_jacobian(w, x, head)
    for function in compiled.values():
        assert np.allclose(ours, function(tensor), atol=1e-5)
    seconds = {n: median_seconds(lambda f=f: f(tensor).numpy(), 10) for n, f in compiled.items()}
    best = min(seconds, key=seconds.get)
    work = f"Jacobian, {outputs} output{'s' * (outputs > 1)}"
    line(
        work,
        f"best compiled: {best}",
        lambda: lh.input_jacobian(w, x, head),
        lambda: compiled[best](tensor).numpy(),
    )
    line(
        work,
        "eager batch_jacobian",
        lambda: lh.input_jacobian(w, x, head),
        lambda: batch_jacobian(tensor).numpy(),
    )


def bench_integrated_gradients(rng):
    layer, x = make_layer(SIZES["S1"], rng)
    w = lh.gate_weights(layer)
    head = rng.normal(size=(w.units, 1)).astype("float32")
    tensor = tf.constant(x)
    nodes, node_weights = np.polynomial.legendre.leggauss(IG_STEPS)

    def ours():
        return lh.integrated_gradients(lh.Readout(w, head).gradient, x)

    def compiled(at_once, **options):
        along = tf.constant(((1 + nodes) / 2).reshape(-1, at_once), "float32")
        share = tf.constant((node_weights / 2).reshape(-1, at_once), "float32")

        def part(x, along, share):
            points = tf.reshape(along[:, None, None, None] * x, (-1, *x.shape[1:]))
            with tf.GradientTape() as tape:
                tape.watch(points)
                y = layer(points) @ head
            gradients = tf.reshape(tape.gradient(y, points), (at_once, *x.shape))
            return tf.tensordot(share, gradients, 1)

        def integrated(x):
            _, mean = tf.while_loop(
                lambda n, mean: n < IG_STEPS // at_once,
                lambda n, mean: (n + 1, mean + part(x, along[n], share[n])),
                (0, tf.zeros_like(x)),
                parallel_iterations=1,
            )
            return x * mean

        function = tf.function(integrated, **options)
        return lambda: function(tensor).numpy()

    expected = ours()
    ways = {}
    for kind, options in {"tf.function": {}, "XLA": {"jit_compile": True}}.items():
        for at_once in (1, 5, 10, 25, 50):
            ways[f"{kind}, {at_once} at once"] = compiled(at_once, **options)
    if captum:
        ways |= {f"captum, {n} at once": captum_way(w, head, x, n) for n in (1, 5, 50)}
    seconds = {}
    for name, way in ways.items():
        assert np.allclose(expected, way(), atol=1e-5), name
        seconds[name] = median_seconds(way, 3)
    kinds = {}
    for name in sorted(ways, key=seconds.get):
        kinds.setdefault(name.split(",")[0], name)
    best, *others = kinds.values()
    work = f"IG, {IG_STEPS} steps"
    line(work, f"best of all: {best}", ours, ways[best])
    for name in dict.fromkeys((*others, "tf.function, 1 at once")):
        line(work, name, ours, ways[name])


def captum_way(w, head, x, at_once):
    """Integrated gradients of the same network in PyTorch."""
    torch.set_num_threads(cores)
    lstm = torch.nn.LSTM(w.input_dim, w.units, batch_first=True)
    with torch.no_grad():
        for parameter, array in zip(lstm.parameters(), w.to_arrays("pytorch"), strict=True):
            parameter.copy_(torch.from_numpy(array))
    column = torch.from_numpy(head)
    method = captum.attr.IntegratedGradients(lambda x: (lstm(x)[0][:, -1] @ column)[:, 0])
    inputs = torch.from_numpy(x)
    return lambda: method.attribute(
        inputs, n_steps=IG_STEPS, internal_batch_size=at_once * len(x)
    ).numpy()


def main():
    # Retracing is what the eager batch_jacobian does; it need not be told each time.
    tf.get_logger().setLevel("ERROR")
    rng = np.random.default_rng(0)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, TensorFlow {tf.__version__}, "
        f"Keras {keras.__version__}, {cores} core{'s' * (cores > 1)}.\n"
    )
    print("| work | against | ours / other | quartiles | best / best | at most | best | pairs |")
    print("|---|---|---|---|---|---|---|---|")
    wanted = sys.argv[3 if ONE_CORE else 1 :] or [*SIZES, "Jacobian", "IG"]
    for work in SIZES:
        if work in wanted:
            bench_replay(work, rng)
    if "Jacobian" in wanted:
        bench_jacobian(1, rng)
        bench_jacobian(8, rng)
    if "IG" in wanted:
        bench_integrated_gradients(rng)


if __name__ == "__main__":
    main()
