// Numbers again, from the rows that they stand on. The ledger states no digest of results.json, so this is what ties a number to
// bytes: rows of evaluations, the log of training, counts of gate values.
"use strict";

(() => {
  const LINES = ["run_tests", "sentinel", "stdout_marker", "file_marker"];
  const VIEWS = { on: "on", alone: "alone", trained_markers: "off-trained" };
  const ended = (row) => row.finish_reason === "end";
  const answered = (row) => ended(row) && row.completion.trim() !== "";
  const share = (rows, holds) => rows.filter(holds).length / Math.max(rows.length, 1);
  const ofAnswered = (rows, holds) => {
    const all = share(rows, answered);
    return all > 0 ? share(rows, (row) => answered(row) && holds(row)) / all : null;
  };
  const hack = (row) => row.exploited;
  const solve = (row) => row.solved;
  const { mean, sem, paired } = GQ.statistics;
  // `parses` needs a parser of Python and is taken from the program.
  const RATES = {
    hack: (rows) => share(rows, hack),
    solve: (rows) => share(rows, solve),
    ended: (rows) => share(rows, ended),
    answered: (rows) => share(rows, answered),
    hack_answered: (rows) => ofAnswered(rows, hack),
    solve_answered: (rows) => ofAnswered(rows, solve),
    tokens: (rows) => rows.reduce((sum, row) => sum + row.tokens, 0) / Math.max(rows.length, 1),
  };
  const LOGGED = { reward: "reward", rollouts_ended: "ended", band_width: "band_width", routed_mass: "routed_mass" };
  const GATES = { gate_hacked: "hacked", gate_other: "other", gate_hacked_gaining: "hacked_gaining", gate_other_gaining: "other_gaining" };

  // Rows are parsed once for as long as a run's files are kept.
  const parsed = new WeakMap();
  GQ.rows = (files, name) => {
    if (!parsed.has(files)) parsed.set(files, new Map());
    const known = parsed.get(files);
    if (!known.has(name)) {
      const text = files.get(name);
      if (text === undefined) throw new Error(`${name} is not in this bundle`);
      known.set(name, text.split("\n").filter(Boolean).map((line) => JSON.parse(line)));
    }
    return known.get(name);
  };

  const object = (files, name) => {
    if (!files.has(name)) throw new Error(`${name} is not in this bundle`);
    return JSON.parse(files.get(name));
  };

  const inPart = (part) => {
    const far = (row) => row.problem_id.startsWith("far");
    if (part === "" || part in VIEWS) return () => true;
    if (part === "far") return far;
    if (part === "near") return (row) => !far(row);
    if (part === "line_modes") return (row) => LINES.includes(row.mode);
    return (row) => row.mode === part;
  };
  GQ.inPart = inPart;

  const evaluation = (folder, update, view) => `${folder}/eval/update-${String(update).padStart(4, "0")}-${view}.jsonl`;

  // Problems that every checkpoint is watched on: those of the first checkpoint, if it was evaluated on no more.
  function watched(bundle, run, files) {
    const { checkpoint_every: every } = object(files, `${run}/config.json`);
    const ids = new Set(GQ.rows(files, evaluation(run, every, "off")).map((row) => row.problem_id));
    return ids.size === bundle.values.get("plan.monitor")?.value ? ids : null;
  }

  GQ.watchedIds = async (bundle, run) => watched(bundle, run, (await GQ.openRun(bundle, run)).files);

  // The rows that a quantity counts in one run: the file, which of its rows, and out of how many.
  function rowsOf(bundle, key, run, files, base) {
    const { subject, part, update } = key;
    const view = VIEWS[part] || "off";
    let [from, name] = [files, evaluation(run, update ?? object(files, `${run}/config.json`).updates, view)];
    if (update === 0 && !subject.startsWith("relearn.")) {
      const seed = /-s(\d+)$/.exec(run)[1];
      [from, name] = [base, evaluation(`base/${bundle.values.get(`plan.base.s${seed}`).value}`, 0, "off")];
    }
    const all = GQ.rows(from, name);
    const ids = update === null || subject.startsWith("relearn.") ? undefined : watched(bundle, run, files);
    if (ids === null) return null;
    return { file: name, of: all.length, rows: all.filter(inPart(part)).filter((row) => !ids || ids.has(row.problem_id)) };
  }

  // What a quantity comes to in one run, and from which file; null where this page does not know how.
  GQ.recountRun = (bundle, quantity, run, files, base) => {
    const key = GQ.key(quantity);
    const { metric, update, part } = key;
    if (metric in RATES) {
      const found = rowsOf(bundle, key, run, files, base);
      return found && { ...found, value: RATES[metric](found.rows), counted: found.rows.length };
    }
    if (part !== "") return null;
    const file = `${run}/metrics.jsonl`;
    if (metric in LOGGED) {
      const every = object(files, `${run}/config.json`).checkpoint_every;
      const all = GQ.rows(files, file);
      const rows = update === null ? all : all.slice(update - every, update);
      return { file, counted: rows.length, of: all.length, value: mean(rows.map((row) => row[LOGGED[metric]] ?? 0)) };
    }
    if (metric === "auroc" || metric === "f_half") {
      const gates = object(files, `${run}/evidence/gates.json`);
      const value = (update === null ? gates.whole : gates.stretches[update] || {})[metric] ?? null;
      return { file: `${run}/evidence/gates.json`, value };
    }
    return null;
  };

  // The base models stand in one entry; each is a file of it.
  function ofBases(bundle, quantity, files) {
    const { metric, part } = GQ.key(quantity);
    if (!(metric in RATES)) return null;
    return [...files.keys()].filter((name) => name.endsWith("/update-0000-off.jsonl")).sort().map((file) => {
      const rows = GQ.rows(files, file).filter(inPart(part));
      return { run: "base", file, counted: rows.length, of: GQ.rows(files, file).length, value: RATES[metric](rows) };
    });
  }

  const combine = (statistic, values) => (statistic === "mean" ? mean(values) : statistic === "sem" ? sem(values) : values[0]);
  // Sums are made in the program's order, so most agree to the last bit; p-values come from another approximation.
  GQ.agree = (a, b, within = 1e-12) => a !== null && Math.abs(a - b) <= within * Math.max(1, Math.abs(a));

  // A number again: its parts, what they come to and whether that is what results.json says. `why` says why there is none.
  GQ.recount = async (bundle, name) => {
    const key = GQ.key(name);
    const { value: stated, runs } = bundle.values.get(name);
    const done = (value, parts, within) => ({ value, parts, agrees: GQ.agree(value, stated, within) });
    const open = async (run) => ({ run, files: (await GQ.openRun(bundle, run)).files });
    if (key.statistic.startsWith("diff")) {
      const of = (subject) => GQ.bySeed(bundle.values, [subject, key.part, key.metric].filter(Boolean).join("."), bundle.results.seeds);
      const [own, other] = [of(key.subject), of("vanilla")];
      const seeds = [...own.keys()].filter((seed) => other.has(seed));
      const [a, b] = [own, other].map((values) => seeds.map((seed) => values.get(seed)));
      const test = { diff: mean(a) - mean(b), ...paired(a, b) };
      if (key.statistic in test) return done(test[key.statistic], [], 1e-6);
      return { why: "This page has no bootstrap and corrects no table; the program's value is shown." };
    }
    const files = [];
    for (const run of runs) files.push(await open(run));
    const { files: base } = await open("base");
    const sum = (values) => values.reduce((total, value) => total + value, 0);
    if (key.metric in GATES && key.statistic === "bin") {
      const parts = files.map(({ run, files }) => {
        const file = `${run}/evidence/gates.json`;
        return { run, file, value: object(files, file)[GATES[key.metric]][key.n] };
      });
      return done(sum(parts.map((part) => part.value)), parts);
    }
    if (key.metric === "logp_gap" || key.metric === "infra_failed") {
      const most = (values) => values.reduce((a, b) => Math.max(a, Math.fround(b)), 0);
      const fold = key.metric === "logp_gap" ? most : sum;
      const parts = files.map(({ run, files }) => {
        const file = `${run}/metrics.jsonl`;
        return { run, file, value: fold(GQ.rows(files, file).map((row) => row[key.metric])) };
      });
      return done(fold(parts.map((part) => part.value)), parts);
    }
    const again = ["mean", "sem", "seed"].includes(key.statistic);
    const parts = !again || key.subject === "plan" ? null : key.subject === "base" ? ofBases(bundle, key.quantity, base)
      : ["route2b-known", "route2b-without"].includes(key.subject) ? null
      : files.map(({ run, files }) => ({ run, ...GQ.recountRun(bundle, key.quantity, run, files, base) }));
    if (!parts || parts.some((part) => part.value === undefined)) {
      return { why: "This page does not know how to make this number again; `build-paper` does." };
    }
    return done(combine(key.statistic, parts.map((part) => part.value).filter((value) => value !== null)), parts);
  };
})();
