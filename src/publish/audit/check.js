// Checking everything: each run is loaded, its files are held against the ledger, and the numbers that were made from it are counted
// again. One run at a time, so that the page stays usable and memory small.
"use strict";

(() => {
  const { el, link, whole, table, code, badge, digest, facts } = GQ;

  // idle, running, stopped or done.
  const all = { state: "idle", runs: 0, numbers: 0, wrong: [], faults: [] };
  GQ.all = all;

  // By run, the quantities that this page can count again in it.
  function quantities(bundle) {
    const by = new Map(bundle.ledger.entries.map((entry) => [entry.run, []]));
    for (const [name, { runs }] of bundle.values) {
      const { statistic, subject, quantity } = GQ.key(name);
      if (statistic !== "mean" || ["base", "plan", "route2b-known", "route2b-without"].includes(subject)) continue;
      for (const run of runs) by.get(run)?.push(quantity);
    }
    return by;
  }

  function hold(bundle, name, value) {
    const stated = bundle.values.get(name);
    if (!stated || value === undefined || value === null) return;
    all.numbers += 1;
    if (!GQ.agree(value, stated.value)) all.wrong.push({ name, stated: stated.value, value });
  }

  GQ.checkAll = async (bundle) => {
    Object.assign(all, { state: "running", runs: 0, numbers: 0, wrong: [], faults: [] });
    const own = quantities(bundle);
    const found = new Map();
    let base = null;
    for (const { run } of bundle.ledger.entries) {
      if (all.state !== "running") break;
      try {
        const { files, faults } = await GQ.openRun(bundle, run);
        all.faults.push(...faults);
        if (run === "base") base = files;
        for (const quantity of own.get(run)) {
          const value = GQ.recountRun(bundle, quantity, run, files, base)?.value;
          if (value === undefined) continue;
          if (!found.has(quantity)) found.set(quantity, new Map());
          found.get(quantity).set(run, value);
          const seed = /-s(\d+)$/.exec(run)?.[1];
          // Some quantities, such as points of a curve, are told as means alone.
          hold(bundle, `${quantity}.s${seed}`, value);
        }
      } catch (error) {
        all.faults.push(`${run}: ${error.message}`);
      }
      all.runs += 1;
      GQ.changed();
    }
    if (all.state === "running") {
      for (const [quantity, values] of found) {
        const { runs } = bundle.values.get(`${quantity}.mean`);
        // Without one of its runs a mean says nothing, and that run is a fault already.
        if (!runs.every((run) => values.has(run))) continue;
        const x = runs.map((run) => values.get(run)).filter((value) => value !== null);
        hold(bundle, `${quantity}.mean`, GQ.statistics.mean(x));
        hold(bundle, `${quantity}.sem`, GQ.statistics.sem(x));
      }
      all.state = "done";
    }
    GQ.changed();
  };

  // Everything that is known to be wrong, in sentences.
  GQ.faults = (bundle) => [
    ...bundle.faults,
    ...[...GQ.checked].flatMap(([run, { faults }]) => faults.map((text) => (text.includes(run) ? text : `${run}: ${text}`))),
    ...all.wrong.map(({ name, stated, value }) => `${name}: results.json says ${stated}, its runs give ${value}`),
  ];

  // How far the check has come: [kind, sentence].
  GQ.progress = (bundle) => {
    const done = [...GQ.checked.values()].reduce((sum, { count }) => sum + count, 0);
    const faults = GQ.faults(bundle).length;
    const files = `${whole(done)} of ${whole(bundle.carried)} files`;
    if (faults) return ["bad", `${whole(faults)} ${faults === 1 ? "thing does" : "things do"} not match (${files} checked)`];
    if (all.state === "done") {
      return ["good", `All ${whole(done)} files match the ledger, and ${whole(all.numbers)} of ${whole(bundle.values.size)} numbers come to the same when they are counted again`];
    }
    const rest = done ? `${files} checked, and all of them match it` : `none of ${whole(bundle.carried)} files checked yet`;
    return [done ? "good" : "none", `The ledger's chain holds; ${rest}`];
  };

  const absent = (bundle) => bundle.ledger.entries.reduce((sum, entry) => sum + Object.keys(entry.outputs).length, 0) - bundle.carried;

  GQ.views.digests = (bundle) => {
    const { ledger, files } = bundle;
    const faults = GQ.faults(bundle);
    const [kind, says] = GQ.progress(bundle);
    const rows = ledger.entries.map(({ run, code: commit, device }) => [link(["run", run], run), code(commit.slice(0, 12)), device, GQ.runBadge(run)]);
    const of = (name) => (files.has(name) ? digest(GQ.digestOf(files.get(name))) : "absent");
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Digests"),
      GQ.says(kind, says),
      faults.length ? el("div", { class: "alert" }, el("strong", {}, "What does not match"),
        GQ.pages(faults, 50, (some) => el("ul", {}, some.map((text) => el("li", {}, text))))) : null,
      facts([
        ["Last line of the ledger", digest(ledger.head)], ["Its chain", ledger.broken.length ? badge("bad", "broken") : badge("good", `${whole(ledger.entries.length)} lines, each names the one before`)],
        ["results.json", of("results.json")], ["claims.toml", of("claims.toml")],
        ["Files in this bundle", whole(bundle.carried)], ["Stated and left out", whole(absent(bundle))],
      ]),
      el("section", {}, el("h3", {}, "What this proves"),
        el("p", {}, "Where everything matches, the files here are those that the ledger states, its lines continue each other, and the numbers follow from the rows. ",
          "Whoever made all of it could have made it otherwise: compare the digest of the ledger's last line with one that you have from elsewhere, ",
          "or check the bundle's signature. This page lies beside its data, so for a verdict that matters use the program: ",
          code("gradient-quarantine build-paper --receipts TIER"), ", which checks all of this again and more."),
        el("p", {}, "Not in the bundle are rollouts, states and checkpoints, which the ledger states as well. Not counted again here are numbers that need a ",
          "parser of Python, bootstrap intervals, corrected p-values, shares of a gap and means over arms; counts of gate values and differences are, ",
          "when one is opened.")),
      el("section", {}, el("h3", {}, "Ledger"), GQ.pages(rows, 50, (some) => table("Ledger entries, oldest first", ["Run", "Commit", "Device", "Digests"], some))),
      bundle.signature === undefined ? null : el("details", {}, el("summary", {}, "The signature that it carries"), el("pre", { tabindex: "0" }, bundle.signature)));
  };
})();
