"""Random grammars end to end: ranks, kills, files; exports read by other code; numbers recomputed here."""
import csv
import io
import json
import math
import pathlib
import tempfile

import h5py
import numpy

from leafcast_runs import check_run, run

RHM = ["--language.kind=rhm", "--language.v=6", "--language.m=3", "--language.s=2", "--language.L=3"]


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def read_grammar(path):
    """The exported text: {level: {parent: [(tuple, probability)]}}."""
    rules, level = {}, None
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "level":
            level = rules.setdefault(int(words[1]), {})
        elif words[1] == "->":
            at = words.index(":") if ":" in words else len(words)
            level.setdefault(int(words[0]), []).append(
                (tuple(map(int, words[2:at])), float(words[at + 1]) if at < len(words) else None))
    for level in rules.values():
        for parent, own in level.items():
            level[parent] = [(tuple_, 1 / len(own) if p is None else p) for tuple_, p in own]
    return rules


def enumerate_sentences(rules):
    """{sentence: probability} of a grammar with equally likely roots."""
    top = max(rules)
    def below(symbol, height):
        if height == 0:
            return {(symbol,): 1.0}
        law = {}
        for tuple_, p in rules[height][symbol]:
            parts = {(): p}
            for child in tuple_:
                parts = {a + b: pa * pb for a, pa in parts.items() for b, pb in below(child, height - 1).items()}
            for sentence, q in parts.items():
                law[sentence] = law.get(sentence, 0) + q
        return law
    whole = {}
    for root in rules[top]:
        for sentence, p in below(root, top).items():
            whole[sentence] = whole.get(sentence, 0) + p / len(rules[top])
    return whole


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)

    # Exported, read by other code, and everything exact recomputed from it.
    grammar = folder / "grammar.txt"
    told = rows(check_run(["grammar", *RHM, "--export", grammar, "--format", "csv"]).stdout)
    value = {row["statistic"]: float(row["value"]) for row in told if row["value"]}
    law = enumerate_sentences(read_grammar(grammar))
    assert abs(sum(law.values()) - 1) < 1e-12
    entropy = -sum(p * math.log(p) for p in law.values())
    assert abs(value["entropy_per_token"] - entropy / 8) < 1e-12

    def next_leaf(i, k):
        """Entropy of leaf i given the k before it, and the mean log of how many symbols can follow."""
        contexts = {}
        for sentence, p in law.items():
            after = contexts.setdefault(sentence[max(0, i - k):i], {})
            after[sentence[i]] = after.get(sentence[i], 0) + p
        return (-sum(p * math.log(p / sum(after.values())) for after in contexts.values() for p in after.values()),
                sum(sum(after.values()) * math.log(len(after)) for after in contexts.values()))

    for level in range(4):
        h, n = next_leaf(7, 2**level - 1)
        assert abs(value[f"last_token_entropy@{level}"] - h) < 1e-12, (level, h)
        assert abs(value[f"mean_log_compatible@{level}"] - n) < 1e-12, (level, n)
    for leaf in (0, 3, 5, 7):
        asked = rows(check_run(["grammar", *RHM, "--contexts", "0..7", "--leaf", str(leaf), "--format", "csv"]).stdout)
        asked = {row["statistic"]: float(row["value"]) for row in asked if row["value"]}
        for k in range(8):
            h, n = next_leaf(leaf, k)
            assert abs(asked[f"leaf_entropy@{k}"] - h) < 1e-12 and abs(asked[f"leaf_mean_log_compatible@{k}"] - n) < 1e-12
    assert run(["grammar", *RHM, "--contexts", "1", "--leaf", "8"]).returncode == 64
    for level in (1, 2, 3):
        squares = []
        for i in range(8):
            for j in range(i + 1, 8):
                if (i ^ j).bit_length() != level:
                    continue
                joint = numpy.zeros((6, 6))
                for sentence, p in law.items():
                    joint[sentence[i], sentence[j]] += p
                squares.append(((joint - numpy.outer(joint.sum(1), joint.sum(0)))**2).mean())
        assert abs(value[f"token_correlation@{level}"] - math.sqrt(numpy.mean(squares))) < 1e-13

    # The same grammar from its file is the same language.
    read_back = check_run(["grammar", "--language.kind=rhm", f"--language.file={grammar}", "--format", "csv"]).stdout
    assert {r["statistic"]: r["value"] for r in rows(read_back)} == {r["statistic"]: r["value"] for r in told}
    several = check_run(["grammar", *RHM, "--language.grammar-seed=1..3", "--export", folder / "all", "--format", "json"])
    assert len(list((folder / "all").iterdir())) == 3
    several = json.loads(several.stdout)  # one array; rows are alike
    assert {row["grammars"] for row in several} == {1, 3} and all(row.keys() == several[0].keys() for row in several)
    assert {row["grammar_seed"] for row in several} == {1, 2, 3, None}

    # A sweep of grammars: the same bytes for any number of ranks and after a stop.
    sweep = [*RHM, "--language.grammar-seed=1..4", "--generator.kind=true,kgram,block,reasoning", "--generator.context=1,7",
             "--generator.context-depth=1", "--observe.entropy=on", "--observe.pairs=distances", "--sampling.samples=20000", "-q"]
    check_run(["run", *sweep, "-o", folder / "one"])
    check_run(["run", *sweep, "-o", folder / "three"], 3)
    assert run(["run", *sweep, "-o", folder / "stopped", "--max-seconds", "0.05"]).returncode in (0, 75)
    check_run(["run", *sweep, "-o", folder / "stopped"], 2)
    def content(name):
        with h5py.File(folder / name / "results.h5") as file:
            found = {}
            file.visititems(lambda path, item: found.__setitem__(path, repr(numpy.asarray(item[()]).tolist()))
                            if isinstance(item, h5py.Dataset) and not path.startswith("provenance") else None)
            return found
    one = content("one")
    assert one == content("three") == content("stopped")
    assert any(name.startswith("moments/pairs/0/") for name in one)
    with h5py.File(folder / "one" / "results.h5") as file:
        stored = file["grammars/0"]
        exported = read_grammar(grammar)
        kept = {(int(l), int(p), tuple(map(int, t))) for l, p, t in zip(stored["level"], stored["parent"], stored["tuple"])}
        assert kept == {(l, p, t) for l, own in exported.items() for p, list_ in own.items() for t, _ in list_}
        assert file.attrs["version"] == 6

    # Estimates beside exact values, and their averages.
    table = rows(check_run(["table", folder / "one", "--format", "csv"]).stdout)
    z = [float(row["z"]) for row in table if row["z"] and float(row["stderr"]) > 0 and "correlation" not in row["statistic"]]
    assert len(z) > 200 and max(map(abs, z)) < 5.5, sorted(z)[-3:]
    average = rows(check_run(["table", folder / "one", "--over-grammars", "--format", "csv"]).stdout)
    assert {row["grammars"] for row in average} == {"4"}
    by_hand = [float(r["value"]) for r in table if r["statistic"] == "entropy_rate" and r["generator"] == "true"]
    found = [r for r in average if r["statistic"] == "entropy_rate" and r["generator"] == "true"][0]
    assert abs(float(found["value"]) - numpy.mean(by_hand)) < 1e-12
    assert abs(float(found["stderr"]) - numpy.std(by_hand, ddof=1) / 2) < 1e-9
    valid = {r["generator"] + r["context"]: float(r["value"]) for r in average if r["statistic"] == "valid_rate"}
    assert valid["true"] == valid["reasoning"] == valid["kgram7"] == 1 > valid["kgram1"]

    objects = json.loads(check_run(["table", folder / "one", "--over-grammars", "--format", "json"]).stdout)
    assert len(objects) == len(average)
    for found, told in zip(objects, average):  # the same columns in every row, and what is unused is null
        assert list(found) == list(told), (found, told)
        assert all((value is None) == (told[name] == "") for name, value in found.items()), (found, told)
    assert {row["context"] for row in objects} == {None, 1, 7} and {row["symbol"] for row in objects} == {0}

    # Learners: any number of ranks, curves that fall, and a report with all of it.
    learners = [*RHM, "--language.grammar-seed=1,2", "--generator.kind=counting,clustering,classifier", "--generator.training=2^6..2^12:3",
                "--generator.test=500", "--sampling.samples=3", "-q"]
    check_run(["run", *learners, "-o", folder / "learned"])
    check_run(["run", *learners, "-o", folder / "learned2"], 2)
    assert content("learned") == content("learned2")
    curves = {}
    for row in rows(check_run(["table", folder / "learned", "--over-grammars", "--format", "csv"]).stdout):
        if row["statistic"] == "test_cross_entropy":
            curves.setdefault(row["generator"], []).append((float(row["training"]), float(row["value"])))
    for kind, curve in curves.items():
        losses = [loss for _, loss in sorted(curve)]
        assert losses[-1] < losses[0], (kind, losses)
    # Learning curves from the table alone: abscissa and labels stand in the rows; what a cell does not use is empty.
    curves = {}
    for row in rows(check_run(["table", folder / "learned", "--format", "csv"]).stdout):
        if row["statistic"] == "test_cross_entropy":
            assert all(row[name] for name in ("seed", "v", "m", "s", "L", "grammar_seed", "rules", "test", "smoothing")), row
            assert bool(row["cluster_by"]) == (row["generator"] == "clustering"), row
            assert not row["particles"] and not row["zipf_level"], row
            curves.setdefault((row["generator"], row["grammar_seed"]), []).append((int(row["training"]), float(row["value"])))
    assert curves and all(len(curve) > 1 for curve in curves.values()), curves
    for name in ("one", "learned"):
        page = folder / f"{name}.html"
        check_run(["report", folder / name, "-o", page])
        assert page.stat().st_size > 10000
        check_run(["fit", folder / name])
        assert "no damage found" in check_run(["verify", folder / name]).stdout

    # What cannot be is said before anything is sampled.
    for keys, words in ([["--language.m=7"], ["m = 6"]],
                        [["--language.rules=zipf", "--language.zipf-exponent=1", "--language.zipf-level=4"], ["L = 3"]],
                        [["--language.d=2"], ["language.d", "a grammar is given by"]],
                        [["--language.grammer-seed=2"], ["language.grammar-seed"]],
                        [["--generator.kind=counting", "--generator.training=2^30"], ["generator.training"]]):
        replaced = {key.split("=")[0] for key in keys}
        refused = run(["run", *[key for key in RHM if key.split("=")[0] not in replaced], *keys, "-o", folder / "never"])
        assert refused.returncode == 64 and all(word in refused.stderr for word in words), refused.stderr
        assert not (folder / "never").exists()
    refused = run(["sample", *RHM, "--generator.kind=counting", "--generator.training=10", "-o", folder / "never"])
    assert refused.returncode == 64 and "writes no sentences" in refused.stderr, refused.stderr

    # Corpora of grammars: rows are sentences of the language, with the symbols of their nodes where the stream has them.
    check_run(["sample", *RHM, "--sampling.samples=200", "-o", folder / "corpus", "-q"])
    sentences = numpy.load(next((folder / "corpus").glob("*.npy")))
    assert sentences.shape == (200, 8) and all(tuple(map(int, row)) in law for row in sentences)
    broken = folder / "broken.txt"
    broken.write_text("symbols 2\nchildren 2\nheight 1\nlevel 1\n0 -> 0 1\n1 -> 0 1\n")
    refused = run(["grammar", "--language.kind=rhm", f"--language.file={broken}"])
    assert refused.returncode == 64 and "tuple (0, 1) is written by 1" in refused.stderr, refused.stderr
