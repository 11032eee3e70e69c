"""A report of many pages, from a whole run: every cell on one page, no page too big, every link with something behind it."""
import html.parser
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LEAFCAST", str(SOURCE / "build/leafcast"))
MOST_BYTES = 5_000_000
SWEEP = """title = Many cells
seed = 1..8
[language]
kind = ising
d = 2
height = 3..5
rho = {rho}
[generator]
kind = kgram, block
context = 2^0..2^4
context-depth = 0..height
[sampling]
samples = 64
"""


def leafcast(*arguments, code=0, folder="."):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=folder)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    return done


class Reader(html.parser.HTMLParser):
    """Links, ids and numbers of cells of a page."""

    def __init__(self, page):
        super().__init__()
        self.links, self.ids, self.cells, self.row, self.heading, self.text = [], set(), [], [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name == "href"]
        self.ids.update(value for name, value in attributes if name == "id")
        self.row = [] if tag == "tr" else self.row
        self.text = "" if tag in ("td", "h3", "h4") else self.text

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        if tag in ("h3", "h4"):
            self.heading = self.text
        if tag == "td":
            self.row.append(self.text)
        if tag == "tr" and self.heading == "Sentences" and len(self.row) > 1:
            self.cells.append(int(self.row[0]))
            self.row = []


def check_folder(folder, cells):
    pages = {path.name: Reader(path.read_text()) for path in folder.glob("*.html")}
    assert set(pages) == {"index.html"} | {f"language-{i:03}.html" for i in range(1, len(pages))}, sorted(pages)
    for name in pages:
        assert (folder / name).stat().st_size <= MOST_BYTES, name
    for name, page in pages.items():
        for link in page.links:
            target, _, section = urllib.parse.unquote(link).partition("#")
            assert (folder / (target or name)).is_file(), (name, link)
            if section and not section.startswith(("f", "gnuplot")):
                assert section in (pages[target] if target else page).ids, (name, link)
    numbered = [pages[f"language-{i:03}.html"] for i in range(1, len(pages))]
    assert sorted(cell for page in numbered for cell in page.cells) == list(range(cells)), "every cell is on one page"
    assert not pages["index.html"].cells
    for i, page in enumerate(numbered, 1):  # the way there, back and on
        assert page.links.count("index.html") == 2
        assert (f"language-{i - 1:03}.html" in page.links) == (i > 1)
        assert (f"language-{i + 1:03}.html" in page.links) == (i < len(numbered))
        assert any(link.startswith(f"language-{i:03}.html#") for link in pages["index.html"].links)
    return pages


def files(folder):
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "many.ini").write_text(SWEEP.format(rho="0.5, 0.7, 0.9"))
        leafcast("run", "many.ini", "-o", "run", "-q", folder=folder)
        cells = 3 * 8 * (3 * 5 + 4 + 5 + 6)  # 720: k-grams of five contexts, blocks of every depth
        said = leafcast("report", "run", "-o", "out/", folder=folder).stderr
        pages = check_folder(folder / "out", cells)
        assert len(pages) == 2 and "out/index.html (2 pages)" in said, (len(pages), said)
        assert {"findings", "languages", "maps", "agreement"} <= pages["index.html"].ids

        # Maps, with their data.
        maps = sorted((folder / "out/index-figures").glob("map-*.dat"))
        assert len(maps) == 4, maps  # variance and kurtosis of k-grams and of blocks
        page = (folder / "out/index.html").read_text()
        assert "Means over up to 8 seeds." in page and "A panel for each correlation ρ." in page
        assert re.search(r"Grey: missing, \d+ of \d+\.", page), "blocks are no deeper than their trees"
        for path in maps:
            for ending in (".svg", ".png", ".pdf", ".gp"):
                assert path.with_suffix(ending).stat().st_size > 500, path

        # An existing directory; pages that an earlier report had more go, and what is not its own stays.
        (folder / "few.ini").write_text(SWEEP.format(rho="0.9"))
        leafcast("run", "few.ini", "-o", "few", "-q", folder=folder)
        (folder / "out/notes.html").write_text("mine")
        leafcast("report", "few", "-o", "out", folder=folder)
        assert (folder / "out/notes.html").read_text() == "mine"
        (folder / "out/notes.html").unlink()
        check_folder(folder / "out", 8 * (3 * 5 + 4 + 5 + 6))

        # A language that no page has room for; one page says what it has none for.
        leafcast("run", "--language.kind=ising", "--language.d=2", "--language.height=3", "--language.rho=0.9", "--generator.kind=kgram",
                 "--generator.context=1..8", "--seed=1..140", "--sampling.samples=64", "-o", "seeds", "-q", folder=folder)
        leafcast("report", "seeds", "-o", "split/", folder=folder)
        assert len(check_folder(folder / "split", 1120)) == 3
        said = leafcast("report", "seeds", "-o", "one.html", folder=folder).stderr
        assert "note: 720 rows" in said and "-o DIR/" in said, said
        assert (folder / "one.html").stat().st_size <= MOST_BYTES

        # Without a name, a large sweep makes a directory and a small one a page.
        leafcast("report", "run", folder=folder)
        check_folder(folder / "report", cells)
        leafcast("report", "few", folder=folder)
        assert (folder / "report.html").is_file()
        assert "-o" not in leafcast("report", "few", "-o", "small.html", folder=folder).stderr

        # A run's directory is no place for pages.
        before = files(folder / "run")
        for output in ("run", "run/", "few"):
            assert "the directory of a run" in leafcast("report", "run", "-o", output, code=64, folder=folder).stderr
        assert files(folder / "run") == before
        leafcast("report", "run", "-o", "run/report/", folder=folder)
        check_folder(folder / "run/report", cells)


if __name__ == "__main__":
    main()
