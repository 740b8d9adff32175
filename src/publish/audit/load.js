// Getting data into the page. A page from disk may not fetch files, but it may add a script; so every piece of data is a script
// with one call of GQ.load(name, base64 of gzip of a JSON object {file name: text}).
"use strict";

(() => {
  const arrived = new Map();
  const kept = new Map();
  // Runs that are kept unpacked: a number's ten runs and those that they are compared with.
  const MOST = 32;

  GQ.load = (name, packed) => arrived.set(name, packed);

  function bytesOf(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  // The files in a packed piece by name, each as its exact text.
  async function unpack(packed, what) {
    if (typeof DecompressionStream === "undefined") {
      throw new Error("This browser cannot unpack gzip (it has no DecompressionStream). Browsers since May 2023 can: " +
        "Chrome 80, Safari 16.4, Firefox 113 or newer.");
    }
    let text;
    try {
      const stream = new Blob([bytesOf(packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
      const bytes = await new Response(stream).arrayBuffer();
      // `fatal` and `ignoreBOM`, because a text that was mended while it was read would have another digest.
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      const files = new Map(Object.entries(JSON.parse(text)));
      if ([...files.values()].every((file) => typeof file === "string")) return files;
    } catch (error) {
      throw new Error(`${what} is damaged: ${error.message || error}`);
    }
    throw new Error(`${what} is damaged: it holds something that is no text`);
  }

  function script(path) {
    return new Promise((done, failed) => {
      const tag = document.createElement("script");
      tag.src = path;
      tag.onload = () => done(tag.remove());
      tag.onerror = () => failed(new Error(`${decodeURIComponent(path)} is missing or cannot be read`), tag.remove());
      document.head.append(tag);
    });
  }

  async function piece(name, path) {
    if (!arrived.has(name)) await script(path);
    const packed = arrived.get(name);
    arrived.delete(name);
    if (packed === undefined) throw new Error(`${decodeURIComponent(path)} does not hold "${name}"`);
    return unpack(packed, decodeURIComponent(path));
  }

  // The files of a run, unpacked once; asked for twice at the same time, loaded once.
  GQ.run = (run) => {
    if (!kept.has(run)) {
      const loading = piece(`run ${run}`, `data/runs/${encodeURIComponent(run)}.js`);
      loading.catch(() => kept.delete(run));
      kept.set(run, loading);
      // Maps keep the order of insertion, so the first is the oldest. The base is everybody's and stays.
      for (const old of kept.keys()) {
        if (kept.size > MOST && old !== "base") kept.delete(old);
      }
    }
    return kept.get(run);
  };

  // A bundle's index, read but not yet judged.
  function bundle(files) {
    const need = (name) => {
      if (!files.has(name)) throw new Error(`the index holds no ${name}`);
      return files.get(name);
    };
    const results = JSON.parse(need("results.json"));
    const values = new Map(Object.entries(results.values));
    return {
      files, results, values,
      claims: JSON.parse(need("claims.json")),
      ledger: GQ.readLedger(need("ledger.jsonl")),
      signature: files.get("signature"),
      beside: JSON.parse(files.get("beside") || "[]"),
    };
  }

  GQ.index = async () => bundle(await piece("index", "data/index.js"));

  // Another bundle's index.js. It is read as text and never run: a stranger's file is data here.
  GQ.otherIndex = async (text, name) => {
    const call = /^GQ\.load\("index", "([A-Za-z0-9+/=]+)"\);\s*$/.exec(text);
    if (!call) throw new Error(`${name} is no index of a bundle: choose the data/index.js of another audit folder`);
    return bundle(await unpack(call[1], name));
  };
})();
