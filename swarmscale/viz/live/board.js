// Draws a page: tiles, figures, pictures of cells, tables. One message is one frame; after it is drawn it is
// acknowledged, and only then the next one comes.

function plotly(url) {
  // the page has require.js, with which Plotly's script would register itself instead of showing up
  window.__swarmscalePlotly ??= fetch(url).then(answer => {
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return answer.text();
  }).then(source => {
    const module = { exports: {} };
    new Function("module", "exports", "define", source).call(window, module, module.exports, undefined);
    return module.exports?.react ? module.exports : window.Plotly;
  });
  return window.__swarmscalePlotly;
}

const make = (name, classes, text) => {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
};

const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// a value that is too wide for its tile gets smaller; measured when its length changes
function fit(element, text) {
  const measured = element.textContent.length === text.length;
  setText(element, text);
  if (measured) return;
  element.classList.remove("long");
  element.classList.toggle("long", element.scrollWidth > element.clientWidth);
}

function course(svg, values) {
  const top = Math.max(...values) || 1, last = values.length - 1;
  const line = values.map((v, i) => `${(100 * i / Math.max(last, 1)).toFixed(1)},${(30 - 28 * v / top).toFixed(1)}`).join(" ");
  svg.innerHTML = last > 0 ? `<polygon points="0,31 ${line} 100,31"/><polyline points="${line}"/>` : "";
}

function card(panel) {
  const box = make("article", `ss-card${panel.wide ? " wide" : ""}`);
  box.dataset.key = panel.key;
  const head = make("header");
  head.append(make("h3", "", panel.title));
  box.append(head, make("p", "read", panel.read));
  box.classList.toggle("gone", panel.hides === true);
  return box;
}

// the arrays of a trace by their paths, and the rest of it as text
function apart(trace) {
  const arrays = {};
  const rest = (value, path) => {
    if (Array.isArray(value) || value?.bdata !== undefined) { arrays[path] = value; return null; }
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rest(inner, path ? `${path}.${name}` : name)]));
  };
  return { rest: JSON.stringify(rest(trace, "")), arrays };
}

function shapeOf(data, layout) {
  const parts = data.map(apart);
  const shape = JSON.stringify([parts.map(part => [part.rest, Object.keys(part.arrays)]), layout]);
  return { shape, arrays: JSON.parse(JSON.stringify(parts.map(part => part.arrays))) };
}

// what Plotly.restyle needs to make new arrays of the old ones, which are given by trace and path
function changes(before, now) {
  const found = {};
  now.forEach((arrays, i) => {
    for (const [path, value] of Object.entries(arrays)) {
      if (JSON.stringify(value) === JSON.stringify(before[i][path])) continue;
      (found[path] ??= now.map(() => undefined))[i] = value;
    }
  });
  return found;
}

class PlotCard {
  constructor(panel, board) {
    Object.assign(this, { panel, board, drawn: 0, restyled: 0, text: null, kept: null });
    this.box = card(panel);
    for (const format of ["png", "svg"]) {
      const button = make("button", `export-${format}`, format.toUpperCase());
      button.type = "button";
      button.title = `Save “${panel.title}” as ${format.toUpperCase()}`;
      button.addEventListener("click", () => this.save(format));
      this.box.querySelector("header").append(button);
    }
    this.note = make("p", "note", "");
    this.note.hidden = true;
    this.empty = make("p", "empty", panel.otherwise);
    this.place = make("div", "ss-plot");
    this.place.setAttribute("role", "img");
    this.place.setAttribute("aria-label", panel.title);
    this.terms = make("details");
    this.terms.hidden = true;
    this.box.append(this.note, this.empty, this.place, this.terms);
  }

  async draw(text = this.text) {
    this.text = text;
    this.box.classList.toggle("gone", this.panel.hides && text === null);
    this.empty.hidden = text !== null;
    this.place.hidden = text === null;
    if (text === null) return;
    const { dark, looks, url } = this.board;
    if (dark) for (const [light, other] of looks.words) text = text.replaceAll(light, other);
    const { data, layout } = JSON.parse(text);
    const title = layout.title ?? {}, note = title.subtitle?.text ?? "";
    const definitions = layout.meta?.definitions ?? [];
    delete layout.title;
    layout.template = looks.templates[dark ? "dark" : "light"];
    layout.margin = { ...layout.margin, t: 16 };
    layout.autosize = true;
    layout.uirevision ??= "kept";
    layout.dragmode = matchMedia("(max-width: 700px)").matches ? false : "zoom";
    this.note.hidden = !note;
    setText(this.note, note);
    this.define(definitions);
    this.place.style.height = `${layout.height ?? 340}px`;
    const Plotly = await plotly(url);
    if (!(this.panel.steady && await this.restyle(Plotly, data, layout)))
      await this.react(Plotly, data, layout);
    if (!this.drawn && this.panel.picks) this.place.on("plotly_click", event => this.pick(event.points[0]));
    if (!this.drawn && this.panel.picks) this.place.on("plotly_sunburstclick", event => this.pick(event.points[0]));
    this.drawn += 1;
    this.box.dataset.drawn = this.drawn;
  }

  async react(Plotly, data, layout) {
    const kept = this.panel.steady ? shapeOf(data, layout) : null;  // Plotly writes into both
    this.kept = null;
    await Plotly.react(this.place, data, layout, { displaylogo: false, plotlyServerURL: "", displayModeBar: false, responsive: true });
    this.kept = kept;
  }

  // new values in the figure as it stands, if nothing but its arrays differs; whether that was so
  async restyle(Plotly, data, layout) {
    const now = shapeOf(data, layout), before = this.kept;
    if (now.shape !== before?.shape) return false;
    const found = changes(before.arrays, now.arrays);
    if (Object.keys(found).length) await Plotly.restyle(this.place, found, data.map((_, i) => i));
    this.kept = now;
    this.restyled += 1;
    this.box.dataset.restyled = this.restyled;
    return true;
  }

  define(definitions) {
    const key = JSON.stringify(definitions);
    if (key === this.defined) return;
    this.defined = key;
    this.terms.hidden = definitions.length === 0;
    const list = make("dl");
    for (const [name, text] of definitions) list.append(make("dt", "", name), make("dd", "", text));
    this.terms.replaceChildren(make("summary", "", "Definitions"), list);
  }

  pick(point) {
    const path = Array.isArray(point?.customdata) ? point.customdata[0] : point?.customdata;
    if (typeof path === "string" && path) this.board.send({ kind: "pick", path });
  }

  async save(format) {
    if (this.text === null) return;
    const Plotly = await plotly(this.board.url);
    await Plotly.downloadImage(this.place, { format, filename: `swarmscale-${this.panel.key}`, width: 1200, height: 600 });
  }

  leave() { if (window.Plotly || this.drawn) plotly(this.board.url).then(Plotly => Plotly.purge(this.place)); }
}

class CanvasCard {
  constructor(panel, board) {
    Object.assign(this, { panel, board, drawn: 0, frame: null });
    this.box = card(panel);
    const choice = make("select");
    choice.setAttribute("aria-label", "What the color stands for");
    for (const name of panel.choices) choice.append(new Option(`color: ${name}`, name));
    choice.addEventListener("change", () => board.send({ kind: "choice", key: panel.key, choice: choice.value }));
    if (panel.choices.length > 1) this.box.querySelector("header").append(choice);
    this.empty = make("p", "empty", panel.otherwise);
    this.cells = make("div", "ss-cells");
    this.canvas = make("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${panel.title}: arrow keys move over the cells, Enter opens one`);
    this.legend = make("div", "ss-legend");
    this.told = make("p", "ss-told", "");
    this.told.setAttribute("aria-live", "polite");
    this.cells.append(this.canvas);
    this.box.append(this.legend, this.empty, this.cells, this.told);
    this.canvas.addEventListener("pointermove", event => this.ask(this.at(event)));
    this.canvas.addEventListener("click", event => this.open(this.at(event)));
    this.canvas.addEventListener("keydown", event => this.keyed(event));
  }

  at(event) {
    const { columns, cells } = this.frame ?? { columns: 1, cells: 0 };
    const area = this.canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - area.left) / area.width * columns);
    const y = Math.floor((event.clientY - area.top) / area.height * this.canvas.height);
    const index = y * columns + x;
    return index >= 0 && index < cells ? index : -1;
  }

  keyed(event) {
    const columns = this.frame?.columns ?? 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step) { this.ask(Math.min(Math.max((this.asked ?? 0) + step, 0), (this.frame?.cells ?? 1) - 1), true); event.preventDefault(); }
    if (event.key === "Enter") this.open(this.asked ?? -1);
  }

  ask(index, now = false) {
    if (index < 0 || index === this.asked) return;
    this.asked = index;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.board.send({ kind: "ask", key: this.panel.key, index }), now ? 0 : 120);
  }

  open(index) { if (index >= 0) this.board.send({ kind: "cell", key: this.panel.key, index }); }

  draw(told, codes) {
    if (told !== undefined) this.frame = told && { ...told, codes, cells: codes.length };
    this.empty.hidden = this.frame !== null;
    this.cells.hidden = this.frame === null;
    if (this.frame === null) return;
    const { columns, colors, labels } = this.frame;
    const twin = new Map(this.board.dark ? this.board.looks.words : []);
    const shown = colors.map(color => twin.get(color) ?? color);
    const words = new Uint32Array(256);
    shown.forEach((color, i) => { const n = parseInt(color.slice(1), 16); words[i] = 0xff000000 | (n & 255) << 16 | (n >> 8 & 255) << 8 | n >> 16; });
    const rows = Math.ceil(this.frame.codes.length / columns) || 1;
    if (this.canvas.width !== columns || this.canvas.height !== rows) Object.assign(this.canvas, { width: columns, height: rows });
    const context = this.canvas.getContext("2d"), image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    this.frame.codes.forEach((code, i) => { pixels[i] = words[code]; });
    context.putImageData(image, 0, 0);
    const key = JSON.stringify([shown, labels]);
    if (key !== this.labeled) {
      this.labeled = key;
      this.legend.replaceChildren(...labels.map(([code, name]) => {
        const item = make("span"), dot = make("i");
        dot.style.background = shown[code];
        item.append(dot, name);
        return item;
      }));
    }
    this.drawn += 1;
    this.box.dataset.drawn = this.drawn;
  }

  leave() { clearTimeout(this.soon); }
}

class TableCard {
  constructor(panel, board) {
    Object.assign(this, { panel, board });
    this.box = card(panel);
    this.box.classList.toggle("picks", panel.picks);
    this.drawn = 0;
    this.empty = make("p", "empty", panel.otherwise);
    this.scroll = make("div", "ss-scroll");
    this.scroll.tabIndex = 0;
    this.scroll.hidden = true;
    const head = make("tr");
    for (const name of panel.heads) { const cell = make("th", "", name); cell.scope = "col"; head.append(cell); }
    const table = make("table"), top = make("thead");
    this.body = make("tbody");
    top.append(head);
    table.append(top, this.body);
    this.scroll.append(table);
    this.box.append(this.empty, this.scroll);
  }

  draw(rows) {
    this.box.classList.toggle("gone", this.panel.hides && rows.length === 0);
    this.empty.hidden = rows.length > 0;
    this.scroll.hidden = rows.length === 0;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.body.replaceChildren(...rows.map(row => {
      const line = make("tr");
      for (const text of row) line.append(make("td", "", text));
      if (this.panel.picks) line.firstChild.replaceChildren(this.opener(row[0]));
      return line;
    }));
    if (focused !== null) [...this.body.querySelectorAll("button")].find(one => one.textContent === focused)?.focus();
    this.drawn += 1;
    this.box.dataset.drawn = this.drawn;
  }

  opener(name) {
    const button = make("button", "ss-opens", name);
    button.type = "button";
    button.addEventListener("click", () => this.board.send({ kind: "pick", path: name }));
    return button;
  }

  leave() {}
}

async function render({ model, el }) {
  const spec = model.get("spec");
  // the page around says which look is on; a board alone in a notebook follows its own switch
  const around = document.querySelector(".v-application");
  const isDark = () => (around ? around.classList.contains("theme--dark") : model.get("dark"));
  const board = { looks: spec.looks, url: spec.plotly, dark: isDark(), send: message => model.send(message) };
  const root = make("div", "ss-board");
  root.dataset.page = spec.page;
  root.classList.toggle("dark", board.dark);
  const tiles = make("div", "ss-tiles"), grid = make("div", "ss-grid");
  const tile = {}, cards = {};
  for (const panel of spec.panels) {
    if (panel.kind === "tile") {
      const box = make("div", "ss-tile"), name = make("div", "name", panel.title), value = make("div", "value", "–");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 100 31");
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("aria-hidden", "true");
      box.title = panel.text;
      box.dataset.key = panel.key;
      box.append(name, value, ...(panel.course ? [svg] : []));
      tiles.append(box);
      tile[panel.key] = { value, svg };
    } else {
      cards[panel.key] = new ({ plot: PlotCard, canvas: CanvasCard, table: TableCard }[panel.kind])(panel, board);
      grid.append(cards[panel.key].box);
    }
  }
  const count = Math.max(tiles.children.length, 1);  // full rows: six or eight in two, 24 in four
  tiles.style.setProperty("--columns", count > 12 ? 6 : count > 5 ? Math.ceil(count / 2) : count);
  tiles.style.setProperty("--all", count > 12 ? 8 : count);
  root.append(make("p", "lead", spec.lead), tiles, grid);
  el.append(root);

  // one line beside a panel, gone as soon as it can be drawn again
  const failed = (key, text) => {
    const box = cards[key]?.box ?? tile[key]?.value.parentElement;
    let line = box.querySelector(".failed");
    if (text === null) { line?.remove(); return; }
    console.error(`${key}: ${text}`);
    if (!line) box.append((line = make("p", "failed")));
    setText(line, `This could not be drawn: ${text}`);
  };
  const tried = async (key, draw) => { try { await draw(); failed(key, null); } catch (error) { failed(key, error.message); } };

  let frames = 0, last = Promise.resolve();
  const draw = async (message, buffers) => {
    for (const [key, { value, course: values }] of Object.entries(message.tiles)) {
      fit(tile[key].value, value);
      if (values) course(tile[key].svg, values);
      failed(key, null);
    }
    for (const [key, told] of Object.entries(message.canvases)) {
      const bytes = told && buffers[told.buffer];
      const codes = bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await tried(key, () => cards[key].draw(told, codes));
    }
    for (const [key, text] of Object.entries(message.plots)) await tried(key, () => cards[key].draw(text));
    for (const [key, rows] of Object.entries(message.tables)) await tried(key, () => cards[key].draw(rows));
    for (const [key, text] of Object.entries(message.failed)) failed(key, text);
    frames += 1;
    root.dataset.frames = frames;
    root.dataset.tick = message.tick;
    model.send({ kind: "ack", n: message.n });
  };
  const heard = (message, buffers) => {
    if (message.kind === "frame") last = last.then(() => draw(message, buffers));
    if (message.kind === "told") setText(cards[message.key].told, message.text);
  };
  const themed = () => {
    if (board.dark === isDark()) return;
    board.dark = isDark();
    root.classList.toggle("dark", board.dark);
    last = last.then(async () => {
      for (const [key, one] of Object.entries(cards)) {
        if (one instanceof PlotCard && one.text !== null) await tried(key, () => one.draw());
        if (one instanceof CanvasCard) one.draw();
      }
    });
  };
  // figures out of sight are not asked for
  const seen = new Map(Object.keys(cards).map(key => [key, false]));
  const watch = new IntersectionObserver(entries => {
    for (const entry of entries) seen.set(entry.target.dataset.key, entry.isIntersecting);
    model.send({ kind: "seen", keys: [...seen].filter(([, is]) => is).map(([key]) => key) });
  }, { rootMargin: "200px", scrollMargin: "200px" });
  for (const one of Object.values(cards)) watch.observe(one.box);
  const look = new MutationObserver(themed);
  if (around) look.observe(around, { attributes: true, attributeFilter: ["class"] });
  model.on("msg:custom", heard);
  model.on("change:dark", themed);
  model.send({ kind: "ready" });
  return () => {
    model.off("msg:custom", heard);
    model.off("change:dark", themed);
    watch.disconnect();
    look.disconnect();
    for (const one of Object.values(cards)) one.leave();
  };
}

export default { render };
