// The views of numbers: all values of results.json, and one of them with everything that it stands on.
"use strict";

(() => {
  const { el, link, short, whole, table, code, badge } = GQ;
  const ALL = "";
  // What was chosen stays chosen while somebody looks at a number and comes back.
  const chosen = { text: "", subject: ALL, metric: ALL, statistic: "mean" };

  function matching(bundle) {
    const words = chosen.text.toLowerCase().split(/\s+/).filter(Boolean);
    return [...bundle.values.keys()].filter((name) => {
      const key = GQ.key(name);
      return words.every((word) => name.toLowerCase().includes(word)) &&
        ["subject", "metric", "statistic"].every((field) => chosen[field] === ALL || key[field] === chosen[field]);
    });
  }

  const list = (bundle, names) => table("Numbers", ["Key", "Value", "Runs"], names.map((name) => {
    const { value, runs } = bundle.values.get(name);
    return [link(["number", name], code(name)), short(value), whole(runs.length)];
  }), [1, 2]);

  GQ.views.numbers = (bundle, _, query) => {
    if (query.has("subject")) Object.assign(chosen, { text: "", subject: query.get("subject"), metric: ALL });
    const found = el("p", { role: "status", class: "note" });
    const box = el("div", {});
    const show = () => {
      const names = matching(bundle);
      found.textContent = `${whole(names.length)} of ${whole(bundle.values.size)} numbers`;
      box.replaceChildren(names.length ? GQ.pages(names, 100, (some) => list(bundle, some)) : "");
    };
    const options = (field) => {
      const known = new Set([...bundle.values.keys()].map((name) => GQ.key(name)[field]));
      return [[ALL, "all"], ...[...known].map((name) => [name, name])];
    };
    const field = (name, label) => GQ.select(label, options(name), chosen[name], (value) => {
      chosen[name] = value;
      show();
    });
    // Searching is over all of them, so wait until somebody has stopped typing.
    let waiting;
    const typed = (text) => {
      chosen.text = text;
      clearTimeout(waiting);
      waiting = setTimeout(show, 150);
    };
    show();
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Numbers"),
      el("p", { class: "lead" }, "Every number of results.json; the paper prints no other. Follow one down to its runs, rows and completions."),
      el("form", { class: "filters", onsubmit: (e) => e.preventDefault() },
        GQ.input("Words of the key", chosen.text, typed, { placeholder: "route2b hack u40" }),
        field("subject", "Of"), field("metric", "Metric"), field("statistic", "Statistic")),
      found, box);
  };

  // The rows of a part go to the list of rows already sorted out.
  const filterOf = (part) => (["", "on", "alone", "trained_markers"].includes(part) ? undefined : { part });

  // The run stands beside its files already.
  const inside = (file) => file.replace(/^[^/]+\//, "");

  function parts(key, made) {
    const rows = made.map(({ run, file, counted, of, value }) => [
      link(["run", run], run),
      file.endsWith(".jsonl") && file.includes("/eval/")
        ? link(["rows", file], inside(file), key.update === null ? filterOf(key.part) : { run, ...filterOf(key.part) })
        : link(["file", file], inside(file)),
      counted === undefined ? "–" : counted === of ? whole(of) : `${whole(counted)} of ${whole(of)}`,
      short(value),
      GQ.runBadge(run),
    ]);
    return table("Runs and files", ["Run", "File", "Rows counted", "Comes to", "Digests"], rows, [2, 3]);
  }

  function siblings(bundle, key) {
    const near = [...bundle.values.keys()].filter((name) => name !== key.key && GQ.key(name).quantity === key.quantity);
    if (!near.length) return null;
    return el("section", {}, el("h3", {}, "The same quantity"), GQ.pages(near, 24, (some) => list(bundle, some)));
  }

  // The number's runs; once it has been counted again also the files and rows, which need the runs loaded.
  async function again(bundle, name, says, box) {
    try {
      const { why, parts: made, value, agrees } = await GQ.recount(bundle, name);
      says.replaceChildren(why ? badge("none", why)
        : agrees ? badge("good", "Counted again in this page, it comes to the same.")
        : badge("bad", `Counted again in this page, it comes to ${value}.`));
      if (made && made.length) box.replaceChildren(parts(GQ.key(name), made));
    } catch (error) {
      says.replaceChildren(badge("bad", `It cannot be counted again: ${error.message}`));
    }
  }

  GQ.views.number = (bundle, [name]) => {
    const found = bundle.values.get(name);
    if (!found) return GQ.nothing(`results.json has no number ${name}`);
    const key = GQ.key(name);
    const runs = found.runs.map((run) => {
      const own = bundle.values.get(`${key.quantity}.s${/\d+$/.exec(run)}`);
      const mine = own && own.runs.includes(run);
      return [link(["run", run], run), mine ? link(["number", `${key.quantity}.s${/\d+$/.exec(run)}`], short(own.value)) : "–", GQ.runBadge(run)];
    });
    const says = el("p", { role: "status", class: "says" }, "Counting again …");
    const box = el("div", {}, GQ.pages(runs, 24, (some) => table("Runs", ["Run", "Its own value", "Digests"], some, [1])));
    again(bundle, name, says, box);
    const curve = key.update === null ? null
      : el("p", {}, GQ.link(["curves"], "See the curve", { metric: key.metric, part: key.part, subjects: key.subject }));
    return el("div", {},
      el("p", { class: "crumbs" }, link(["numbers"], "Numbers")),
      el("h2", { tabindex: "-1", class: "mono" }, name),
      el("p", { class: "value" }, String(found.value)),
      el("p", { class: "lead" }, GQ.meaning(name)),
      says, curve,
      el("section", {}, el("h3", {}, `From ${whole(found.runs.length)} run${found.runs.length === 1 ? "" : "s"}`), box),
      siblings(bundle, key));
  };
})();
