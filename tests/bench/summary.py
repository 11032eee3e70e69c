"""Turns what the benchmarks wrote into results.json (one entry a number) and summary.md (tables for people).

summary.py --json results.json --markdown summary.md INPUT.json…

Inputs are Google Benchmark's JSON and that of whole_program.py. README.md explains the columns.
"""
import argparse
import json
import os
import platform
import re
import subprocess

STANDARD = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
            "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit", "label",
            "error_occurred", "error_message", "goal", "at_least", "spread"}


# ---- reading

def read_benchmarks(data):
    """Entries of Google Benchmark's JSON: the best repetition, and how far the median is from it."""
    groups = {}
    # In the order of registration; repetitions may have run in any.
    for row in sorted(data["benchmarks"], key=lambda row: row["family_index"]):
        if row["run_type"] == "iteration":
            groups.setdefault(re.sub(r"/(iterations|repeats|min_time):[^/]*", "", row["run_name"]), []).append(row)
    entries = []
    for name, rows in groups.items():
        first = rows[0]
        if first.get("error_occurred"):
            entries.append({"name": name, "note": first["error_message"]})
            continue
        unit, at_least = first["label"], bool(first.get("at_least", first["label"].endswith("/s")))
        rows.sort(key=lambda row: row[unit], reverse=at_least)
        best, median = rows[0], rows[len(rows) // 2]
        entry = {"name": name, "unit": unit, "value": best[unit]}
        if "spread" in best:
            entry.update(statistic=f"median of {best['iterations']} paired ratios", spread=best["spread"] / best[unit])
        else:
            entry.update(statistic=f"best of {len(rows)}", spread=abs(median[unit] / best[unit] - 1))
        if "goal" in best:
            entry.update(goal=best["goal"], at_least=at_least)
        entry["more"] = {key: value for key, value in best.items() if key not in STANDARD | {unit}}
        entries.append(entry)
    return entries


def judge(entries):
    """Adds met, and the limits that the same run measured."""
    measured = {entry["name"]: entry.get("value") for entry in entries}
    word, byte = measured.get("limit/random words"), measured.get("limit/memory triad")
    for entry in entries:
        if entry.get("goal"):
            entry["met"] = entry["value"] >= entry["goal"] if entry["at_least"] else entry["value"] <= entry["goal"]
        more = entry.get("more", {})
        if "least words/leaf" not in more:
            continue
        limits = {"random numbers": word and word * more["least words/leaf"], "memory": byte and byte * more["ring bytes/leaf"]}
        limits = {name: value for name, value in limits.items() if value}
        if limits:
            name = max(limits, key=limits.get)
            entry.update(limits=limits, limit=limits[name], limit_is=name, ratio=entry["value"] / limits[name])


# ---- writing

def short(value):
    """Three digits: 0.0712, 3.51, 412, 1.53 M."""
    for size, prefix in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= 0.9995 * size:
            return f"{value / size:#.3g}".rstrip(".") + prefix
    return f"{value:#.3g}".rstrip(".")


def table(head, rows):
    """Markdown that lines up in a terminal too: the first column to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "-" * (widths[0] + 2) + "|" + "|".join("-" * (width + 1) + ":" for width in widths[1:]) + "|"
    return [line(head), rule, *map(line, rows), ""]


def of(entries, family):
    """[(name for people, entry)]: without the family and what is the same for all."""
    return [(re.sub("/(?=true|kgram|block|reasoning)", ", ", entry["name"].split("/", 1)[1]).replace(" rho=0.9", ""), entry)
            for entry in entries if entry["name"].startswith(family + "/")]


def percent(entry):
    return f"{100 * entry['spread']:.0f} %" if "spread" in entry else ""


def goal_text(entry):
    if not entry.get("goal"):
        return ""
    return ("≥ " if entry["at_least"] else "≤ ") + short(entry["goal"])


def met(entry):
    return {True: "yes", False: "NO", None: ""}[entry.get("met")]


def goals(entries):
    chosen = [pair for family in ("goal", "pair", "scaling", "master", "corpora", "tiny chunks") for pair in of(entries, family)
              if pair[1].get("goal") or family == "goal"]
    rows = []
    for name, entry in chosen:
        if "note" in entry:
            rows.append([name, "not in this version", "", "", "", ""])
            continue
        rows.append([name, f"{short(entry['value'])} {entry['unit']}", goal_text(entry), met(entry), percent(entry),
                     f"{entry['ratio']:.1f}" if "ratio" in entry else ""])
    if not rows:
        return []
    return ["## Goals", "", *table(["what", "measured", "goal", "met", "spread", "x limit"], rows)]


def other_pairs(entries):
    rows = [[name, f"{entry['value']:.2f}", percent(entry)] for name, entry in of(entries, "pair")
            if not entry.get("goal") and "note" not in entry]
    return ["## Other ratios of times", "", *table(["what", "ratio", "spread"], rows)] if rows else []


def grid(entries):
    lines, refused, language, rows = [], [], None, []

    def close():
        if rows:
            lines.extend([f"**{language}**", "", *table(
                ["generator", "ns/leaf", "leaves/s", "tokens/s", "sentences/s", "chunks/s", "x limit"], rows)])
            rows.clear()

    for name, entry in of(entries, "grid"):
        if name.split(", ")[0] != language:
            close()
            language = name.split(", ")[0]
        generator = name.split(", ", 1)[1]
        if "note" in entry:
            refused.append(name)
            continue
        values = {entry["unit"]: entry["value"], **entry["more"]}
        rows.append([generator] + [short(values[key]) if key in values else "" for key in
                                   ("ns/leaf", "leaves/s", "tokens/s", "sentences/s", "chunks/s")] +
                    [f"{entry['ratio']:.1f}" if "ratio" in entry else ""])
    close()
    if refused:
        lines.append("Not in this version: " + "; ".join(refused) + ".")
    return ["## Every sampler", "", "Every sentence of a coloring is checked: its checks/s are its sentences/s.", "",
            *lines] if lines else []


def growth(entries, family, key, title):
    """A line a language, a column a value of the key."""
    series, columns = {}, []
    for name, entry in of(entries, family):
        value = int(re.search(rf"\b{key}=(\d+)", name)[1])
        # What stays the same names the series.
        label = re.sub(r",? kgram$", "", re.sub(rf" {key}=\d+", "", name)).strip()
        series.setdefault(label, {})[value] = entry["value"]
        columns.append(value)
    if not series:
        return []
    columns = sorted(set(columns))

    def heading(value):
        return f"2^{value.bit_length() - 1}" if key == "k" else f"h={value}"

    rows = [[label, *(short(line[c]) if c in line else "" for c in columns), f"{line[max(line)] / line[min(line)]:.2f}"]
            for label, line in series.items()]
    return [f"## {title}", "", *table(["ns/leaf", *map(heading, columns), "last/first"], rows)]


def instruction_sets(entries, names):
    rows = []
    for name, entry in of(entries, "instruction-set"):
        if "note" in entry:
            continue
        more = entry["more"]
        unit = "ns/leaf" if f"ns/leaf {names[0]}" in more else "sentences/s"
        goal, verdict = more["AVX2 goal"], ""
        if "AVX2" in names:
            avx2 = more[f"{unit} AVX2"]
            verdict = "yes" if (avx2 <= goal if unit == "ns/leaf" else avx2 >= goal) else "NO"
        rows.append([name, *(short(more[f"{unit} {n}"]) for n in names), f"{entry['value']:.2f}", short(goal), verdict])
    if not rows:
        return []
    return ["## Instruction sets", "",
            "Nanoseconds a leaf (or sentences a second) on each, the ratio of times AVX2/best, and the goal for AVX2: within",
            "1.8 of that for AVX-512.", "",
            *table(["what", *names, "AVX2/best", "AVX2 goal", "met"], rows)]


def parts(entries):
    rows = [[name, f"{short(entry['value'])} {entry['unit']}", percent(entry)] for family in ("master", "corpora", "scaling")
            for name, entry in of(entries, family) if not entry.get("goal") and "note" not in entry]
    return ["## Rank 0's work for a chunk, and whole runs", "", *table(["what", "measured", "spread"], rows)] if rows else []


def machine():
    model = platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = re.search(r"model name\s*: (.*)", file.read())[1]
    except (OSError, TypeError):
        pass
    source = os.path.dirname(os.path.abspath(__file__))
    version = subprocess.run(["git", "-C", source, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"processor": model, "cores": os.cpu_count(), "version": version.stdout.strip() or "unknown"}


def heading(context, entries):
    limits = {name: entry for name, entry in of(entries, "limit")}
    busy = " (a busy machine: whole runs come out too slow)" if context.get("load_avg", [0])[0] > 0.5 else ""
    text = [f"leafcast {context['version']} on {context['processor']}, {context['cores']} cores, "
            f"instruction set {context.get('instruction_set', 'unknown')}, {context.get('date', '')[:10]};",
            f"load {context.get('load_avg', [0])[0]:.1f} at the start{busy}. Ising has rho = 0.9."]
    if "random words" in limits:
        text.append(f"Measured limits: a random word of 32 bits takes {short(limits['random words']['value'])} ns.")
    if "memory triad" in limits:
        text.append(f"Memory: {short(limits['memory triad']['more']['GB/s'])} GB/s (triad, one core).")
    return ["# Benchmarks", "", *text, ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", required=True)
    parser.add_argument("--markdown", required=True)
    parser.add_argument("inputs", nargs="+")
    arguments = parser.parse_args()

    context, entries = machine(), []
    for path in arguments.inputs:
        with open(path) as file:
            data = json.load(file)
        if "benchmarks" in data:
            context.update({key: data["context"][key] for key in ("date", "instruction_set", "instruction_sets", "load_avg")})
            entries += read_benchmarks(data)
        else:
            entries += data["entries"]
    judge(entries)
    lines = (heading(context, entries) + goals(entries) + other_pairs(entries) +
             growth(entries, "growth-k", "k", "Cost against the context k, at fixed n > k") +
             growth(entries, "growth-h", "h", "Cost against the height h") +
             instruction_sets(entries, context.get("instruction_sets", "").split()) + parts(entries) + grid(entries))
    with open(arguments.json, "w") as file:
        json.dump({"context": context, "results": entries}, file, indent=1)
        file.write("\n")
    text = "\n".join(lines).rstrip() + "\n"
    with open(arguments.markdown, "w") as file:
        file.write(text)
    print(text, end="")


if __name__ == "__main__":
    main()
