// A living figure: the network of lstm_helpers, run in the page. living.py writes the data beside
// this script and a still picture, which this script replaces. It leaves no global name behind and
// fetches nothing. Sizes: T steps, F features, U units.
(() => {
  "use strict";
  const figure =
    document.currentScript?.closest(".lstm-play") ??
    document.querySelector(".lstm-play:not([data-live])");
  if (!figure) return;
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const T = data.window.length;
  const F = data.names.length;
  const U = data.units;
  const GATES = ["i", "f", "c", "o"];

  // ---- The network: the six lines of notebook 03, step by step, in double precision. ----

  const clip = (z, low, high) => Math.min(Math.max(z, low), high);
  const ACTIVATIONS = {
    tanh: Math.tanh,
    sigmoid: (z) => 1 / (1 + Math.exp(-z)),
    relu: (z) => Math.max(z, 0),
    linear: (z) => z,
    hard_sigmoid: (z) => clip(z + 3, 0, 6) / 6,
    hard_sigmoid_keras1: (z) => clip(0.2 * z + 0.5, 0, 1),
  };
  const squash = ACTIVATIONS[data.activation];
  const gateSquash = ACTIVATIONS[data.recurrent_activation];

  // Each array is the bytes of its float32 numbers, row by row: exactly the stored weights.
  const floats = (text) =>
    new Float32Array(Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)).buffer);
  const decoded = (group) => Object.fromEntries(GATES.map((gate) => [gate, floats(group[gate])]));
  const W = decoded(data.kernel); // W.f[k * U + u]: from feature k to unit u
  const R = decoded(data.recurrent_kernel); // R.f[j * U + u]: from unit j to unit u
  const b = decoded(data.bias);
  const head = floats(data.head);

  // window[t][k] is scaled as in training. more is added to every forget bias. The gates named in
  // shut are 0 at every step. Back come all signals, signal[t][u], and the output.
  function run(window, more = 0, shut = []) {
    const signals = { i: [], f: [], c: [], o: [], cell: [], hidden: [] };
    let hidden = new Float64Array(U);
    let cell = new Float64Array(U);
    for (const x of window) {
      const gates = {};
      for (const gate of GATES) {
        const z = Float64Array.from(b[gate], (bias) => bias + (gate === "f" ? more : 0));
        for (let u = 0; u < U; u++) {
          for (let k = 0; k < F; k++) z[u] += x[k] * W[gate][k * U + u];
          for (let j = 0; j < U; j++) z[u] += hidden[j] * R[gate][j * U + u];
        }
        gates[gate] = z.map(gate === "c" ? squash : gateSquash);
        if (shut.includes(gate)) gates[gate].fill(0);
        signals[gate].push(gates[gate]);
      }
      cell = cell.map((old, u) => gates.f[u] * old + gates.i[u] * gates.c[u]);
      hidden = cell.map((kept, u) => gates.o[u] * squash(kept));
      signals.cell.push(cell);
      signals.hidden.push(hidden);
    }
    signals.output = hidden.reduce((sum, shown, u) => sum + shown * head[u], data.head_bias);
    return signals;
  }
  figure.lstm = { run, data }; // on the element, for the tests and for the curious

  // ---- What the reader has set. ----

  // pulls[t][k] counts small steps of a feature up or down, so that 0 is exactly the real reading.
  const state = { feature: data.feature, step: T - 1 - data.lag };
  const restore = () =>
    Object.assign(state, { pulls: data.window.map((row) => row.map(() => 0)), more: 0, shut: [] });
  restore();
  const pulled = () =>
    data.window.map((row, t) =>
      row.map((x, k) => x + (state.pulls[t][k] * data.pull[k]) / data.std[k]),
    );
  const reading = (t, k, pull = state.pulls[t][k]) =>
    data.window[t][k] * data.std[k] + data.mean[k] + pull * data.pull[k];
  const text = (value, digits) => (Number(value.toFixed(digits)) + 0).toFixed(digits);
  const signed = (value, digits) => (value > 0 ? "+" : "") + text(value, digits);
  const output = (value) => `${text(value, data.digits)}${data.unit && ` ${data.unit}`}`;
  const start = run(data.window).output;

  // ---- The page. Real inputs with labels do the work of the keyboard. ----

  const SVG = "http://www.w3.org/2000/svg";
  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "path"].includes(tag);
    const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  // A slider, its label, and beside the label what it says now.
  function slider(label, min, max, step, set) {
    const said = make("span", { class: "said" });
    const input = make("input", { type: "range", min, max, step });
    const show = (value, words) => {
      input.value = value;
      input.setAttribute("aria-valuetext", words);
      said.textContent = words;
    };
    input.addEventListener("input", () => (set(Number(input.value)), draw()));
    return { show, whole: make("label", {}, make("span", {}, label), said, input) };
  }
  const box = { viewBox: `0 -0.5 ${T} 1`, preserveAspectRatio: "none" };
  const chart = make("svg", { ...box, class: "chart", role: "img" });
  const options = data.names.map((name, k) => make("option", { value: k }, name));
  const choice = make("select", {}, ...options);
  choice.addEventListener("change", () => ((state.feature = Number(choice.value)), draw()));
  const back = slider(`which of the ${data.step}`, 0, T - 1, 1, (t) => (state.step = t));
  const pull = slider("change it", -data.most, data.most, 1, (n) => {
    state.pulls[state.step][state.feature] = n;
  });
  const [low, high] = data.forget_range;
  const keep = slider(data.forget_label, low, high, 0.25, (bias) => {
    state.more = bias - data.forget;
  });
  const buttons = ["i", "f", "o"].map((gate) => {
    const button = make("button", { type: "button" }, `shut ${data.gates[gate]}`);
    button.addEventListener("click", () => {
      const others = state.shut.filter((other) => other !== gate);
      state.shut = others.length < state.shut.length ? others : [...others, gate];
      draw();
    });
    return { gate, button };
  });
  const reset = make("button", { type: "button" }, "as it was");
  reset.addEventListener("click", () => (restore(), draw()));
  const sentence = make("p", { class: "sentence", role: "status", "aria-live": "polite" });
  const panels = [...GATES, "cell"].map((name) => {
    const svg = make("svg", { ...box, viewBox: `0 -0.5 ${T} ${data.rows.length}`, role: "img" });
    const swatch = make("i", { style: `background:${data.colors[name] ?? "currentColor"}` });
    const title = make("span", { class: "title" }, swatch, data.gates[name]);
    return { name, svg, whole: make("div", {}, title, svg) };
  });

  // ---- Drawing. The rows of a panel are cut into runs of one shade, as living.py does. ----

  function shades(signal, limit) {
    const paths = new Map();
    data.rows.forEach((unit, row) => {
      const level = (t) => clip(Math.floor((10 * signal[t][unit]) / limit + 0.5), -10, 10);
      for (let t = 0, from = 0; t < T; t++) {
        if (t + 1 < T && level(t + 1) === level(from)) continue;
        const run = `M${from} ${row}h${t + 1 - from}`;
        if (level(from)) paths.set(level(from), (paths.get(level(from)) ?? "") + run);
        from = t + 1;
      }
    });
    return [...paths].sort(([one], [other]) => one - other);
  }
  function draw() {
    const found = run(pulled(), state.more, state.shut);
    for (const { name, svg } of panels) {
      const hue = "ifo".includes(name) ? [name, name] : ["below", "above"];
      const paths = shades(found[name], name === "cell" ? data.limit : 1).map(([level, d]) =>
        make("path", {
          d,
          stroke: data.colors[hue[level < 0 ? 0 : 1]],
          "stroke-opacity": Math.abs(level) / 10,
        }),
      );
      const sides = [state.step, state.step + 1].map((x) => `M${x} -0.5v${data.rows.length}`);
      svg.replaceChildren(...paths, make("path", { class: "mark", d: sides.join("") }));
      const mean = found[name][T - 1].reduce((sum, value) => sum + value, 0) / U;
      const says = `${data.gates[name]}: mean of all units at lag 0 ${text(mean, 2)}`;
      svg.setAttribute("aria-label", says);
    }
    const { feature: k, step: t } = state;
    const lag = T - 1 - t;
    const n = state.pulls[t][k];
    const [bottom, top] = data.ranges[k];
    const at = (s, pull) => `${s + 0.5} ${0.5 - (reading(s, k, pull) - bottom) / (top - bottom)}`;
    const line = (pull) => "M" + data.window.map((_, s) => at(s, pull)).join("L");
    const dots = data.window.map((_, s) => `M${at(s)}h0`).join("");
    chart.replaceChildren(
      make("path", { class: "was", d: line(0) }),
      make("path", { class: "is", d: line() }),
      make("path", { class: "dots", d: dots }),
      make("path", { class: "dots chosen", d: `M${at(t)}h0` }),
    );
    const is = `${data.names[k]}, lag ${lag}: ${text(reading(t, k), data.decimals[k])}`;
    chart.setAttribute("aria-label", `${data.names[k]} at each of the ${T} ${data.step}. ${is}`);
    choice.value = k;
    back.show(t, `lag ${lag}`);
    const change = signed(n * data.pull[k], data.decimals[k]);
    pull.show(n, `${is} (${n ? `changed by ${change}` : "as it was"})`);
    keep.show(data.forget + state.more, signed(data.forget + state.more, 2));
    for (const { gate, button } of buttons)
      button.setAttribute("aria-pressed", state.shut.includes(gate));
    const readings = state.pulls.flat().filter(Boolean).length;
    const changes = [
      readings && `${readings} ${readings > 1 ? "readings" : "reading"}`,
      state.more && `forget bias by ${signed(state.more, 2)}`,
      ...state.shut.map((gate) => `${data.gates[gate]} shut`),
    ].filter(Boolean);
    const changed = ` As it was: ${output(start)}. Changed: ${changes.join(", ")}.`;
    const now = `${data.output_name}: ${output(found.output)}.`;
    sentence.textContent = now + (changes.length ? changed : "");
  }

  // To press on the chart chooses an hour, and to drag sets its reading, as the sliders do.
  chart.addEventListener("pointerdown", (event) => {
    const place = chart.getBoundingClientRect();
    state.step = clip(Math.floor((T * (event.clientX - place.left)) / place.width), 0, T - 1);
    chart.setPointerCapture(event.pointerId);
    draw();
  });
  chart.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || !event.buttons) return; // a finger must still scroll
    const { feature: k, step: t } = state;
    const place = chart.getBoundingClientRect();
    const [bottom, top] = data.ranges[k];
    const wanted = top - ((event.clientY - place.top) / place.height) * (top - bottom);
    const n = Math.round((wanted - reading(t, k, 0)) / data.pull[k]);
    state.pulls[t][k] = clip(n, -data.most, data.most);
    draw();
  });

  const part = (name, ...children) =>
    make("fieldset", {}, make("legend", {}, name), ...children);
  const ends = [`lag ${T - 1}`, "lag 0, the newest"].map((end) => make("span", {}, end));
  const live = make(
    "div",
    { class: "live" },
    part(
      "One reading",
      make("label", {}, make("span", {}, "reading"), choice),
      back.whole,
      pull.whole,
      chart,
      make("p", { class: "ends" }, ...ends),
    ),
    part(
      "The network",
      keep.whole,
      make("div", { class: "row" }, ...buttons.map(({ button }) => button), reset),
    ),
    sentence,
    make("div", { class: "panels" }, ...panels.map(({ whole }) => whole)),
    make("p", { class: "note" }, data.note),
  );
  draw();
  figure.querySelector(".live")?.remove(); // a page that was saved with it in it
  figure.append(live);
  figure.setAttribute("data-live", "");
  figure.setAttribute("aria-label", `Living figure: ${data.output_name}`);
  // Else JupyterLab takes arrow keys and letters as its own commands: D, D deletes the cell.
  for (const control of live.querySelectorAll("input, select, button"))
    control.setAttribute("data-lm-suppress-shortcuts", "true");
})();
