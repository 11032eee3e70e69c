"""Variance against context, from results.h5: python3 variance_matplotlib.py runs/ising/results.h5 variance.png"""
import sys
import h5py
import matplotlib.pyplot as plt

with h5py.File(sys.argv[1]) as f:
    cells = {name: column.asstr()[:] if column.dtype == object else column[:] for name, column in f["cells"].items()}
    value, error, exact = (f["estimates/variance"][name][:] for name in ("value", "stderr", "exact"))

block, true = cells["generator"] == "block", cells["generator"] == "true"
for memory, lca in sorted(set(zip(cells["memory"][block], cells["lca"][block]))):
    here = block & (cells["memory"] == memory) & (cells["lca"] == lca)
    bars = plt.errorbar(cells["context_depth"][here], value[here], error[here], fmt="o", label=f"block {memory} {lca}")
    plt.plot(cells["context_depth"][here], exact[here], color=bars[0].get_color())
plt.axhline(exact[true][0], color="black", linestyle="--", label="true language")
plt.gca().set(xlabel="context depth w", ylabel="Var(S) / n", yscale="log")
plt.legend()
plt.savefig(sys.argv[2])
