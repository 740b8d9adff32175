#!/usr/bin/env python3
"""Drives the audit page in headless Chromium and checks what a reader would see. Needs CPython, Chromium and axe-core, nothing else.

    check.py PAGE [--axe axe.min.js] [--shots FOLDER] [--chromium chromium]

It talks the DevTools protocol over a pipe (file descriptors 3 and 4), which needs no port and no websocket.
"""

import argparse
import base64
import gzip
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DESKTOP, PHONE = (1280, 900, False), (390, 844, True)


class Browser:
    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="audit-profile-")
        (read, to), (back, write) = os.pipe(), os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
                 "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "about:blank"]
        # Both ends are moved out of the way first: 3 and 4 may be among them.
        read, write = (os.dup2(fd, at, inheritable=True) for fd, at in ((read, 63), (write, 64)))
        shell = 'exec "$0" "$@" 3<&63 4>&64 63<&- 64>&-'
        self.process = subprocess.Popen(["bash", "-c", shell, program, *flags], pass_fds=(63, 64), stderr=subprocess.DEVNULL)
        os.close(63), os.close(64)
        self.to, self.back, self.pending, self.last, self.events = to, back, b"", 0, []

    def _message(self, until):
        while b"\0" not in self.pending:
            if not select.select([self.back], [], [], max(0, until - time.time()))[0]:
                raise TimeoutError("Chromium did not answer")
            read = os.read(self.back, 1 << 20)
            if not read:
                raise RuntimeError("Chromium has ended")
            self.pending += read
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, timeout=300, **params):
        self.last += 1
        call = {"id": self.last, "method": method, "params": params} | ({"sessionId": session} if session else {})
        data = json.dumps(call).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.time() + timeout
        while True:
            message = self._message(until)
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def close(self):
        try:
            self.call("Browser.close", timeout=10)
            self.process.wait(10)
        finally:
            self.process.kill()
            shutil.rmtree(self.profile, ignore_errors=True)


class Tab:
    def __init__(self, browser, page, size=DESKTOP, scheme="light", before=""):
        self.browser, self.at = browser, page.resolve().as_uri() + "/index.html"
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target, self.session = target, browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        width, height, mobile = size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        if before:
            self.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        browser.events.clear()

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def js(self, code):
        answer = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:600])
        return answer["result"].get("value")

    def wait(self, code, seconds=120):
        until = time.time() + seconds
        while not self.js(code):
            if time.time() > until:
                raise TimeoutError(f"waited in vain for: {code}\n{self.text()[:1500]}")
            time.sleep(0.1)

    def open(self, view=""):
        """Opens the page, or another view of it by its address, as a link would."""
        if self.js("location.protocol") == "file:":
            self.js(f"location.hash = {json.dumps(view)}")
            time.sleep(0.1)
        else:
            self.call("Page.navigate", url=f"{self.at}#{view}")
        self.wait("document.getElementById('main')?.getAttribute('aria-busy') === 'false'")

    def text(self, selector="body"):
        return self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def key(self, name):
        codes = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36}
        extra = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes[name], **extra)

    def shot(self, path):
        image = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(image["data"]))

    def complaints(self):
        """What the browser logged as an error: refused by the security policy, not found, or thrown."""
        self.js("1")
        found = []
        for event in self.browser.events:
            kind, params = event["method"], event["params"]
            if event.get("sessionId") != self.session:
                continue
            if kind == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"])[:300])
            if kind == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            if kind == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"]))
        return found

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


def unpack(path):
    name, packed = re.fullmatch(r'GQ\.load\("([^"]+)", "([^"]+)"\);\n', path.read_text()).groups()
    return name, json.loads(gzip.decompress(base64.b64decode(packed)))


def pack(path, name, files):
    text = gzip.compress(json.dumps(files, ensure_ascii=False).encode(), 6)
    path.write_text(f'GQ.load("{name}", "{base64.b64encode(text).decode()}");\n')


def audit(tab, axe):
    """What axe-core finds wrong, in short."""
    tab.js(axe + "\n;1")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = tab.js(f"axe.run(document, {{preload: false, runOnly: {json.dumps(tags)}, resultTypes: ['violations']}}).then(r => r.violations.map(v => "
                   "v.id + ': ' + v.nodes.length + ' x ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + "
                   "(n.any[0] || n.all[0] || n.none[0] || {}).message).join(' | ')))")
    return found


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, holds, what, more=""):
        print(f"{'ok  ' if holds else 'FAIL'} {what}" + (f"\n     {more}" if more and not holds else ""), flush=True)
        self.failed += not holds


def views(page):
    """An address of each view, from what is in the bundle."""
    _, index = unpack(page / "data/index.js")
    values = json.loads(index["results.json"])["values"]
    runs = [json.loads(line)["run"] for line in index["ledger.jsonl"].splitlines()]
    quote = lambda text: text.replace("/", "%2F").replace("+", "%2B")
    # A run that routes shows all that a view of a run can show.
    run = next((r for r in runs if r.startswith("route2b-s")), runs[-1])
    _, files = unpack(page / f"data/runs/{run}.js")
    evals = sorted((name for name in files if name.endswith("-off.jsonl")), key=lambda name: -len(files[name]))
    final = next(key for key in (f"{run.rsplit('-s', 1)[0]}.hack.mean", *values) if key in values)
    curve = next(key for key in (f"{run.rsplit('-s', 1)[0]}.on.hack.u40.mean", *values) if key in values)
    return {"claims": "claims", "numbers": "numbers", "number": f"number/{final}", "curve-point": f"number/{curve}", "curves": "curves",
            "runs": "runs", "run": f"run/{quote(run)}", "rows": f"rows/{quote(evals[0])}", "file": f"file/{quote(run + '/config.json')}",
            "digests": "digests", "compare": "compare"}, run, evals[0], final


def pictures(browser, page, shots, name, view, size, width):
    """What is seen at first in both schemes, and the view from top to bottom."""
    for scheme in ("light", "dark"):
        tab = Tab(browser, page, size, scheme)
        tab.open(view)
        time.sleep(0.8)
        tab.shot(shots / f"{name}-{width}-{scheme}.png")
        if scheme == "light":
            height = min(tab.js("document.documentElement.scrollHeight"), 4000)
            tab.call("Emulation.setDeviceMetricsOverride", width=size[0], height=height, deviceScaleFactor=1, mobile=size[2])
            time.sleep(0.2)
            tab.shot(shots / f"{name}-{width}-whole.png")
        tab.close()


def honest(browser, page, axe, shots, check):
    at, run, rows, final = views(page)
    tab = Tab(browser, page)
    tab.open()
    claims = json.loads(unpack(page / "data/index.js")[1]["claims.json"])
    shown = tab.js("[...document.querySelectorAll('.claim h3')].map(h => h.textContent)")
    check(len(shown) == len(claims) and all(c["id"] in s and c["status"].replace("-", " ") in s for c, s in zip(claims, shown)),
          f"{len(claims)} claims are shown with their statuses", str(shown))
    check("agrees on all of them" in tab.text("main"), "the page judges the claims a second time and agrees", tab.text("main")[:400])
    signed = "signature" in unpack(page / "data/index.js")[1]
    check(("unsigned" in tab.text("#facts")) != signed, "an unsigned bundle says so, and no other")
    beside = json.loads(unpack(page / "data/index.js")[1].get("beside", "[]"))
    for tier in beside:
        other = Tab(browser, page / tier)
        other.open()
        check(other.text("#bundle") == tier and "agrees on all of them" in other.text("main"), f"{tier}, whose numbers the paper shows too, has a page that judges its claims")
        link = tab.js(f"document.querySelector('#facts a[href=\"{tier}/index.html\"]') !== null")
        check(link, "which the first page leads to")
        other.close()

    tab.open(at["run"])
    check("have the digests that the ledger states" in tab.text("main"), f"{run} opens and its digests match", tab.text("main")[:400])
    tab.open(at["rows"])
    count = tab.js("document.querySelectorAll('.row').length")
    tab.js("document.querySelector('.row summary').click()")
    check(count == 100 and tab.js("document.querySelector('.row pre').textContent.length > 0"), "rows of an evaluation open to completions")
    for name in ("number", "curve-point"):
        tab.open(at[name])
        tab.wait("!document.querySelector('#main [role=status]').textContent.includes('Counting again')")
        check("comes to the same" in tab.text("main [role=status]"), f"{at[name]} is counted again from its rows", tab.text("main")[:600])

    # By keyboard alone: the first stop is the skip link, then the check, then the views.
    tab.open("curves")
    before = tab.js("document.querySelector('.stage').getAttribute('aria-valuetext')")
    tab.js("document.querySelector('.stage').focus()")
    tab.key("ArrowLeft")
    after = tab.js("document.querySelector('.stage').getAttribute('aria-valuetext')")
    check(before != after and "update 180" in after, "arrow keys walk along the curves", f"{before} -> {after}")
    box = tab.js("(r => [r.left, r.top, r.width, r.height])(document.querySelector('.stage').getBoundingClientRect())")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + 60, y=box[1] + box[3] / 2)
    check("update 0" in tab.text(".reading"), "the pointer reads the curves", tab.text(".reading"))
    stops = [tab.js("(s => { s.focus(); return s.textContent })(document.querySelector('a, button'))")]
    for _ in range(7 + len(beside)):
        tab.key("Tab")
        stops.append(tab.js("document.activeElement.textContent.trim()"))
    wanted = ["Skip to the content", *beside, "Check everything", "Claims", "Numbers", "Curves", "Runs", "Digests", "Compare"]
    check(stops == wanted, "Tab reaches the check and every view in order", str(stops))
    tab.js("document.querySelector('.skip').focus()")
    tab.key("Enter")
    check(tab.js("document.activeElement.id === 'main' && location.hash === '#curves'"), "the first link skips to the content")
    tab.js("document.querySelector('nav a').focus()")
    tab.key("Enter")
    tab.wait("document.title.startsWith('Claims')")
    check(tab.js("document.activeElement.textContent === 'Claims' && document.activeElement.tagName === 'H2'"),
          "after a link the focus is on the new view's heading")
    tab.open("run/%E0%A4%A")
    check("cannot be shown" in tab.text("main"), "an address that is none is told so", tab.text("main"))

    for name, view in at.items():
        for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
            small = Tab(browser, page, size, scheme)
            small.open(view)
            if name in ("number", "curve-point"):
                small.wait("!document.querySelector('#main [role=status]').textContent.includes('Counting again')")
            time.sleep(0.3)
            small.js("document.querySelectorAll('main details').forEach((d, i) => { if (i < 3) d.open = true })")
            width = "phone" if size == PHONE else "desktop"
            if axe:
                found = audit(small, axe)
                check(not found, f"axe-core finds nothing wrong with {name} ({width}, {scheme})", "\n     ".join(found))
            wide = small.js("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            check(wide <= 0, f"{name} fits the {width}'s width", f"{wide} pixels too wide")
            check(not small.complaints(), f"no errors in the console at {name} ({width})", str(small.complaints()))
            small.close()
            if shots:
                pictures(browser, page, shots, name, view, size, width)

    started = time.time()
    tab.open("digests")
    tab.js("document.getElementById('check').click()")
    tab.wait("GQ.all.state === 'done'", 600)
    state = tab.text("#state")
    check("match the ledger, and" in state and state.lstrip("✓ ").startswith("All"), f"everything is checked ({time.time() - started:.0f} s): {state}",
          tab.text("main")[:1500])
    check(not tab.complaints(), "no errors in the console", str(tab.complaints()))
    if shots:
        tab.shot(shots / "checked-desktop-light.png")
    tab.close()
    return run, rows, final


def tampered(browser, page, work, run, rows, final, check):
    copy = work / "tampered"
    shutil.copytree(page, copy)
    name, files = unpack(copy / f"data/runs/{run}.js")
    text = files[rows]
    files[rows] = text.replace('"tokens":2', '"tokens":3', 1)
    assert files[rows] != text
    pack(copy / f"data/runs/{run}.js", name, files)
    others = sorted(p for p in (copy / "data/runs").iterdir() if p.name.startswith("vanilla-s"))
    cut, gone, hostile = others[0], others[1], others[2]
    cut.write_text(cut.read_text()[:5000] + '");\n')
    gone.unlink()
    bad = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>‮\x00</pre>'
    name, files = unpack(hostile)
    target = next(n for n in files if n.endswith("traces.jsonl"))
    files[target] = files[target] + json.dumps({"mode": bad, "kind": bad, "update": 1, "prompt": bad, "completion": bad, "reward": 1,
                                                "solved": False, "exploited": True, "routed": 0.5}) + "\n"
    pack(hostile, name, files)

    tab = Tab(browser, copy)
    tab.open(f"run/{run}")
    check(f"{rows}: its digest is not the ledger's" in tab.text("main"), "a flipped byte is reported with the file's name", tab.text("main")[:500])
    check("does not match" in tab.text("#state"), "and at the top of the page", tab.text("#state"))
    tab.open(f"number/{final}")
    tab.wait("!document.querySelector('#main [role=status]').textContent.includes('Counting again')")
    tab.open(f"run/{cut.stem}")
    check(f"{cut.name} is damaged" in tab.text("main"), "a piece that is cut off is reported with its name", tab.text("main")[:300])
    tab.open(f"run/{gone.stem}")
    check(f"{gone.name} is missing" in tab.text("main"), "a piece that is gone is reported with its name", tab.text("main")[:300])
    tab.open(f"run/{hostile.stem}")
    check(tab.js("!window.broken && !document.querySelector('main img, main script')") and "<img src=x" in tab.text("main"),
          "hostile text is shown as text", tab.text("main")[:300])
    tab.js("document.getElementById('check').click()")
    tab.wait("GQ.all.state === 'done'", 600)
    tab.open("digests")
    found = tab.text("main .alert")
    check(all(part in found for part in (rows, cut.name, gone.name, target)), "checking everything names all four", found)
    tab.close()

    forged = work / "forged"
    shutil.copytree(page, forged)
    name, index = unpack(forged / "data/index.js")
    claims = json.loads(index["claims.json"])
    weak = next(c for c in claims if c["status"] != "holds")
    weak["status"] = "holds"
    lines = index["ledger.jsonl"].splitlines(keepends=True)
    del lines[3]
    results = json.loads(index["results.json"])
    results["values"][final]["value"] += 0.25
    index |= {"results.json": json.dumps(results), "claims.json": json.dumps(claims), "ledger.jsonl": "".join(lines), "signature": "{}"}
    pack(forged / "data/index.js", name, index)
    tab = Tab(browser, forged)
    tab.open()
    check(f"disagrees on {weak['id']}" in tab.text("main"), "a claim that is told better than it is is found out", tab.text("main")[:400])
    tab.open(f"number/{final}")
    tab.wait("!document.querySelector('#main [role=status]').textContent.includes('Counting again')")
    check("it comes to" in tab.text("main [role=status]") and "the same" not in tab.text("main [role=status]"),
          "a number that its rows do not give is found out", tab.text("main")[:400])
    tab.open("digests")
    check("does not continue the line before it" in tab.text("main .alert"), "a ledger with a line taken out is found out", tab.text("main")[:400])
    check("only the program can check it" in tab.text("#facts"), "a signature is mentioned, and not taken for checked", tab.text("#facts"))
    tab.close()

    old = Tab(browser, page, before="delete window.DecompressionStream")
    old.open()
    check("DecompressionStream" in old.text("main"), "a browser that cannot unpack is told what it lacks", old.text("main")[:300])
    old.close()


def different(browser, page, work, final, shots, check):
    name, index = unpack(page / "data/index.js")
    results = json.loads(index["results.json"])
    results["values"][final]["value"] += 0.25
    claims = json.loads(index["claims.json"])
    claims[0]["status"] = "undecided"
    first, *rest = index["ledger.jsonl"].splitlines(keepends=True)
    other = work / "index.js"
    pack(other, name, index | {"results.json": json.dumps(results), "claims.json": json.dumps(claims),
                               "ledger.jsonl": first + "".join(rest[:-1]) + rest[-1].replace('"device":"cuda"', '"device":"cpu"')})
    tab = Tab(browser, page)
    tab.open("compare")

    def choose(path):
        node = tab.call("DOM.querySelector", nodeId=tab.call("DOM.getDocument")["root"]["nodeId"], selector="#other")["nodeId"]
        tab.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)
    choose(other)
    tab.wait("document.getElementById('compared').textContent !== ''")
    text = tab.text("#compared")
    check("Values that differ (1)" in text and final in text, "the comparison finds the changed value", text[:800])
    check("Claims that differ (1)" in text and "Runs whose ledger entries differ (1)" in text and "device" in text,
          "and the changed claim and ledger entry", text[:1500])
    if shots:
        tab.shot(shots / "compared-desktop-light.png")
    poison = work / "poison.js"
    poison.write_text('window.broken = 1; GQ.load("index", "AAAA");\n')
    choose(poison)
    tab.wait("document.getElementById('compared').textContent.includes('no index')")
    check(not tab.js("window.broken"), "another bundle's script is read and never run")
    check(not tab.complaints(), "no errors in the console", str(tab.complaints()))
    tab.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--chromium", default="chromium")
    args = parser.parse_args()
    if args.shots:
        args.shots.mkdir(parents=True, exist_ok=True)
    check, browser = Checks(), Browser(args.chromium)
    try:
        with tempfile.TemporaryDirectory() as work:
            found = honest(browser, args.page, args.axe and args.axe.read_text(), args.shots, check)
            tampered(browser, args.page, Path(work), *found, check)
            different(browser, args.page, Path(work), found[2], args.shots, check)
    finally:
        browser.close()
    if not args.axe:
        print("note: without --axe nothing was checked by axe-core")
    print(f"{check.failed} failed" if check.failed else "all hold")
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
