"""The paper before a PDF library: paper.py FOLDER ATTACHED. Its syntax, what it claims to be, that everything in it that is seen can be heard, and that it carries the folder's own
numbers; what is attached is written into ATTACHED."""
import pathlib, sys
import pikepdf

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
for name, file in pdf.attachments.items():
    (attached / name).write_bytes(file.get_file().read_bytes())
if (attached / "results.json").read_bytes() != (folder / "results.json").read_bytes():
    faults.append("the attached results are not those of the folder")
sys.exit("\n".join(faults) if faults else print(f"paper      PDF/A-3a and PDF/UA-1 by its word; {len(kinds)} figures and equations have words, {len(fonts)} fonts are embedded"))
