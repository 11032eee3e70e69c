"""Sequences of another simulator, written here from the definitions: what score says of them is what they are."""
import csv
import io
import itertools
import json
import math
import pathlib
import tempfile

import numpy as np

from leafcast_runs import check_run, run
from streams import punctuated

rng = np.random.default_rng(5)


def broadcast(parents, d, channel):
    """Children's symbols, [sample][node]."""
    children = np.repeat(parents, d, axis=1)
    u = rng.random(children.shape)
    cumulative = np.cumsum(channel, axis=1)
    return (u[..., None] > cumulative[children]).sum(axis=-1)


def blocks(samples, d, height, w, channel):
    """The authors' Markov simulator: blocks of height w; each root from the last one's, an LCA j above with probability (d − 1)/d^j, or fresh."""
    q, sentences, root = len(channel), [], None
    for _ in range(d**(height - w)):
        fresh = rng.integers(q, size=samples)
        if root is None:
            root = fresh
        else:
            climb = rng.geometric(1 - 1 / d, size=samples)
            for j in range(1, height - w + 1):
                moved = root
                for _ in range(2 * j):
                    moved = broadcast(moved[:, None], 1, channel)[:, 0]
                fresh = np.where(climb == j, moved, fresh)
            root = fresh
        nodes = root[:, None]
        for _ in range(w):
            nodes = broadcast(nodes, d, channel)
        sentences.append(nodes)
    return np.concatenate(sentences, axis=1)


def ising(rho):
    return np.array([[1 + rho, 1 - rho], [1 - rho, 1 + rho]]) / 2


def coloring(q):
    return (np.ones((q, q)) - np.eye(q)) / (q - 1)


def score(arguments, folder=None):
    return json.loads(check_run(["score", *arguments, "--format", "json"]).stdout)


def statistic(result, name):
    return next(s for s in result["statistics"] if s["statistic"] == name)


def verdict(leaves, d, height, q):
    """As the authors' check: None (valid), or the depth of the first contradiction met by recursion from the left."""
    def constraint(first, size, depth):
        if size == 1:
            return leaves[first]
        colors = set(range(q))
        for child in range(d):
            colors.discard(constraint(first + child * size // d, size // d, depth + 1))
        if not colors:
            raise ValueError(depth)
        return colors.pop() if len(colors) == 1 else None

    try:
        constraint(0, d**height, 0)
        return None
    except ValueError as error:
        return error.args[0]


def enumerate_law(d, height, channel):
    """{sentence: probability}."""
    q = len(channel)
    law = [{(c,): 1.0} for c in range(q)]  # given the node
    for _ in range(height):
        child = [{} for _ in range(q)]
        for c in range(q):
            for x in range(q):
                for leaves, p in law[x].items():
                    child[c][leaves] = child[c].get(leaves, 0) + channel[c][x] * p
        law = [{sum(parts, ()): math.prod(child[c][part] for part in parts) for parts in itertools.product(child[c], repeat=d)}
               for c in range(q)]
    return {leaves: sum(law[c][leaves] for c in range(q)) / q for leaves in law[0]}


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)

    # Moments, by numpy.
    d, height = 3, 5
    sentences = blocks(4000, d, height, 2, ising(0.9))
    np.save(folder / "blocks.npy", sentences.astype(np.int8))
    language = ["--language.kind=ising", f"--language.d={d}", f"--language.height={height}", "--language.rho=0.9"]
    result = score([folder / "blocks.npy", "--stream", "leaves", *language, "--generator.kind=block", "--generator.context-depth=2",
                    "--generator.memory=root", "--generator.lca=sampled-reset"])
    s = 2 * sentences.sum(axis=1) - d**height
    assert abs(statistic(result, "variance")["value"] - (s**2).mean() / d**height) < 1e-9  # the mean is known to be 0
    kurtosis = (s**4.0).mean() / (s**2.0).mean()**2 - 3
    assert abs(statistic(result, "excess_kurtosis")["value"] - kurtosis) < 1e-9
    assert not any(entry["differs"] for entry in result["statistics"]), result["statistics"]
    assert result["sequences"] == result["well_formed"] == 4000
    wrong = score([folder / "blocks.npy", "--stream", "leaves", *language])  # beside the language itself
    assert statistic(wrong, "variance")["differs"] and wrong["first_height"] is not None and wrong["law_of_sum_p_value"] < 1e-6

    # True sentences are told from nothing.
    truth = blocks(4000, d, height, height, ising(0.9))
    np.savetxt(folder / "truth.txt", truth, fmt="%d")
    result = score([folder / "truth.txt", *language])
    assert not any(entry["differs"] for entry in result["statistics"]) and result["first_height"] is None, result["by_height"]
    assert result["effective_context_by_likelihood"]["high"] == d**height - 1

    # Scores of each sentence, by enumeration.
    d, height = 2, 3
    law = enumerate_law(d, height, ising(0.9))
    few = blocks(300, d, height, 1, ising(0.9))
    (folder / "few.txt").write_text("\n".join("".join("-+"[x] for x in row) for row in few) + "\n")
    small = ["--language.kind=ising", "--language.d=2", "--language.height=3", "--language.rho=0.9"]
    result = score([folder / "few.txt", *small, "--contexts", "0,1,2,3,5,7", "--scores", folder / "scores.csv"])

    def window_law(first, leaves):
        return sum(p for sentence, p in law.items() if sentence[first:first + len(leaves)] == leaves)

    rows = list(csv.DictReader((folder / "scores.csv").open()))
    assert len(rows) == 300
    for row, sentence in zip(rows, map(tuple, few.tolist())):
        assert abs(float(row["nats_language"]) + math.log(law[sentence])) < 1e-9
        assert int(row["s"]) == 2 * sum(sentence) - 8
        for k in (0, 1, 2, 3, 5, 7):
            nats = 0
            for i in range(8):
                first = max(0, i - k)
                nats -= math.log(window_law(first, sentence[first:i + 1]) / window_law(first, sentence[first:i]))
            assert abs(float(row[f"nats_{k}"]) - nats) < 1e-9

    # Colorings: validity and the depth of the first contradiction are those of the authors' recursion.
    d, height, q = 4, 3, 3
    colors = blocks(800, d, height, 1, coloring(q))
    np.save(folder / "colors.npy", np.array([punctuated(row, d) for row in colors], dtype=np.uint8))
    result = score([folder / "colors.npy", "--stream", "punctuated", "--language.kind=coloring", "--language.d=4", "--language.height=3",
                    "--language.q=3", "--scores", folder / "colors.csv"])
    depths = [verdict(row, d, height, q) for row in colors]
    valid = sum(depth is None for depth in depths)
    assert 0 < valid < 800 and abs(statistic(result, "valid_rate")["value"] - valid / 800) < 1e-12
    assert result["impossible_sentences"] == 800 - valid
    deepest = 0
    for row, depth in zip(csv.DictReader((folder / "colors.csv").open()), depths):
        assert (row["lowest_inconsistency"] == "") == (depth is None)
        # Theirs stops at the first that it meets, ours tells the lowest: never higher, and mostly the same.
        if depth is not None:
            assert height - int(row["lowest_inconsistency"]) >= depth
            deepest += height - int(row["lowest_inconsistency"]) == depth
    assert deepest > 0.8 * (800 - valid)

    # Torn sequences: counted by kind and place, patched when asked for.
    d, height = 3, 3
    trees = blocks(500, d, height, height, ising(0.9))
    tokens = [punctuated(row, d) for row in trees]
    torn = [list(row) for row in tokens]
    for i in range(0, 100):
        torn[i][4] = 5  # a mark of level 2 for one of level 1
    for i in range(100, 150):
        torn[i][8] = 2  # a leaf for a mark
    for i in range(150, 160):
        torn[i] = torn[i][:20]
    (folder / "torn.txt").write_text("\n".join(" ".join(map(str, row)) for row in torn) + "\n")
    tree = ["--language.kind=ising", "--language.d=3", "--language.height=3", "--language.rho=0.9", "--stream", "punctuated"]
    result = score([folder / "torn.txt", *tree])
    assert result["well_formed"] == 340 and result["faults"]["wrong mark"] == {"sequences": 100, "by_place": {"3": 100}}, result["faults"]
    assert result["faults"]["leaf for mark"]["by_place"] == {"7": 50} and result["faults"]["too short"]["by_place"] == {"19": 10}
    spins = [sum(int(t == 4) - int(t == 2) for t in row[:36]) for row in torn]  # the paper's total spin, whatever the marks
    assert abs(next(s for s in result["statistics"] if s["statistic"] == "variance" and s["of"] == "sequences")["value"]
               - np.mean(np.square(spins)) / 27) < 1e-9
    patched = score([folder / "torn.txt", *tree, "--patch"])
    assert patched["well_formed"] == 490

    # One long stream is its sentences, and shards are one set; files of two languages are not.
    np.save(folder / "stream.npy", np.concatenate([np.array(row) for row in tokens]).astype(np.uint16))
    stream = score([folder / "stream.npy", *tree])
    assert stream["sequences"] == stream["well_formed"] == 500
    np.save(folder / "rows.npy", np.array(tokens).astype(np.uint16))
    assert score([folder / "rows.npy", *tree])["statistics"][0]["value"] == stream["statistics"][0]["value"]
    assert score([folder / "rows.npy", folder / "stream.npy", *tree])["sequences"] == 1000

    # A k-gram is found out, by both ways; text, CSV and a page are written.
    check_run(["sample", *language, "--generator.kind=kgram", "--generator.context=27", "--sampling.samples=20000", "-o", folder / "kgram", "-q"])
    corpus = folder / "kgram/corpus-0000.npy"
    result = score([corpus])
    likely, varied = result["effective_context_by_likelihood"], result["effective_context_by_variance"]
    assert likely["value"] == 27 and varied["low"] < 27 < varied["high"], (likely, varied)
    text = check_run(["score", corpus]).stdout
    assert "27 leaves" in text and max(map(len, text.splitlines())) <= 80
    assert len(list(csv.reader(io.StringIO(check_run(["score", corpus, "--format", "csv"]).stdout)))) > 20
    check_run(["score", corpus, "-o", folder / "page.html"])
    assert (folder / "page-figures/departure-height.svg").exists() and "<script" not in (folder / "page.html").read_text()

    # Damage and mistakes have their codes and remedies.
    def refused(arguments, text, code=65):
        done = run(["score", *arguments])
        assert done.returncode == code and text in done.stderr, (arguments, done.returncode, done.stderr)

    data = corpus.read_bytes()
    (folder / "cut.npy").write_bytes(data[:-5])
    refused([folder / "cut.npy", "--stream", "leaves", *language], "sequences of 243 tokens take")
    (folder / "cut.npy").write_bytes(data[:40])
    refused([folder / "cut.npy"], "ends in its header")
    (folder / "junk.bin").write_bytes(bytes(range(256)))
    refused([folder / "junk.bin"], "there is no junk.bin.json")
    (folder / "bad.txt").write_text("0 1 x\n")
    refused([folder / "bad.txt", *small], "line 1, column 5")
    (folder / "empty.txt").write_text("")
    refused([folder / "empty.txt"], "empty")
    refused([corpus, folder / "rows.npy"], "of another language")
    refused([folder / "nothing.npy"], "No such file", 74)
    refused([folder / "few.txt"], "say --language.kind", 64)
    refused([corpus, "--contxts", "4"], "contexts", 64)
    np.save(folder / "float.npy", np.zeros((3, 8)))
    refused([folder / "float.npy"], "not of whole numbers")

print("sequences are scored as another simulator scores them")
