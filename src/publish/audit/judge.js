// The claims judged a second time, from results.json and claims.toml, as src/experiment/claims.rs does it. What claims.json says
// and this does not is a fault, and is shown beside the claim.
"use strict";

(() => {
  const ALPHA = 0.05;
  const { threshold, holm } = GQ.statistics;

  const valueOf = (line) => {
    const text = line.slice(line.indexOf("=") + 1).trim();
    return text.startsWith('"') ? JSON.parse(text) : Number(text);
  };

  // Just as much of TOML as claims.toml uses: tables of one-line keys. What it cannot read differs, and is reported.
  function registered(toml) {
    const claims = new Map();
    for (const text of toml.split(/^\[\[claim\]\]$/m).slice(1)) {
      const [own, ...conditions] = text.split(/^\s*\[\[claim\.condition\]\]$/m);
      const read = (lines, names) => {
        const found = {};
        for (const line of lines.split("\n")) {
          const name = /^\s*(\w+)\s*=/.exec(line)?.[1];
          if (names.includes(name)) found[name] = valueOf(line);
        }
        return found;
      };
      const claim = read(own, ["id", "title", "holds", "fails", "undecided", "not_run"]);
      const arms = /^deployed\s*=\s*\[([^\]]*)\]/m.exec(own);
      claim.deployed = arms ? [...arms[1].matchAll(/"([^"]+)"/g)].map((arm) => arm[1]) : [];
      claim.conditions = conditions.map((part) => read(part, ["quantity", "minus", "at_least", "at_most"]));
      claims.set(claim.id, claim);
    }
    return claims;
  }

  function values(bundle, { quantity, minus }) {
    const own = GQ.bySeed(bundle.values, quantity, bundle.results.seeds);
    if (!minus) return [...own.values()];
    const other = GQ.bySeed(bundle.values, minus, bundle.results.seeds);
    return [...own].filter(([seed]) => other.has(seed)).map(([seed, value]) => value - other.get(seed));
  }

  function tested(bundle, claim) {
    const tests = claim.conditions.map((condition) => {
      const x = values(bundle, condition);
      const test = x.length ? threshold(x, condition.at_least ?? condition.at_most) : null;
      if (!test) return { n: x.length };
      const sides = "at_least" in condition ? [test.above, test.below] : [test.below, test.above];
      return { n: x.length, estimate: test.mean, low: test.low, high: test.high, p: sides };
    });
    const sick = claim.deployed.some((arm) => bundle.values.get(`${arm}.answered.mean`)?.value < 0.95);
    // All conditions must be shown, so the weakest decides; any may be refuted, so each counts.
    const p = tests.every((test) => test.p) && [
      Math.max(...tests.map((test) => test.p[0])),
      Math.min(1, tests.length * Math.min(...tests.map((test) => test.p[1]))),
    ];
    return { tests, sick, p, measured: tests.every((test) => test.n) };
  }

  function status(test, shown, refuted) {
    if (!test.measured) return "not-run";
    if (test.sick) return "fails";
    if (!test.p) return "undecided";
    return shown <= ALPHA / 2 ? "holds" : refuted <= ALPHA / 2 ? "fails" : "undecided";
  }

  // By claim: what claims.json says otherwise than registered or than the numbers give.
  GQ.judge = (bundle) => {
    const toml = registered(bundle.files.get("claims.toml") || "");
    const tests = new Map([...toml].map(([id, claim]) => [id, tested(bundle, claim)]));
    const run = [...tests.values()].filter((test) => test.p);
    const [shown, refuted] = [0, 1].map((side) => holm(run.map((test) => test.p[side])));
    const faults = new Map();
    for (const claim of bundle.claims) {
      const [own, test] = [toml.get(claim.id), tests.get(claim.id)];
      const said = [];
      const say = (wrong, text) => wrong && said.push(text);
      if (!own) {
        faults.set(claim.id, ["claims.toml has no such claim"]);
        continue;
      }
      const i = run.indexOf(test);
      const found = status(test, shown[i], refuted[i]);
      [claim.p_for, claim.p_against].forEach((p, side) => {
        const again = (side ? refuted : shown)[i] ?? null;
        say(p === null || again === null ? p !== again : !GQ.agree(again, p, 1e-6), `p ${side ? "against" : "for"} it comes to ${GQ.p(again)} here`);
      });
      say(found !== claim.status, `by the numbers it ${GQ.STATUS[found].says}`);
      say(claim.title !== own.title, "its title is not the registered one");
      say(claim.wording !== own[claim.status.replace("-", "_")], "its wording is not the one registered for its status");
      say(claim.conditions.length !== own.conditions.length, "its conditions are not the registered ones");
      claim.conditions.forEach((condition, c) => {
        const bar = own.conditions[c] || {};
        const same = ["quantity", "minus", "at_least", "at_most"].every((name) => (condition[name] ?? null) === (bar[name] ?? null));
        say(!same, `condition ${c + 1} is not the registered one`);
        for (const name of ["estimate", "low", "high"]) {
          const [a, b] = [test.tests[c]?.[name] ?? null, condition[name] ?? null];
          say(a === null || b === null ? a !== b : !GQ.agree(a, b, 1e-6), `condition ${c + 1}: ${name} comes to ${GQ.short(a)} here`);
        }
      });
      if (said.length) faults.set(claim.id, said);
    }
    for (const id of toml.keys()) {
      if (!bundle.claims.some((claim) => claim.id === id)) faults.set(id, ["claims.json leaves this registered claim out"]);
    }
    return faults;
  };

  GQ.STATUS = {
    holds: { kind: "good", text: "holds", says: "holds", many: "hold" },
    fails: { kind: "bad", text: "fails", says: "fails", many: "fail" },
    undecided: { kind: "open", text: "undecided", says: "is undecided", many: "are undecided" },
    "not-run": { kind: "none", text: "not run", says: "was not run", many: "were not run" },
  };
})();
