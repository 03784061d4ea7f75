// What a page does where scripts may run: charts take the place of pictures, tables sort and search. All that is shown
// stands in the page itself; nothing is loaded, and nothing of a file is taken for code or for markup.
"use strict";

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const island = (id) => {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
};

const rowsOf = (columns) => {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
};

// --- the look: colours are those of the page's style sheet, light or dark ---------------------------------------------

const THEME = ["ink", "paper", "soft", "shade", "rule"];
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const painted = (name) => (THEME.includes(name) ? `var(--${name})` : name);

const config = () => ({
  background: null,
  font: getComputedStyle(document.body).fontFamily,
  padding: { left: 2, right: 18, top: 4, bottom: 4 },  // half of an axis' last number stands beyond its end
  axis: {
    labelColor: color("ink"), titleColor: color("ink"), domainColor: color("ink"), tickColor: color("ink"),
    gridColor: color("rule"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
  },
  axisXQuantitative: { labelOverlap: "greedy", labelSeparation: 6 },  // on a narrow chart, fewer numbers
  text: { color: color("ink"), fontSize: 12 },
  rule: { color: color("ink") },
  view: { stroke: null },
});

// --- charts -----------------------------------------------------------------------------------------------------------

const tooltip = () => new charts.Handler({ disableDefaultStyle: true, theme: "page" }).call;

function vega({ language, spec }, rows) {
  const theme = THEME.map((name) => ({ name, value: color(name) }));
  const { data, ...rest } = language === "vega"
    ? { ...spec, signals: [...theme, ...spec.signals] }
    : charts.compile({ ...spec, params: [...theme, ...spec.params] }, { config: config() }).spec;
  return { ...rest, data: data.map((source) => (source.name in rows ? { ...source, values: rows[source.name] } : source)) };
}

const drawn = [];

async function draw(figure, chart, rows) {
  const holder = make("div", { className: "plot", tabIndex: 0, role: "group" });
  const live = make("div", { className: "live" }, make("p", { className: "title" }, chart.title), holder);
  holder.setAttribute("aria-roledescription", "chart");
  holder.setAttribute("aria-label", `${chart.title}. Arrow keys go from mark to mark, Enter chooses.`);
  figure.querySelector(".charts").append(live);
  const state = { chart, holder, rows, view: null, kept: [] };  // kept: signals that outlive a change of theme
  await render(state);
  if (chart.slider) holder.before(slider(state));
  if (chart.legend) holder.before(legend(state));
  if (chart.ranges.length) live.append(ranges(state));
  if (chart.copies) live.append(copied(state));
  live.append(walk(state));
  drawn.push(state);
}

async function render(state) {
  const kept = state.kept.map((signal) => [signal, state.view.signal(signal)]);
  const spec = vega(state.chart, state.rows);
  await show(state, spec, kept);
  const most = state.view.width() / CHARACTER;  // only now known: names of rows take the rest
  const long = (spec.axes ?? []).filter(({ orient, title }) => orient === "bottom" && title?.length > most);
  for (const axis of long) axis.title = broken(axis.title, most);
  if (long.length) await show(state, spec, kept);
  state.listen?.();
}

async function show(state, spec, kept) {
  state.view?.finalize();
  state.view = new charts.View(charts.parse(spec, config(), { ast: true }), {
    container: state.holder, renderer: "svg", hover: true, logLevel: charts.Warn, tooltip: tooltip(),
    expr: charts.expressionInterpreter,
  });
  for (const [signal, value] of kept) state.view.signal(signal, value);
  await state.view.runAsync();
  state.view.logLevel(charts.Warn - 1);  // errors alone: that an axis of what a reader has hidden is empty is no news
}

const CHARACTER = 6.2;  // pixels of an axis' title, on average

// The lines of a text that are at most so long, where its words are.
const broken = (text, most) => text.split(" ").reduce((lines, word) => {
  const last = lines.pop();
  return last === undefined ? [word] : `${last} ${word}`.length <= most ? [...lines, `${last} ${word}`] : [...lines, last, word];
}, []);

const set = (state, signal, value) => state.view.signal(signal, value).runAsync();

function legend(state) {
  const hidden = new Set();
  state.kept.push("hidden");
  const buttons = state.chart.legend.entries.map(({ value, label, color: fill }) => {
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = painted(fill);
    const button = make("button", { type: "button" }, swatch, label);
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!hidden.delete(value)) hidden.add(value);
      button.setAttribute("aria-pressed", String(!hidden.has(value)));
      set(state, "hidden", [...hidden]);
    });
    return button;
  });
  const group = make("div", { className: "legend", role: "group" }, ...buttons);
  group.setAttribute("aria-label", "Show or hide");
  return group;
}

function stopped(label, stops, start, moved) {
  const input = make("input", { type: "range", min: 0, max: stops.length - 1, step: 1, value: start });
  const output = make("output", {});
  const tell = () => {
    output.textContent = stops[input.value];
    input.setAttribute("aria-valuetext", stops[input.value]);
  };
  input.setAttribute("aria-label", label);
  input.addEventListener("input", () => { tell(); moved(Number(input.value)); });
  tell();
  return { input, output, tell };
}

function slider(state) {
  const { label, signal, stops, start } = state.chart.slider;
  state.kept.push(signal);
  const { input, output } = stopped(label, stops, start, (place) => set(state, signal, place));
  return make("label", { className: "slider" }, `${label} `, input, " ", output);
}

function ranges(state) {
  const { ranges: axes, counted } = state.chart;
  const rows = axes.map(({ label, signal, stops }) => {
    state.kept.push(signal);
    const texts = stops.map(([text]) => text);
    const places = stops.map(([, place]) => place);
    const margin = 1e-6;
    const moved = () => {
      const ends = [low, high].map(({ input }) => Number(input.value)).sort((a, b) => a - b);
      const whole = ends[0] === 0 && ends[1] === places.length - 1;
      set(state, signal, whole ? [] : [places[ends[0]] - margin, places[ends[1]] + margin]);
    };
    const low = stopped(`${label}: from`, texts, 0, moved);
    const high = stopped(`${label}: to`, texts, texts.length - 1, moved);
    const show = (range) => {
      const [from, to] = range.length ? [Math.min(...range), Math.max(...range)] : [-1, 2];
      const inside = places.map((place, index) => index).filter((index) => places[index] >= from && places[index] <= to);
      if (!inside.length || document.activeElement === low.input || document.activeElement === high.input) return;
      [low.input.value, high.input.value] = [inside[0], inside[inside.length - 1]];
      low.tell();
      high.tell();
    };
    return { signal, show, element: make("div", { className: "range" }, make("span", {}, label), low.input, low.output, high.input, high.output) };
  });
  const count = make("output", { className: "count" });
  const total = Object.values(state.rows)[0].length;
  const tell = () => { count.textContent = `${state.view.data(counted).length} of ${total} lines are inside of all ranges.`; };
  state.listen = () => {
    for (const { signal, show } of rows) state.view.addSignalListener(signal, (_, range) => show(range));
    state.view.addDataListener(counted, tell);
    state.view.addSignalListener("ranges", (_, value) => publish(state, "ranges", value));
    tell();
  };
  state.listen();
  const clear = make("button", { type: "button" }, "Clear");
  clear.addEventListener("click", async () => {
    for (const { signal } of rows) state.view.signal(signal, []);
    await state.view.runAsync();
    for (const { show } of rows) show([]);
  });
  return make("div", {}, make("p", { className: "told" }, count, " ", clear),
    make("details", { className: "ranges" }, make("summary", {}, "Ranges by value"), ...rows.map(({ element }) => element)));
}

// Charts that share rows share what is chosen of them.
function publish(from, signal, value) {
  for (const state of drawn) {
    if (state !== from && (state.chart.spec.params ?? []).some(({ name }) => name === signal)) set(state, signal, value);
  }
}

function copied(state) {
  const code = make("code", { tabIndex: 0 });
  const button = make("button", { type: "button", hidden: true }, "Copy");
  const panel = make("p", { className: "told" }, make("span", { className: "note" }, "Choose a point for its options."), " ", code, " ", button);
  panel.setAttribute("role", "status");
  const choose = (_, item) => {
    const text = item?.datum?.[state.chart.copies];
    if (!text) return;
    panel.firstChild.textContent = "";
    code.textContent = text;
    button.hidden = false;
    button.textContent = "Copy";
  };
  const listen = state.listen;
  state.listen = () => { listen?.(); state.view.addEventListener("click", choose); };
  state.view.addEventListener("click", choose);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {  // no permission: the old way needs a selection
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  });
  return panel;
}

// Keys do what the pointer does: the mark that they reach gets the pointer's own events, and is said aloud.
function walk(state) {
  const aloud = make("p", { className: "aloud" });
  aloud.setAttribute("aria-live", "polite");
  let at = -1;
  const send = (mark, ...types) => {
    const { left, top, width, height } = mark.getBoundingClientRect();
    const where = { bubbles: true, clientX: left + width / 2, clientY: top + height / 2 };
    for (const type of types) mark.dispatchEvent(new (type === "click" ? MouseEvent : PointerEvent)(type, where));
  };
  const tells = (mark) => mark.__data__?.tooltip;  // what the pointer would be told; axes tell nothing
  const marks = () => [...state.holder.querySelectorAll('[role="graphics-symbol"]')].filter(tells);
  const leave = () => {
    for (const mark of state.holder.querySelectorAll(".at")) {
      mark.classList.remove("at");
      send(mark, "pointerout", "mouseout");  // on which of them Vega hides what it told
    }
  };
  state.holder.addEventListener("keydown", (event) => {
    const all = marks();
    const last = all.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last,
      PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (event.key === "Enter" && all[at]) send(all[at], "click");
    if (event.key === "Escape") leave();
    if (to === undefined || last < 0) return;
    event.preventDefault();
    leave();
    at = Math.min(Math.max(to, 0), last);
    all[at].classList.add("at");
    send(all[at], "pointerover", "pointermove");
    aloud.textContent = Object.entries(tells(all[at])).map(([name, value]) => `${name}: ${value}`).join("; ");
  });
  state.holder.addEventListener("blur", leave);
  return aloud;
}

async function drawAll() {
  const all = island("charts");
  if (!all) return;
  const rows = Object.fromEntries(Object.entries(all.data).map(([name, columns]) => [name, rowsOf(columns)]));
  const drawIn = async (part) => {
    for (const figure of part.querySelectorAll("figure:not(.alive)")) {
      const its = all.charts.filter((chart) => chart.figure === figure.dataset.name);
      // What is folded away has no width: it is drawn when it is opened.
      if (its.length && figure.checkVisibility()) await drawFigure(figure, its, rows);
    }
  };
  for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => drawIn(fold));
  await drawIn(document);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", async () => {
    for (const state of drawn) await render(state);
  });
}

async function drawFigure(figure, its, rows) {
  const place = make("div", { className: "charts" });
  figure.prepend(place);
  figure.classList.add("alive");
  try {
    for (const chart of its) await draw(figure, chart, Object.fromEntries(chart.data.map((name) => [name, rows[name]])));
  } catch (error) {  // the picture stays
    place.remove();
    figure.classList.remove("alive");
    console.error(error);
  }
}

// --- tables -----------------------------------------------------------------------------------------------------------

const SEARCHED = 10;  // rows from which on a table is searched
const SCALES = { "%": 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

// A number as it is shown, such as "1,234", "3.21 %" or "1.24 MB"; null for words. What was not computed is least.
function shownNumber(text) {
  if (text === "" || text === "—") return -Infinity;
  const [digits, unit, ...more] = text.replaceAll(",", "").split(" ");
  const value = Number(digits) * (unit === undefined ? 1 : SCALES[unit]);
  return more.length || digits === "" || Number.isNaN(value) ? null : value;
}

tables.DataTable.type("shown number", {
  detect: (cell) => shownNumber(cell) !== null,
  order: { pre: shownNumber },
  className: "",
});

function sortable(table) {
  const total = table.tBodies[0].rows.length;
  if (total < 2) return;
  const api = new tables.DataTable(table, {
    paging: false, info: false, autoWidth: false, order: [], layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    searching: total >= SEARCHED, language: { emptyTable: "", zeroRecords: "No row holds that." },
  });
  if (total < SEARCHED) return;
  const input = make("input", { type: "search", placeholder: "Search" });
  const count = make("output", {});
  input.setAttribute("aria-label", "Search this table");
  input.addEventListener("input", () => {
    api.search(input.value).draw();
    count.textContent = input.value ? `${api.rows({ search: "applied" }).count()} of ${total} rows` : "";
  });
  table.closest(".scroll").before(make("p", { className: "search" }, input, " ", count));
}

document.documentElement.dataset.busy = "drawing";
for (const table of document.querySelectorAll("table")) sortable(table);
drawAll().finally(() => delete document.documentElement.dataset.busy);
