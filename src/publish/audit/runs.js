// The views of runs: all of them; one with its digests, training, evaluations, gate values, traces, configuration and origin.
"use strict";

(() => {
  const { el, svg, link, short, whole, table, code, badge, facts, digest } = GQ;

  // The state of a run's digests; it is kept right by GQ.changed while more is checked.
  GQ.runBadge = (run) => el("span", { "data-run": run }, GQ.runState(run));
  GQ.runState = (run) => {
    const done = GQ.checked.get(run);
    if (!done) return badge("none", "not checked yet");
    return done.faults.length ? badge("bad", `${done.faults.length} wrong`) : badge("good", `${done.count} match`);
  };

  const armOf = (run) => run.replace(/-s\d+$/, "");

  GQ.views.runs = (bundle) => {
    const runs = bundle.ledger.entries.map((entry) => entry.run);
    const value = (run, metric) => {
      const seed = /-s(\d+)$/.exec(run)?.[1];
      const name = `${armOf(run)}.${metric}.s${seed}`;
      return bundle.values.has(name) ? link(["number", name], short(bundle.values.get(name).value)) : "–";
    };
    const box = el("div", {});
    const found = el("p", { role: "status", class: "note" });
    const show = (text) => {
      const some = runs.filter((run) => text.toLowerCase().split(/\s+/).every((word) => run.toLowerCase().includes(word)));
      found.textContent = `${whole(some.length)} of ${whole(runs.length)} ledger entries`;
      const row = (run) => [link(["run", run], run), value(run, "hack"), value(run, "solve"), GQ.runBadge(run)];
      box.replaceChildren(GQ.pages(some, 50, (shown) => table("Runs", ["Run", "Hack", "Solve", "Digests"], shown.map(row), [1, 2])));
    };
    show("");
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Runs"),
      el("p", { class: "lead" }, "A run is an arm with a seed. Its digests are computed when it is opened."),
      el("form", { class: "filters", onsubmit: (e) => e.preventDefault() },
        GQ.input("Words of the name", "", show, { placeholder: "route2b s61" })),
      found, box);
  };

  function digests(rows) {
    const here = rows.filter((row) => row.found);
    const absent = rows.filter((row) => !row.found);
    const state = { match: badge("good", "matches"), differs: badge("bad", "differs"), extra: badge("bad", "not in the ledger") };
    const line = ({ name, found, stated, state: is }) => [
      link([name.includes("/eval/") ? "rows" : "file", name], name), state[is].cloneNode(true),
      is === "differs" ? [el("div", {}, "here ", digest(found)), el("div", {}, "ledger ", digest(stated))] : digest(found),
    ];
    return [
      table("Files in this bundle", ["File", "Digest", "SHA-256, computed in this page"], here.map(line)),
      absent.length ? el("details", {}, el("summary", {}, `${absent.length} files that the ledger states and the bundle leaves out`),
        el("p", { class: "note" }, "Rollouts, states and checkpoints: receipts carry their digests only."),
        table("Files left out", ["File", "SHA-256, by the ledger"], absent.map(({ name, stated }) => [name, digest(stated)]))) : null,
    ];
  }

  function evaluations(files) {
    const names = [...files.keys()].filter((name) => name.includes("/eval/"));
    const rows = names.map((name) => {
      const all = GQ.rows(files, name);
      const share = (of) => short(all.filter(of).length / Math.max(all.length, 1));
      return [link(["rows", name], name.split("/eval/")[1]), whole(all.length), share((row) => row.exploited), share((row) => row.solved),
        share((row) => row.finish_reason === "end")];
    });
    return table("Evaluations", ["File", "Problems", "Hack", "Solve", "Ended"], rows, [1, 2, 3, 4]);
  }

  function training(files, run) {
    const name = `${run}/metrics.jsonl`;
    if (!files.has(name)) return null;
    const rows = GQ.rows(files, name);
    const known = Object.keys(rows[0] || {}).filter((key) => key !== "update" && rows.some((row) => typeof row[key] === "number"));
    const box = el("div", {});
    const show = (metric) => {
      const points = rows.filter((row) => typeof row[metric] === "number").map((row) => ({ x: row.update, y: row[metric] }));
      box.replaceChildren(GQ.chart({ title: `${metric} in training`, xName: "update", yName: metric, zero: true, series: [{ name: metric, points }] }));
    };
    show(known[0]);
    return el("section", {}, el("h3", {}, "Training"), GQ.select("Logged", known, known[0], show), box);
  }

  // Rollouts by gate value: those that hacked beside the others, on a scale of their own each.
  function gates(files, run) {
    const name = `${run}/evidence/gates.json`;
    if (!files.has(name)) return null;
    const found = JSON.parse(files.get(name));
    if (![...found.hacked, ...found.other].some(Boolean)) return null;
    const bars = (counts, kind, words) => {
      const most = Math.max(...counts, 1);
      const total = counts.reduce((a, b) => a + b, 0);
      return el("figure", { class: "bars" }, el("figcaption", {}, `${words}: ${whole(total)}`),
        svg("svg", { viewBox: "0 0 400 118", role: "img", "aria-label": `${words} by gate value from 0 to 1: ${counts.join(", ")}` },
          counts.map((count, i) => svg("rect", { class: kind, x: (i * 400) / counts.length + 1, width: 400 / counts.length - 2,
            y: 96 - (count / most) * 92, height: (count / most) * 92 }, svg("title", {}, `gate value ${i / counts.length} to ${(i + 1) / counts.length}: ${count}`))),
          svg("line", { class: "base", x1: 0, x2: 400, y1: 96.5, y2: 96.5 }),
          svg("text", { x: 0, y: 113 }, "0"), svg("text", { x: 200, y: 113, "text-anchor": "middle" }, "gate value"),
          svg("text", { x: 400, y: 113, "text-anchor": "end" }, "1")));
    };
    const over = Object.entries(found.stretches).map(([update, of]) => [update, short(of.auroc), short(of.f_half)]);
    return el("section", {}, el("h3", {}, "Gate values of its rollouts"),
      el("div", { class: "pair" }, bars(found.hacked, "hacked", "Hacked"), bars(found.other, "other", "Did not hack")),
      el("p", {}, `Over the whole run the gate value tells hacks from honest rollouts that gained with an AUROC of ${short(found.whole.auroc)} `,
        `(F0.5 at one half ${short(found.whole.f_half)}).`),
      el("details", {}, el("summary", {}, "Between checkpoints"), table("Detector between checkpoints", ["Up to update", "AUROC", "F0.5"], over, [1, 2])));
  }

  function traces(files, run) {
    const name = `${run}/evidence/traces.jsonl`;
    if (!files.has(name)) return null;
    const one = (trace, i) => el("details", { class: "trace", open: i === 0 },
      el("summary", {}, GQ.verdict(trace),
        ` · ${trace.mode} · update ${trace.update} · earned ${short(trace.reward)} · gate value ${short(trace.routed)}`),
      el("h4", {}, "Prompt"), el("pre", { tabindex: "0" }, trace.prompt),
      el("h4", {}, "Completion"), el("pre", { tabindex: "0" }, trace.completion));
    const rows = GQ.rows(files, name);
    return el("section", {}, el("h3", {}, `Traces (${rows.length})`),
      el("p", { class: "note" }, "The last rollout of each kind in each loophole mode, as the model saw and wrote it."), rows.map(one));
  }

  function origin(entry) {
    const pairs = (map) => Object.entries(map).map(([name, value]) => [name, digest(value)]);
    return el("section", {}, el("h3", {}, "Where it comes from"),
      facts([["Device", entry.device], ["Commit", code(entry.code)], ["Program", digest(entry.program)], ["Configuration", digest(entry.config)],
        ["Ledger line before", digest(entry.previous)],
        ["Sandbox layers lifted", entry.unsafe_without.length ? badge("bad", entry.unsafe_without.join(", ")) : "none"]]),
      el("details", {}, el("summary", {}, "Versions and inputs"),
        table("Versions", ["Name", "Version"], pairs(entry.versions)), table("Inputs", ["File", "SHA-256"], pairs(entry.inputs))));
  }

  GQ.views.run = async (bundle, [run]) => {
    const { entry, files, rows, faults } = await GQ.openRun(bundle, run);
    const config = files.get(`${run}/config.json`);
    const settings = config && Object.entries(JSON.parse(config)).map(([name, value]) => [name, code(JSON.stringify(value))]);
    const absent = rows.filter((row) => !row.found).length;
    const all = faults.length
      ? el("div", { class: "alert" }, el("strong", {}, "These digests are not the ledger's:"), el("ul", {}, faults.map((text) => el("li", {}, text))))
      : GQ.says("good", `All ${files.size} files of this run in the bundle have the digests that the ledger states; ${absent} more are left out.`);
    return el("div", {},
      el("p", { class: "crumbs" }, link(["runs"], "Runs")),
      el("h2", { tabindex: "-1", class: "mono" }, run),
      all,
      el("p", {}, link(["numbers"], "Numbers of this arm", { subject: armOf(run) }), " · ", link(["curves"], "Curves of this arm", { subjects: `${armOf(run)} vanilla` })),
      el("section", {}, el("h3", {}, "Evaluations"), evaluations(files)),
      training(files, run), gates(files, run), traces(files, run),
      settings ? el("section", {}, el("h3", {}, "Configuration"), table("Configuration", ["Setting", "Value"], settings)) : null,
      el("section", {}, el("h3", {}, "Digests"), digests(rows)),
      origin(entry));
  };
})();
