// The view of learning curves: means over seeds with one standard error, for the arms that somebody picks.
"use strict";

(() => {
  const { el } = GQ;
  const METRICS = [["hack", "hack"], ["solve", "solve"], ["answered", "answered"], ["routed_mass", "routed mass"], ["auroc", "AUROC of the gate value"]];
  const PARTS = [["", "deployed"], ["on", "quarantine on"]];
  const FIRST = ["vanilla", "route2b", "erase", "gt-only", "placebo-pairs", "random-v"];
  const MOST = 12;

  function lines(bundle, metric, part) {
    const found = new Map();
    for (const [name, { value }] of bundle.values) {
      const key = GQ.key(name);
      if (key.update === null || key.metric !== metric || key.part !== part || key.statistic !== "mean") continue;
      const error = bundle.values.get(`${key.quantity}.sem`)?.value;
      const around = error === undefined ? {} : { low: value - error, high: value + error, error };
      if (!found.has(key.subject)) found.set(key.subject, []);
      found.get(key.subject).push({ x: key.update, y: value, ...around, open: GQ.href(["number", name]) });
    }
    for (const points of found.values()) points.sort((a, b) => a.x - b.x);
    return found;
  }

  GQ.views.curves = (bundle, _, query) => {
    const metric = query.get("metric") || "hack";
    const part = query.get("part") || "";
    const known = lines(bundle, metric, part);
    const asked = query.has("subjects") ? query.get("subjects").split(" ") : FIRST;
    let picked = asked.filter((subject) => known.has(subject));
    if (!picked.length) picked = [...known.keys()].slice(0, 4);
    const box = el("div", {});
    const says = el("summary", {});
    const show = () => {
      says.textContent = `Choose arms (${picked.length} of ${known.size} shown)`;
      const series = picked.map((subject) => ({ name: subject, points: known.get(subject) }));
      const title = `${METRICS.find(([name]) => name === metric)?.[1] || metric}, ${PARTS.find(([name]) => name === part)?.[1] || part}: ` +
        "mean over seeds, band of one standard error";
      box.replaceChildren(series.length
        ? GQ.chart({ title: title[0].toUpperCase() + title.slice(1), xName: "update", yName: metric.replace("_", " "), zero: metric !== "auroc", series })
        : el("p", {}, "No arm has this curve."));
    };
    const go = (change) => {
      location.hash = GQ.href(["curves"], { metric, part, subjects: picked.join(" "), ...change });
    };
    const full = el("p", { role: "status", class: "note" });
    const choices = [...known.keys()].map((subject) => {
      const check = el("input", { type: "checkbox", checked: picked.includes(subject) });
      check.addEventListener("change", () => {
        if (check.checked && picked.length >= MOST) {
          check.checked = false;
          full.textContent = `No more than ${MOST} lines can be told apart; take one away first.`;
          return;
        }
        full.textContent = "";
        picked = check.checked ? [...picked, subject] : picked.filter((other) => other !== subject);
        show();
      });
      return el("label", { class: "choice" }, check, ` ${subject}`);
    });
    show();
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Learning curves"),
      el("p", { class: "lead" }, "Move over the chart, or focus it and use the arrow keys. A name in the reading leads to that number."),
      el("form", { class: "filters", onsubmit: (e) => e.preventDefault() },
        GQ.select("Metric", METRICS, metric, (value) => go({ metric: value })),
        GQ.select("Model", PARTS, part, (value) => go({ part: value }))),
      box,
      el("details", {}, says, full, el("fieldset", { class: "choices" }, el("legend", {}, "Arms"), choices)));
  };
})();
