"""The paper before a PDF library: paper.py FOLDER ATTACHED. Its syntax, what it claims to be, that everything in it that is seen can be heard, and that it carries the folder's own
numbers; what is attached is written into ATTACHED."""
import math, pathlib, sys
import pikepdf

# Points. A third of a page that is empty before the last is a page that nobody looked at.
SMALLEST_TEXT, EMPTY = 6.95, 0.35


def within(inner, outer):
    """The product of two matrices of PDF's six numbers: the inner's coordinates in the outer's."""
    a, b, c, d, e, f = map(float, inner)
    g, h, i, j, k, l = map(float, outer)
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l


def shown(stream, matrix):
    """Size and height on the page of every text that is shown, forms included."""
    kept, size, at = [], 0.0, matrix
    for operands, operator in pikepdf.parse_content_stream(stream):
        match str(operator):
            case "q":
                kept.append(matrix)
            case "Q":
                matrix = kept.pop()
            case "cm":
                matrix = within(operands, matrix)
            case "Tf":
                size = float(operands[1])
            case "BT":
                at = (1, 0, 0, 1, 0, 0)
            case "Tm":
                at = operands
            case "Td" | "TD":
                at = within((1, 0, 0, 1, *operands), at)
            case "Tj" | "TJ":
                a, b, c, d, _, y = within(at, matrix)
                yield size * math.sqrt(abs(a * d - b * c)), y
            case "Do":
                form = stream.Resources.XObject[str(operands[0])]
                if form.Subtype == "/Form":
                    yield from shown(form, within(form.get("/Matrix", (1, 0, 0, 1, 0, 0)), matrix))

folder, attached = map(pathlib.Path, sys.argv[1:])
attached.mkdir(parents=True)
pdf = pikepdf.open(folder / "paper.pdf")
faults = list(pdf.check_pdf_syntax())
with pdf.open_metadata() as about:
    levels = {name: about.get(name) for name in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part")}
if levels != {"pdfaid:part": "3", "pdfaid:conformance": "A", "pdfuaid:part": "1"}:
    faults.append(f"it claims to be {levels}")
if not pdf.Root.MarkInfo.Marked or "/Lang" not in pdf.Root:
    faults.append("it is not tagged, or of no language")
kinds = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") in ("/Figure", "/Formula")]
faults += [f"a {item.S} without words" for item in kinds if not str(item.get("/Alt", ""))]
fonts = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]
faults += [f"{font.FontName} is not embedded" for font in fonts if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(font.keys())]
texts = [list(shown(page.obj, (1, 0, 0, 1, 0, 0))) for page in pdf.pages]
smallest = min(size for page in texts for size, _ in page)
if smallest < SMALLEST_TEXT:
    faults.append(f"its smallest text has {smallest:.1f} pt")
# Above the page's number, which stands at the foot.
lowest = [sorted(y for _, y in page)[2] / float(pdf.pages[0].MediaBox[3]) for page in texts]
faults += [f"page {number} is empty below {share:.0%} of its height" for number, share in enumerate(lowest[:-1], 1) if share > EMPTY]
for name, file in pdf.attachments.items():
    (attached / name).write_bytes(file.get_file().read_bytes())
if (attached / "results.json").read_bytes() != (folder / "results.json").read_bytes():
    faults.append("the attached results are not those of the folder")
sys.exit("\n".join(faults) if faults else print(f"paper      PDF/A-3a and PDF/UA-1 by its word; {len(kinds)} figures and equations have words, {len(fonts)} fonts are embedded, the smallest text has {smallest:.1f} pt"))
