// The ledger, and what is checked against it: each line names the digest of the line before, and states the digest of every file
// that its run wrote. Of those files a bundle carries the ones that numbers are made from.
"use strict";

(() => {
  const EMPTY = GQ.digestOf("");

  GQ.readLedger = (text) => {
    const entries = [];
    const broken = [];
    let head = EMPTY;
    text.split("\n").forEach((line, i) => {
      if (line === "") return;
      const entry = JSON.parse(line);
      if (entry.previous !== head) broken.push(`line ${i + 1} (${entry.run}) does not continue the line before it`);
      head = GQ.digestOf(line);
      entries.push(entry);
    });
    // Of a run that was recorded twice the last entry counts, as in the program.
    return { entries, broken, head, of: new Map(entries.map((entry) => [entry.run, entry])) };
  };

  // What is wrong with the index itself, in sentences.
  GQ.indexFaults = (bundle) => {
    const { ledger, values, files } = bundle;
    const faults = ledger.broken.map((what) => `ledger.jsonl: ${what}`);
    for (const [key, { runs }] of values) {
      if (!runs.length) faults.push(`results.json: ${key} names no run`);
      for (const run of runs) if (!ledger.of.has(run)) faults.push(`results.json: ${key} names ${run}, which the ledger lacks`);
    }
    const claims = files.get("claims.toml");
    const stated = new Set(ledger.entries.map((entry) => entry.inputs["verify/claims.toml"]).filter(Boolean));
    if (claims !== undefined && (stated.size !== 1 || !stated.has(GQ.digestOf(claims)))) {
      faults.push("claims.toml: it is not the file that the ledger says was registered before the runs");
    }
    return faults;
  };

  // Each file of a run with its digest here and the ledger's. `state` is match, differs, extra or absent.
  GQ.checkRun = (entry, files) => {
    const rows = [];
    for (const [name, text] of files) {
      const found = GQ.digestOf(text);
      const stated = entry.outputs[name];
      rows.push({ name, found, stated, state: stated === undefined ? "extra" : stated === found ? "match" : "differs" });
    }
    for (const [name, stated] of Object.entries(entry.outputs)) {
      if (!files.has(name)) rows.push({ name, stated, state: "absent" });
    }
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  // What receipts must carry of a run; the rest (checkpoints, rollouts, states) they leave out, and the ledger tells its digests.
  const carried = (name) => /(^|\/)(config\.json|metrics\.jsonl)$|(^|\/)(eval|evidence)\//.test(name);

  GQ.countCarried = (ledger) => ledger.entries.reduce((sum, entry) => sum + Object.keys(entry.outputs).filter(carried).length, 0);

  // The faults in such rows, in sentences.
  GQ.fileFaults = (rows) => rows.flatMap(({ name, state }) => {
    if (state === "differs") return [`${name}: its digest is not the ledger's`];
    if (state === "extra") return [`${name}: the ledger does not state it`];
    return state === "absent" && carried(name) ? [`${name}: it is missing, though the ledger states it`] : [];
  });

  // What has been checked so far, by run, for the top of the page and the list of runs.
  const checked = new Map();
  GQ.checked = checked;

  GQ.openRun = async (bundle, run) => {
    const entry = bundle.ledger.of.get(run);
    if (!entry) throw new Error(`the ledger has no run ${run}`);
    const before = checked.get(run);
    try {
      const files = await GQ.run(run);
      // A run is checked when it comes from disk; what is kept in memory cannot have changed since.
      if (!before || before.of !== files) {
        const rows = GQ.checkRun(entry, files);
        checked.set(run, { of: files, rows, faults: GQ.fileFaults(rows), count: rows.filter((row) => row.found).length });
      }
      return { entry, files, ...checked.get(run) };
    } catch (error) {
      checked.set(run, { rows: [], faults: [error.message], count: 0 });
      throw error;
    } finally {
      GQ.changed();
    }
  };
})();
