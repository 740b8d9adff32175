// The view of the claims: what was registered before the runs, what the seeds say, and how far from the threshold.
"use strict";

(() => {
  const { el, svg, link, short, p, badge, table } = GQ;

  const statusOf = (claim) => {
    const { kind, text } = GQ.STATUS[claim.status] || { kind: "none", text: claim.status };
    return badge(kind, text);
  };
  const wanted = ({ at_least: least, at_most: most }) => `${(least ?? null) === null ? "≤" : "≥"} ${String(least ?? most).replace("-", "−")}`;

  // An interval and its threshold on one line; the side that was wanted is shaded.
  function interval(condition) {
    const { estimate, low, high, at_least: least, at_most: most } = condition;
    if (low === null) return el("span", {}, "–");
    const bar = least ?? most;
    const all = [low, high, bar, 0];
    const [from, to] = [Math.min(...all), Math.max(...all)];
    const pad = (to - from || 1) * 0.08;
    const x = (value) => (8 + ((value - from + pad) / (to - from + 2 * pad)) * 164).toFixed(1);
    const good = (least ?? null) === null ? [8, x(bar) - 8] : [x(bar), 172 - x(bar)];
    const words = `${short(estimate)}, interval ${short(low)} to ${short(high)}, wanted ${wanted(condition)}`;
    return svg("svg", { class: "interval", viewBox: "0 0 180 26", role: "img", "aria-label": words },
      svg("rect", { class: "wanted", x: good[0], y: 2, width: Math.max(good[1], 0), height: 22 }),
      svg("line", { class: "zero", x1: x(0), x2: x(0), y1: 7, y2: 19 }),
      svg("line", { class: "bar", x1: x(bar), x2: x(bar), y1: 2, y2: 24 }),
      svg("line", { class: "range", x1: x(low), x2: x(high), y1: 13, y2: 13 }),
      svg("circle", { class: "dot", cx: x(estimate), cy: 13, r: 4 }));
  }

  // The means that a condition is made of, each with a way down to its seeds.
  function quantity(bundle, name) {
    const mean = `${name}.mean`;
    return bundle.values.has(mean) ? link(["number", mean], GQ.code(name)) : GQ.code(name);
  }

  function conditions(bundle, claim) {
    const rows = claim.conditions.map((condition) => [
      [quantity(bundle, condition.quantity), condition.minus ? [" − ", quantity(bundle, condition.minus)] : null],
      short(condition.estimate),
      condition.low === null ? "–" : `${short(condition.low)} to ${short(condition.high)}`,
      wanted(condition),
      interval(condition),
      String(condition.n),
    ]);
    return table(`Conditions of ${claim.id}`, ["Quantity", "Estimate", "95% interval", "Wanted", "Interval and threshold", "Seeds"],
      rows, [1, 2, 3, 5], true);
  }

  function one(bundle, claim, faults) {
    const answered = claim.answered.map(({ key, value, at_least: least }) =>
      el("li", {}, link(["number", key], GQ.code(key)), ` is ${short(value)}, wanted at least ${least}`));
    const wrong = faults.get(claim.id);
    return el("section", { class: "claim", id: `claim-${claim.id}`, "aria-labelledby": `title-${claim.id}` },
      el("h3", { id: `title-${claim.id}` }, el("span", { class: "id" }, claim.id), ` ${claim.title} `, statusOf(claim)),
      el("p", { class: "wording" }, claim.wording),
      conditions(bundle, claim),
      el("p", { class: "note" }, "Corrected by Holm over all claims, one-sided p for it ", p(claim.p_for), ", against it ", p(claim.p_against),
        "; a claim is decided at .025."),
      answered.length > 1
        ? el("details", {}, el("summary", {}, `Completions that are answers, in ${answered.length} arms`), el("ul", {}, answered))
        : answered.length ? el("ul", { class: "note bare" }, answered) : null,
      wrong ? el("div", { class: "alert" }, el("strong", {}, "claims.json does not agree:"), el("ul", {}, wrong.map((text) => el("li", {}, text)))) : null);
  }

  GQ.views.claims = (bundle) => {
    const faults = GQ.judge(bundle);
    const count = (status) => bundle.claims.filter((claim) => claim.status === status).length;
    const counts = Object.keys(GQ.STATUS).filter(count).map((status) => `${count(status)} ${count(status) === 1 ? GQ.STATUS[status].says : GQ.STATUS[status].many}`)
      .join(", ");
    const rows = bundle.claims.map((claim) => [
      claim.id,
      el("a", { href: `#claims/${claim.id}` }, claim.title),
      statusOf(claim),
    ]);
    const missing = [...faults.keys()].filter((id) => !bundle.claims.some((claim) => claim.id === id));
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Claims"),
      el("p", { class: "lead" }, `Of ${bundle.claims.length} claims, ${counts}. Thresholds and wordings were fixed before the runs; a status says `,
        "which of its wordings the paper prints."),
      faults.size
        ? GQ.says("bad", `This page judged the claims a second time and disagrees on ${[...faults.keys()].join(", ")}.`)
        : GQ.says("good", "This page judged the claims a second time, from the numbers of each seed, and agrees on all of them."),
      table("All claims", ["Claim", "What it says", "Status"], rows),
      missing.map((id) => el("p", { class: "alert" }, `${id}: ${faults.get(id)[0]}`)),
      bundle.claims.map((claim) => one(bundle, claim, faults)),
      el("details", {}, el("summary", {}, "claims.toml, as it was registered"), el("pre", { tabindex: "0" }, bundle.files.get("claims.toml") || "")));
  };
})();
