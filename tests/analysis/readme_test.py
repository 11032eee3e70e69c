"""Tables of analysis/README.md against what the code registers."""
import pathlib
import re

ANALYSIS = pathlib.Path(__file__).resolve().parents[2] / "analysis"
README = (ANALYSIS / "README.md").read_text()


def first_column(heading):
    """Names at the beginning of the rows of a section's first table."""
    section = re.search(rf"^## {heading}$(.*?)^## ", README, re.M | re.S)[1]
    return re.findall(r"^\| `([^`]+)` ", section, re.M)


registered = [name.replace("_", "-") for name in re.findall(r"^ *LAW\((\w+)\)", (ANALYSIS / "fit/laws/registry.h").read_text(), re.M)]
assert len(registered) > 10, "the registry was not read"
assert first_column("Laws") == registered, f"Laws in README.md, and in registry.h:\n{first_column('Laws')}\n{registered}"

table = (ANALYSIS / "present/table.cpp").read_text()
columns = ["cell", *re.findall(r'^ +(?:\{|of_parameter\()"(\w+)"', table, re.M),
           *re.findall(r'"(\w+)"', re.search(r'for \(const char\* name : \{("samples".*?)\}', table, re.S)[1])]
listed = re.search(r"rely on the columns:\n`([^`]+)`", README)[1]
assert re.split(r",\s+", listed) == columns, f"columns in README.md, and in table.cpp:\n{listed}\n{columns}"

rooms = [room.name for room in ANALYSIS.iterdir() if room.is_dir() and list(room.glob("*.cpp"))]
assert all((ANALYSIS / room / "README.md").exists() for room in rooms), rooms
print(f"{len(registered)} laws and {len(columns)} columns are as README.md says")
