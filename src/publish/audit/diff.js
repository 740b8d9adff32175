// The view that holds two bundles against each other: values, claims and digests. The other one's index is read as text.
"use strict";

(() => {
  const { el, link, short, whole, table, code, badge, digest } = GQ;

  function values(here, there) {
    const changed = [];
    for (const [name, { value }] of here.values) {
      const other = there.values.get(name);
      if (other && other.value !== value) changed.push({ name, here: value, there: other.value, by: other.value - value });
    }
    changed.sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
    const only = (a, b) => [...a.values.keys()].filter((name) => !b.values.has(name));
    const grounds = [...here.values].filter(([name, { runs }]) => {
      const other = there.values.get(name);
      return other && other.runs.join() !== runs.join();
    }).map(([name]) => name);
    return { changed, here: only(here, there), there: only(there, here), grounds };
  }

  function claims(here, there) {
    const ids = [...new Set([...here.claims, ...there.claims].map((claim) => claim.id))];
    const of = (bundle, id) => bundle.claims.find((claim) => claim.id === id);
    return ids.map((id) => [id, of(here, id), of(there, id)]).filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b));
  }

  // Runs whose ledger entries differ, with the fields and files in which they do.
  function runs(here, there) {
    const names = [...new Set([...here.ledger.of.keys(), ...there.ledger.of.keys()])];
    return names.flatMap((run) => {
      const [a, b] = [here.ledger.of.get(run), there.ledger.of.get(run)];
      if (!a || !b) return [[run, a ? "only here" : "only there"]];
      const fields = ["config", "program", "code", "device", "versions", "inputs", "unsafe_without"];
      const other = fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
      const files = [...new Set([...Object.keys(a.outputs), ...Object.keys(b.outputs)])].filter((file) => a.outputs[file] !== b.outputs[file]);
      return other.length || files.length ? [[run, [...other, ...files].join(", ")]] : [];
    });
  }

  const list = (heading, rows, make, none) => el("section", {}, el("h3", {}, `${heading} (${whole(rows.length)})`),
    rows.length ? GQ.pages(rows, 50, make) : GQ.says("good", none));

  function compare(here, there) {
    const { changed, here: gone, there: come, grounds } = values(here, there);
    const same = here.ledger.head === there.ledger.head;
    const texts = ["results.json", "ledger.jsonl", "claims.toml", "claims.json"].map((name) => {
      const [a, b] = [here, there].map((bundle) => GQ.digestOf(bundle.files.get(name) ?? ""));
      return [name, a === b ? badge("good", "the same") : badge("open", "differs"), a === b ? digest(a) : [el("div", {}, "here ", digest(a)), el("div", {}, "there ", digest(b))]];
    });
    const status = (claim) => (claim ? badge(GQ.STATUS[claim.status].kind, GQ.STATUS[claim.status].text) : "–");
    const estimates = (claim) => (claim ? claim.conditions.map((c) => short(c.estimate)).join(", ") : "–");
    const key = (name) => link(["number", name], code(name));
    return [
      el("p", { class: "lead" }, `There: ${there.results.tier}, ${whole(there.ledger.entries.length)} ledger entries, `,
        same ? "and the ledgers are the same to the last byte of their last line." : "with another ledger.",
        there.ledger.broken.length ? " Its ledger's chain is broken." : ""),
      table("Files of both indexes", ["File", "", "SHA-256"], texts),
      list("Claims that differ", claims(here, there), (rows) => table("Claims that differ",
        ["Claim", "Here", "There", "Estimates here", "Estimates there"],
        rows.map(([id, a, b]) => [id, status(a), status(b), estimates(a), estimates(b)]), [3, 4]), "Every claim is the same."),
      list("Values that differ", changed, (rows) => table("Values that differ, the largest difference first", ["Key", "Here", "There", "There − here"],
        rows.map((row) => [key(row.name), short(row.here), short(row.there), short(row.by)]), [1, 2, 3]), "Every value that both have is the same."),
      list("Values with other runs", grounds, (rows) => table("Values with other runs", ["Key"], rows.map((name) => [key(name)])),
        "Every value that both have names the same runs."),
      list("Only here", gone, (rows) => table("Only here", ["Key"], rows.map((name) => [key(name)])), "There is no number that only this bundle has."),
      list("Only there", come, (rows) => table("Only there", ["Key", "Value"], rows.map((name) => [code(name), short(there.values.get(name).value)]), [1]),
        "There is no number that only the other has."),
      list("Runs whose ledger entries differ", runs(here, there), (rows) => table("Runs whose ledger entries differ", ["Run", "In"],
        rows.map(([run, what]) => [here.ledger.of.has(run) ? link(["run", run], run) : run, what])), "Every entry states the same."),
    ];
  }

  let last = [];

  GQ.views.compare = (bundle) => {
    const says = el("p", { role: "status" });
    const box = el("div", { id: "compared" }, last);
    const file = el("input", { type: "file", accept: ".js", id: "other" });
    file.addEventListener("change", async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      says.textContent = `Reading ${chosen.name} …`;
      try {
        const there = await GQ.otherIndex(await chosen.text(), chosen.name);
        // Kept as nodes, so that who follows a number and comes back finds the comparison again.
        last = compare(bundle, there);
        box.replaceChildren(...last);
        says.textContent = "Compared.";
      } catch (error) {
        last = [];
        box.replaceChildren(el("p", { class: "alert" }, error.message));
        says.textContent = "";
      }
    });
    return el("div", {},
      el("h2", { tabindex: "-1" }, "Compare with another bundle"),
      el("p", { class: "lead" }, "Choose the file ", code("data/index.js"), " of another audit folder. It is read as data and never run."),
      el("p", { class: "field" }, el("label", { for: "other" }, "The other bundle's index.js"), file),
      says, box);
  };
})();
