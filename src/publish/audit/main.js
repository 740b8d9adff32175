// The page as a whole: what stands at its top, and which view is shown for the address behind the #.
"use strict";

(() => {
  const { el, whole, badge, facts } = GQ;
  const main = document.getElementById("main");
  const state = document.getElementById("state");
  const button = document.getElementById("check");
  const meter = document.getElementById("meter");
  const PLACES = { number: "numbers", run: "runs", rows: "runs", file: "runs" };
  let bundle;

  GQ.nothing = (text) => el("div", {}, el("h2", { tabindex: "-1" }, "Nothing here"), el("p", {}, text));

  // Whatever shows how far checking has come is brought up to date.
  GQ.changed = () => {
    if (!bundle) return;
    const running = GQ.all.state === "running";
    const [kind, says] = GQ.progress(bundle);
    const about = running ? badge("none", `Checking: ${whole(GQ.all.runs)} of ${whole(bundle.ledger.entries.length)} ledger entries`) : badge(kind, says);
    state.replaceChildren(about, kind === "bad" ? el("a", { href: "#digests" }, "What does not match") : "");
    // A screen reader is told when it starts and when it is done, not three hundred times between.
    state.setAttribute("aria-live", running ? "off" : "polite");
    meter.hidden = !running;
    meter.value = GQ.all.runs;
    button.textContent = running ? "Stop" : GQ.all.state === "done" ? "Check again" : "Check everything";
    for (const node of document.querySelectorAll("[data-run]")) node.replaceChildren(GQ.runState(node.dataset.run));
  };

  function top() {
    const { results, ledger, signature, beside, values } = bundle;
    const runs = ledger.entries.filter((entry) => entry.run !== "base").length;
    const each = (of) => [...new Set(ledger.entries.map(of))].join(", ");
    const lifted = ledger.entries.some((entry) => entry.unsafe_without.length);
    document.getElementById("bundle").textContent = results.tier;
    document.getElementById("facts").replaceChildren(facts([
      ...(results.restricted ? [["Plan", "only a part of it was run"]] : []),
      ["Runs", `${whole(runs)}, of ${whole(results.arms.length)} arms and ${whole(results.seeds.length)} seeds`],
      ["Numbers", whole(values.size)],
      ["Made by commit", each((entry) => entry.code.slice(0, 12))],
      ["Device", each((entry) => entry.device)],
      ...(beside.length ? [["Beside it in the paper", el("span", {}, ...beside.map((tier) =>
        el("a", { href: `${encodeURIComponent(tier)}/index.html` }, tier)))]] : []),
      ["Signature", signature === undefined ? badge("open", "unsigned") : badge("none", "there is one; only the program can check it")],
      ...(lifted ? [["Sandbox", badge("bad", "some runs went without a mandatory layer")]] : []),
    ]));
    meter.max = ledger.entries.length;
    button.hidden = false;
    button.addEventListener("click", () => {
      if (GQ.all.state === "running") GQ.all.state = "stopped";
      else GQ.checkAll(bundle).then(() => location.hash.startsWith("#digests") && show(false));
    });
  }

  let turn = 0;

  async function show(focus) {
    const mine = ++turn;
    const [path, search] = location.hash.slice(1).split("?");
    const [place, ...words] = (path || "claims").split("/");
    for (const tab of document.querySelectorAll("nav a")) {
      const current = tab.hash === `#${PLACES[place] || place}`;
      if (current) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    main.setAttribute("aria-busy", "true");
    let view;
    let rest = [];
    try {
      rest = words.map(decodeURIComponent);
      view = place in GQ.views ? await GQ.views[place](bundle, rest, new URLSearchParams(search || "")) : GQ.nothing(`There is no view ${place}.`);
    } catch (error) {
      view = el("div", {}, el("h2", { tabindex: "-1" }, "This cannot be shown"), el("p", { class: "alert" }, error.message));
    }
    // Somebody may have gone on while a run was loading.
    if (mine !== turn) return;
    main.replaceChildren(view);
    main.setAttribute("aria-busy", "false");
    const heading = main.querySelector("h2");
    document.title = `${heading.textContent} · audit of ${bundle.results.tier}`;
    if (!focus) return;
    const aim = place === "claims" && rest[0] ? document.getElementById(`claim-${rest[0]}`) : null;
    // Without scrolling back: after a link the new view is read from its heading.
    heading.focus({ preventScroll: true });
    if (aim) aim.scrollIntoView();
    else if (heading.getBoundingClientRect().top < 0) heading.scrollIntoView();
  }

  async function start() {
    try {
      bundle = await GQ.index();
    } catch (error) {
      main.replaceChildren(el("h2", {}, "The bundle cannot be read"), el("p", { class: "alert" }, error.message));
      state.replaceChildren(badge("bad", "Nothing could be checked"));
      main.setAttribute("aria-busy", "false");
      return;
    }
    bundle.faults = GQ.indexFaults(bundle);
    bundle.carried = GQ.countCarried(bundle.ledger);
    top();
    GQ.changed();
    window.addEventListener("hashchange", () => show(true));
    // The address behind the # is the view's, so the link that skips to the content moves there by itself.
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      main.focus();
    });
    await show(false);
  }

  start();
})();
