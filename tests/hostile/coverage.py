"""Checks docs/sandbox-coverage.md: no cell is empty, every attack that it names exists, every attack is named, and the counts
in its text are those of its tables."""
import os, re, sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
read = lambda *path: open(os.path.join(root, *path), encoding="utf-8").read()
folder = os.path.join(root, "verify", "attacks")
attacks = {f"{name[:-3]}/{title}" for name in os.listdir(folder) for title in re.findall(r"^### (.*)$", read("verify", "attacks", name), re.M)}
text = read("docs", "sandbox-coverage.md")
faults, named, sums = [], set(), []
for section in re.split(r"^## ", text, flags=re.M)[1:]:
    title, rows = section.splitlines()[0], re.findall(r"^\| (.*) \|$", section, re.M)
    cells = [row.split(" | ") for row in rows if not re.fullmatch(r"[-| ]+", row)][1:]
    faults += [f"{title}: a row of {len(c)} cells: {c[0]}" for c in cells if len(c) != 3 or not all(cell.strip() for cell in c)]
    named |= {name for c in cells for name in re.findall(r"`([a-z_]+/[a-z_0-9]+)`", " ".join(c))}
    tried = sum(bool(re.search(r"`[a-z_]+/[a-z_0-9]+`", c[-1])) for c in cells)
    if cells:
        sums.append((title, len(cells), tried))
faults += [f"named and not there: {name}" for name in sorted(named - attacks) if name.split("/")[0] in {a.split("/")[0] for a in attacks}]
faults += [f"there and not named: {name}" for name in sorted(attacks - named)]
total, tried = sum(s[1] for s in sums), sum(s[2] for s in sums)
told = f"{total} cells, {tried} with attacks, {total - tried} with a reason or another test; {len(attacks)} attacks"
if told not in text:
    faults.append(f"its text does not say `{told}`")
print(*(f"{title}: {cells} cells, {tried} with attacks" for title, cells, tried in sums), *faults, sep="\n")
sys.exit(bool(faults))
