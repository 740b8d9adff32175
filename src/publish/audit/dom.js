// Making elements. Everything that comes from a bundle gets into the page as text: a completion is whatever a model that was paid
// for cheating chose to write, so nothing here parses a string as markup.
"use strict";

(() => {
  // Each view is a function of the bundle, the rest of the address and its query; main.js shows what it returns.
  GQ.views = {};
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(9).filter((child) => child !== null && child !== undefined));
    return node;
  }

  // el("p", {class: "note"}, "text", node, [nodes])
  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  // A link to a view of this page: link(["run", "route2b-s61"], "text").
  const href = (path, query) => {
    const search = query ? `?${new URLSearchParams(query)}` : "";
    return `#${path.map(encodeURIComponent).join("/")}${search}`;
  };
  const link = (path, text, query) => el("a", { href: href(path, query) }, text);

  // A table that can be scrolled sideways where it is too wide, with the keyboard, too. `right` names columns of numbers. One that
  // is to be stacked has its rows under each other on a phone; its roles are written out, because browsers forget those of a table
  // that is laid out otherwise.
  function table(caption, heads, rows, right = [], stacked = false) {
    const of = (i) => (right.includes(i) ? "number" : null);
    const role = (name) => (stacked ? name : null);
    const head = el("tr", { role: role("row") }, heads.map((text, i) =>
      el("th", { scope: "col", role: role("columnheader"), class: of(i) }, text)));
    const cell = (content, i) => (i
      ? el("td", { role: role("cell"), class: of(i), "data-label": role(heads[i]) }, content)
      : el("th", { scope: "row", role: role("rowheader"), class: of(i) }, content));
    const line = (cells) => el("tr", { role: role("row") }, cells.map(cell));
    return el("div", { class: "wide", role: "region", tabindex: "0", "aria-label": caption },
      el("table", { role: role("table"), class: stacked ? "stacked" : null }, el("caption", {}, caption),
        el("thead", { role: role("rowgroup") }, head), el("tbody", { role: role("rowgroup") }, rows.map(line))));
  }

  // The first `step` rows, and a button for as many more. `make` gets the rows that are shown.
  function pages(rows, step, make) {
    const box = el("div", {});
    function show(count, focus) {
      box.replaceChildren(make(rows.slice(0, count)));
      if (count >= rows.length) return;
      const more = el("button", { type: "button", onclick: () => show(count + step, true) },
        `Show ${Math.min(step, rows.length - count)} more of ${whole(rows.length)}`);
      box.append(el("p", {}, more));
      // The button that was pressed is gone; who pressed it by keyboard must not be thrown to the top of the page.
      if (focus) more.focus();
    }
    show(step, false);
    return box;
  }

  function select(label, options, chosen, change) {
    const made = options.map((option) => {
      const [value, text] = Array.isArray(option) ? option : [option, option];
      return el("option", { value, selected: value === chosen }, text);
    });
    return el("label", { class: "field" }, el("span", {}, label), el("select", { onchange: (e) => change(e.target.value) }, made));
  }

  function input(label, value, change, attributes) {
    const box = el("input", { type: "search", value, autocomplete: "off", spellcheck: "false", ...attributes });
    box.addEventListener("input", () => change(box.value));
    return el("label", { class: "field grow" }, el("span", {}, label), box);
  }

  // Facts under their names.
  const facts = (pairs) =>
    el("dl", { class: "facts" }, pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

  const whole = (n) => n.toLocaleString("en");
  // As tables show a number; its own page shows all digits.
  function short(x) {
    if (x === null || x === undefined) return "–";
    const minus = (text) => text.replace("-", "−");
    if (Number.isInteger(x) && Math.abs(x) >= 2) return minus(whole(x));
    if (x !== 0 && Math.abs(x) < 0.0005) return x.toExponential(1).replace(/-/g, "−");
    return minus(x.toFixed(3));
  }
  const p = (x) => (x === null || x === undefined ? "–" : x < 0.0001 ? "< .0001" : x === 1 ? "1" : x.toFixed(4).replace(/^0/, ""));
  const code = (text) => el("code", {}, text);
  // A digest is compared by its first and last signs; the whole of it can be selected and is read out.
  const digest = (text) => el("code", { class: "digest" }, text);

  // A state in words with a sign before it, so that colour alone says nothing.
  const SIGNS = { good: "✓", bad: "✕", open: "○", none: "–" };
  const badge = (kind, text) =>
    el("span", { class: `badge ${kind}` }, el("span", { "aria-hidden": "true" }, `${SIGNS[kind]} `), text);

  // The same for a sentence, in lighter type.
  const says = (kind, text) => el("p", { class: "says" }, badge(kind, text));

  Object.assign(GQ, { el, svg, link, href, table, pages, select, input, facts, whole, short, p, code, digest, badge, says });
})();
