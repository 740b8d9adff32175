// The names of numbers: subject[.part].metric[.uN][.statistic], as src/experiment/quantity.rs reads them, and what they mean.
"use strict";

(() => {
  const METRICS = {
    hack: "share of answers that fooled the grader and are not correct",
    solve: "share of correct answers",
    ended: "share of completions that ended",
    answered: "share of completions that ended and are not blank",
    parses: "share of completions that are an answer whose program parses",
    hack_answered: "hack among what was answered",
    solve_answered: "solve among what was answered",
    tokens: "mean length of an answer in tokens",
    runs_hacked: "share of runs whose deployed model hacks on at least 5% of problems",
    gap_closed: "share of the gap between vanilla's and the ceiling's solve that is closed",
    reward: "mean of what rollouts earned in training",
    rollouts_ended: "share of training's rollouts that ended",
    band_width: "upper minus lower edge of the band",
    routed_mass: "mean gate value",
    logp_gap: "largest difference between the sampler's and the trainer's log-probability of a token",
    infra_failed: "gradings that failed for no reason of a response's",
    auroc: "how well the gate value tells hacks from honest rollouts that gained (area under the ROC curve)",
    f_half: "the gate at one half as a detector of hacks (F0.5)",
    gate_hacked: "rollouts that hacked, by gate value",
    gate_other: "rollouts that did not hack, by gate value",
    gate_hacked_gaining: "rollouts that hacked and earned more than their group, by gate value",
    gate_other_gaining: "rollouts that did not hack and earned more than their group, by gate value",
    seeds: "how many seeds", fewer_seeds: "how many seeds arms have that are run on fewer", updates: "how many updates",
    rollouts: "rollouts of an update", bases: "how many base models", base: "the base model that a seed trains",
    pair_set: "the set of pairs that a seed gets", test: "test problems", test_far: "test problems of held-out families",
    monitor: "problems of the monitoring subset", relearn_updates: "updates of learning again",
    deploy_fraction: "share of each group that is sampled deployed", tests: "tests that a correction is for",
    alpha: "error of the first kind", power: "power of the smallest visible difference",
  };
  const PARTS = {
    on: "with the quarantine on", alone: "the base with the quarantine and nothing else that was learned",
    trained_markers: "the deployed model on the markers of training", near: "families of tasks that were trained on",
    far: "families of tasks that were held out whole", line_modes: "the loophole modes whose hack is a line",
  };
  const STATISTICS = {
    value: "the number itself", mean: "mean over seeds", sem: "standard error of the mean over seeds",
    diff: "mean paired difference to vanilla", diff_p: "p of its t-test",
    diff_p_holm: "p of its t-test, corrected by Holm over the table", diff_low: "lower end of the difference's interval over seeds",
    diff_high: "upper end of the difference's interval over seeds", diff_effect: "the difference in standard deviations",
    diff_visible: "the smallest difference that the test would have seen",
    diff_prompts_low: "lower end of the bootstrap's interval over prompts",
    diff_prompts_high: "upper end of the bootstrap's interval over prompts",
  };

  const cache = new Map();

  function parse(key) {
    const words = key.split(".");
    let subject = words.shift();
    if (subject === "relearn") subject += `.${words.shift()}`;
    const part = words[0] in METRICS ? "" : words.shift() || "";
    const metric = words.shift() || "";
    const update = /^u\d+$/.test(words[0] || "") ? Number(words.shift().slice(1)) : null;
    const word = words.shift() || "value";
    const numbered = /^([sb])(\d+)$/.exec(word);
    const statistic = numbered ? { s: "seed", b: "bin" }[numbered[1]] : word;
    // The quantity is the key without its statistic: what seeds, mean and standard error are of.
    const quantity = word === "value" ? key : key.slice(0, -word.length - 1);
    return { key, subject, part, metric, update, statistic, n: numbered ? Number(numbered[2]) : null, quantity };
  }

  GQ.key = (key) => {
    if (!cache.has(key)) cache.set(key, parse(key));
    return cache.get(key);
  };

  // What a number is, in a sentence.
  GQ.meaning = (key) => {
    const { subject, part, metric, update, statistic, n } = GQ.key(key);
    const of = { plan: "the plan", base: "the base models", "route2b-known": "arms that had pairs of two modes, on the other two" };
    const whose = subject.startsWith("relearn.") ? `plain GRPO again, from what ${subject.slice(8)} deployed` : of[subject] || `arm ${subject}`;
    const where = part === "" ? null : PARTS[part] || `loophole mode ${part}`;
    const stands = statistic === "seed" ? `seed ${n}` : statistic === "bin" ? `bin ${n} of 20 between 0 and 1` : STATISTICS[statistic];
    const words = [whose, where, update === null ? null : `at update ${update}, on the monitoring subset`, stands || statistic];
    const what = METRICS[metric] || metric;
    return `${what[0].toUpperCase()}${what.slice(1)}. Of ${words.filter(Boolean).join("; ")}.`;
  };

  // The values of a quantity by seed, in their order.
  GQ.bySeed = (values, quantity, seeds) =>
    new Map(seeds.filter((s) => values.has(`${quantity}.s${s}`)).map((s) => [s, values.get(`${quantity}.s${s}`).value]));
})();
