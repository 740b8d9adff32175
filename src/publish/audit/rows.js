// The views of one file: the rows of an evaluation, each with its completion and verdict, or any other file as it is.
"use strict";

(() => {
  const { el, link, whole, badge } = GQ;

  GQ.verdict = (row) => (row.solved ? badge("good", "solved") : row.exploited ? badge("bad", "hack") : badge("none", "neither"));
  const verdictOf = (row) => (row.solved ? "solved" : row.exploited ? "hack" : "neither");
  const runOf = (bundle, file) => bundle.ledger.entries.find((entry) => file in entry.outputs || file.startsWith(`${entry.run}/`))?.run;

  async function open(bundle, file) {
    const run = runOf(bundle, file);
    if (!run) throw new Error(`the ledger names no run that wrote ${file}`);
    const found = await GQ.openRun(bundle, run);
    if (!found.files.has(file)) throw new Error(`${file} is not in this bundle`);
    const { state } = found.rows.find((row) => row.name === file);
    const says = state === "match" ? GQ.says("good", "Its digest is the ledger's.") : GQ.says("bad", "Its digest is not the ledger's.");
    return { run, files: found.files, head: [
      el("p", { class: "crumbs" }, link(["runs"], "Runs"), " › ", link(["run", run], run)),
      el("h2", { tabindex: "-1", class: "mono" }, file), says,
    ] };
  }

  const one = (row) => el("details", { class: "row" },
    el("summary", {}, GQ.verdict(row), ` · ${row.problem_id} · ${row.mode} · ${row.tokens} tokens${row.finish_reason === "end" ? "" : " · cut off"}`),
    // Whatever a model wrote is shown as text, blanks and all.
    el("pre", { tabindex: "0" }, row.completion === "" ? "(nothing)" : row.completion));

  GQ.views.rows = async (bundle, [file], query) => {
    const { files, head } = await open(bundle, file);
    const all = GQ.rows(files, file);
    const chosen = { part: query.get("part") || "", verdict: query.get("verdict") || "" };
    // A curve counts the monitoring subset; the run that asks says which problems those are.
    const asks = query.get("run");
    const watched = asks ? await GQ.watchedIds(bundle, asks) : null;
    const found = el("p", { role: "status", class: "note" });
    const box = el("div", {});
    const show = () => {
      const some = all.filter(GQ.inPart(chosen.part)).filter((row) => !watched || watched.has(row.problem_id))
        .filter((row) => !chosen.verdict || verdictOf(row) === chosen.verdict);
      found.textContent = `${whole(some.length)} of ${whole(all.length)} rows${watched ? ", of the monitoring subset" : ""}`;
      box.replaceChildren(GQ.pages(some, 100, (shown) => el("div", { class: "rows" }, shown.map(one))));
    };
    const field = (name, label, options) => GQ.select(label, options, chosen[name], (value) => {
      chosen[name] = value;
      show();
    });
    const modes = [...new Set(all.map((row) => row.mode))];
    const parts = [["", "all"], ["near", "near families"], ["far", "far families"], ["line_modes", "line modes"], ...modes.map((mode) => [mode, mode])];
    show();
    return el("div", {}, head,
      el("p", { class: "lead" }, "One row for each problem: what the model wrote and the verdict on it. Open a row to read it."),
      el("form", { class: "filters", onsubmit: (e) => e.preventDefault() }, field("part", "Problems", parts),
        field("verdict", "Verdict", [["", "all"], "solved", "hack", "neither"])),
      found, box);
  };

  GQ.views.file = async (bundle, [file]) => {
    const { files, head } = await open(bundle, file);
    return el("div", {}, head, el("pre", { tabindex: "0", class: "whole" }, files.get(file)));
  };
})();
