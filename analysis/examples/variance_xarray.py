"""Variance against context, from results.h5: python3 variance_xarray.py runs/ising/results.h5 variance.png"""
import sys
import matplotlib.pyplot as plt
import xarray

cells, variance = (xarray.open_dataset(sys.argv[1], group=g, engine="netcdf4") for g in ("cells", "estimates/variance"))
data = xarray.merge([cells, variance])
block, true = (data.isel(cell=data.generator == kind) for kind in ("block", "true"))
for name, family in block.groupby(block.memory + " " + block.lca):
    bars = plt.errorbar(family.context_depth, family.value, family.stderr, fmt="o", label=f"block {name}")
    plt.plot(family.context_depth, family.exact, color=bars[0].get_color())
plt.axhline(true.exact[0], color="black", linestyle="--", label="true language")
plt.gca().set(xlabel="context depth w", ylabel="Var(S) / n", yscale="log")
plt.legend()
plt.savefig(sys.argv[2])
