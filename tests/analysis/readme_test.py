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

rooms = [room.name for room in ANALYSIS.iterdir() if room.is_dir() and list(room.glob("*.cpp"))]
assert all((ANALYSIS / room / "README.md").exists() for room in rooms), rooms
print(f"{len(registered)} laws are as README.md says")
