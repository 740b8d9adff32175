// One line chart: hovered with a pointer, walked with arrow keys, read as a table. For a screen reader it is a slider over updates
// whose value is what the lines say there, because that is what the arrow keys do.
"use strict";

(() => {
  const { el, svg, short } = GQ;
  const TOP = 14;
  const BOTTOM = 40;
  const LEFT = 48;

  // Round steps of an axis, about so many.
  function ticks(from, to, about) {
    const raw = (to - from || 1) / about;
    const ten = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * ten).find((s) => s >= raw);
    const first = Math.ceil(from / step - 1e-9);
    const last = Math.floor(to / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  }

  // Labels at the ends of lines, moved apart where lines end close together.
  function spread(labels, least, top, bottom) {
    labels.sort((a, b) => a.y - b.y);
    labels.forEach((label, i) => {
      label.y = Math.max(label.y, i ? labels[i - 1].y + least : top);
    });
    for (let i = labels.length - 1; i >= 0; i--) {
      labels[i].y = Math.min(labels[i].y, i === labels.length - 1 ? bottom : labels[i + 1].y - least);
    }
  }

  function draw(box, { series, xName, yName, zero }, width, at) {
    const height = width < 560 ? 280 : 360;
    // Room for the longest name where there is room at all; a phone has the legend below instead.
    const longest = Math.max(...series.map((line) => line.name.length));
    const right = width < 560 ? 12 : Math.min(24 + longest * 7, 240);
    const all = series.flatMap((line) => line.points);
    const xs = all.map((point) => point.x);
    const ys = all.flatMap((point) => [point.low ?? point.y, point.high ?? point.y]);
    const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
    const low = zero ? Math.min(0, ...ys) : Math.min(...ys);
    const high = Math.max(...ys);
    const [y0, y1] = [low, high === low ? low + 1 : high + (high - low) * 0.04];
    const x = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (width - LEFT - right);
    const y = (value) => TOP + (1 - (value - y0) / (y1 - y0)) * (height - TOP - BOTTOM);
    const put = (value) => value.toFixed(1);
    const path = (points) => points.map((point, i) => `${i ? "L" : "M"}${put(x(point[0]))},${put(y(point[1]))}`).join("");

    const grid = ticks(y0, y1, 5).map((value) => svg("g", {},
      svg("line", { class: "grid", x1: LEFT, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, String(value))));
    const below = ticks(x0, x1, width < 560 ? 5 : 10).map((value) =>
      svg("text", { x: x(value), y: height - BOTTOM + 18, "text-anchor": "middle" }, String(value)));
    const lines = series.map((line, i) => {
      const band = line.points.filter((point) => point.low !== undefined);
      const around = [...band.map((point) => [point.x, point.high]), ...band.reverse().map((point) => [point.x, point.low])];
      return svg("g", { class: `line c${i % 8}` },
        around.length ? svg("path", { class: "band", d: `${path(around)}Z` }) : null,
        svg("path", { class: `stroke d${Math.floor(i / 8) % 3}`, d: path(line.points.map((point) => [point.x, point.y])) }),
        line.points.length < 40 ? line.points.map((point) => svg("circle", { cx: put(x(point.x)), cy: put(y(point.y)), r: 2.5 })) : null);
    });
    const labels = series.map((line, i) => ({ line, i, y: y(line.points[line.points.length - 1].y) + 4 }));
    spread(labels, 15, TOP + 6, height - BOTTOM + 4);
    const names = width < 560 ? [] : labels.map(({ line, i, y: place }) =>
      svg("text", { class: `name c${i % 8}`, x: width - right + 8, y: put(place) }, line.name));
    const mark = at === null ? null : svg("line", { class: "cursor", x1: x(at), x2: x(at), y1: TOP, y2: height - BOTTOM });
    box.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false" },
      grid, below, mark, lines, names,
      svg("text", { class: "axis", x: (LEFT + width - right) / 2, y: height - 4, "text-anchor": "middle" }, xName),
      svg("text", { class: "axis", x: 4, y: TOP - 2 }, yName)));
    return (pixel) => x0 + ((pixel - LEFT) / (width - LEFT - right)) * (x1 - x0);
  }

  // What the lines say at one place, the highest first.
  function reading(series, at) {
    const here = series.map((line, i) => ({ line, i, point: line.points.find((point) => point.x === at) })).filter((s) => s.point);
    here.sort((a, b) => b.point.y - a.point.y);
    return here;
  }
  const spoken = ({ point }) => short(point.y) + (point.error === undefined ? "" : ` ± ${short(point.error)}`);

  // { title, xName, yName, zero, series: [{ name, points: [{ x, y, low, high, error, open }] }] }; `open` is where a point leads.
  GQ.chart = (chart) => {
    const series = chart.series.filter((line) => line.points.length);
    if (!series.length) return el("p", {}, "Nothing to draw.");
    const xs = [...new Set(series.flatMap((line) => line.points.map((point) => point.x)))].sort((a, b) => a - b);
    let at = xs[xs.length - 1];
    let place;
    const stage = el("div", {
      class: "stage", role: "slider", tabindex: "0", "aria-label": `${chart.title}, over ${chart.xName}`,
      "aria-valuemin": xs[0], "aria-valuemax": xs[xs.length - 1], "aria-orientation": "horizontal",
    });
    const read = el("div", { class: "reading" });

    function move(to, keep) {
      at = to;
      const here = reading(series, at);
      stage.setAttribute("aria-valuenow", at);
      stage.setAttribute("aria-valuetext", `${chart.xName} ${at}: ${here.map((s) => `${s.line.name} ${spoken(s)}`).join(", ")}`);
      read.replaceChildren(el("p", {}, el("strong", {}, `${chart.xName} ${at}`)),
        el("ul", {}, here.map((s) => el("li", { class: `c${s.i % 8}` }, el("span", { class: `swatch d${Math.floor(s.i / 8) % 3}`, "aria-hidden": "true" }),
          s.point.open ? el("a", { href: s.point.open }, s.line.name) : s.line.name, el("span", { class: "number" }, spoken(s))))));
      if (!keep && stage.clientWidth) place = draw(stage, chart.series === series ? chart : { ...chart, series }, stage.clientWidth, at);
    }

    const nearest = (value) => xs.reduce((best, x) => (Math.abs(x - value) < Math.abs(best - value) ? x : best));
    const point = (event) => {
      const to = nearest(place(event.clientX - stage.getBoundingClientRect().left));
      if (to !== at) move(to);
    };
    stage.addEventListener("pointermove", point);
    stage.addEventListener("pointerdown", point);
    stage.addEventListener("keydown", (event) => {
      const i = xs.indexOf(at);
      const steps = { ArrowRight: i + 1, ArrowUp: i + 1, ArrowLeft: i - 1, ArrowDown: i - 1, PageUp: i + 10, PageDown: i - 10, Home: 0, End: xs.length - 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      move(xs[Math.min(Math.max(steps[event.key], 0), xs.length - 1)]);
    });
    move(at, true);
    let width = 0;
    new ResizeObserver(() => {
      if (stage.clientWidth === width) return;
      width = stage.clientWidth;
      move(at);
    }).observe(stage);

    const rows = () => xs.map((x) => [String(x), ...series.map((line) => {
      const found = line.points.find((p) => p.x === x);
      return found ? spoken({ point: found }) : "–";
    })]);
    const numbers = el("details", {}, el("summary", {}, "The same as a table"));
    // Made when it is asked for: a run's log has hundreds of rows.
    numbers.addEventListener("toggle", () => {
      if (numbers.open && numbers.children.length === 1) {
        numbers.append(GQ.table(chart.title, [chart.xName, ...series.map((line) => line.name)], rows(), series.map((_, i) => i + 1)));
      }
    });
    return el("figure", { class: "chart" }, el("figcaption", {}, chart.title), stage, read, numbers);
  };
})();
