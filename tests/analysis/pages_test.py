"""What people look at, from whole runs: tables of 80 columns, and a report that shows strangers' text as text."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unicodedata
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LEAFCAST", str(SOURCE / "build/leafcast"))
HOSTILE = "a'b\"c`touch pwned`$(touch pwned)<script>alert(1)</script>%@_{x} \\n & ρ"


def leafcast(*arguments, columns=None, folder="."):
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    if columns:
        environment["COLUMNS"] = str(columns)
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def check_width(text, most):
    for line in text.splitlines():
        assert width(line) <= most, f"{width(line)} columns: {line}"


def check_tables(folder):
    for name in ("paper-ising", "paper-coloring"):
        sweep, run = SOURCE / f"jobs/sweeps/{name}.ini", folder / name
        leafcast("run", sweep, "-o", run, "--sampling.samples=64", "--quiet")
        narrow, wide = leafcast("table", run), leafcast("table", run, columns=200)
        check_width(narrow, 80)
        check_width(wide, 200)
        assert leafcast("table", run, columns=80) == narrow
        assert "left out for want of room" in narrow and "--format csv" in narrow
        assert "left out for want of room" not in wide
        plan = leafcast("plan", sweep, "--pilot", "0")
        check_width(plan, 80)
        for cell in range(37):
            assert re.search(rf"^ *{cell} .* (s|min|h)  .*%$", plan, re.M), f"cell {cell} is not in\n{plan}"


class Reader(html.parser.HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.elements, self.links = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href")]

    def handle_data(self, data):
        self.texts.append(data)


def check_hostile(folder):
    kernel = folder / "ke`touch pwned`'\"$(x)<b>%@_{}.txt"
    kernel.write_text("0.9 0.1\n0.2 0.8\n")
    (folder / "report #1?").mkdir()
    leafcast("run", "--language.kind=kernel", f"--language.file={kernel}", "--language.d=2", "--language.height=3",
             "--generator.kind=true,block", "--generator.context-depth=0..height", "--sampling.samples=256",
             f"--title={HOSTILE}", "-o", "run", "--quiet", folder=folder)
    page_path = folder / "report #1?" / "a #?%.html"
    leafcast("report", "run", "-o", page_path, folder=folder)
    assert not list(folder.rglob("pwned"))
    page = Reader(page_path.read_text())
    assert HOSTILE in page.texts, "the title is not shown as it is"
    assert any(kernel.name in text for text in page.texts), "the kernel's name is not shown as it is"
    assert any("Sampling took" in text for text in page.texts), "the run's provenance is not read"
    assert any("leafcast run" in text and "--language.kind=kernel" in text for text in page.texts)
    assert not set(page.elements) & {"script", "link", "img", "iframe", "object"}, page.elements
    pictures = [link for link in page.links if not link.startswith("#")]
    assert len(pictures) >= 15, pictures
    for link in pictures:  # relative, and where it leads there is a file
        assert (page_path.parent / urllib.parse.unquote(link)).is_file(), link
    assert any("K=[0.9 0.1; 0.2 0.8]" in path.read_text() for path in folder.rglob("*.svg"))


def check_selection(folder):
    """Laws and languages by name, and the nearest right one for a wrong name."""
    run = folder / "two"
    leafcast("run", "--language.kind=ising", "--language.d=2", "--language.height=4,5", "--language.rho=0.9", "--generator.kind=true,block",
             "--generator.context-depth=0..height", "--sampling.samples=640", "-o", run, "--quiet")
    laws = {line.split(",")[0] for line in leafcast("fit", run, "--law", "correlation-lca-height", "--format", "csv").splitlines()[1:]}
    assert laws == {"correlation-lca-height"}, laws
    assert len({line.split(",")[0] for line in leafcast("fit", run, "--format", "csv").splitlines()[1:]}) > 1
    leafcast("report", run, "--languages", "h=5", "-o", folder / "five.html")
    figures = {path.name for path in (folder / "five-figures").glob("ising*.svg")}
    assert any("h5-variance" in name for name in figures) and not any("h4-" in name for name in figures), figures
    for arguments, hint in ((["fit", run, "--law", "correlation-lca-heigth"], "did you mean correlation-lca-height?"),
                            (["report", run, "--languages", "isng", "-o", folder / "no.html"], "did you mean 'ising")):
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 64 and hint in done.stderr, done.stderr


def check_print(folder):
    """The page of the quickstart's sweep takes ten sheets of paper at most."""
    chromium = shutil.which("chromium")
    if not chromium:
        return
    leafcast("report", folder / "paper-ising", "-o", folder / "paper.html")
    subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'chromium'}",
                    f"--print-to-pdf={folder / 'paper.pdf'}", folder / "paper.html"], capture_output=True, timeout=120, check=True)
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", (folder / "paper.pdf").read_bytes()))
    assert 1 <= sheets <= 10, sheets


def main():
    with tempfile.TemporaryDirectory() as name:
        check_hostile(pathlib.Path(name))
        check_tables(pathlib.Path(name))
        check_selection(pathlib.Path(name))
        check_print(pathlib.Path(name))


if __name__ == "__main__":
    main()
