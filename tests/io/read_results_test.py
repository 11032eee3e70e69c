"""Reads a results file as users do: h5py, netCDF4, xarray, and the readers printed in io/FORMAT.md.

Usage: read_results_test.py RESULTS [EXPECTED]
RESULTS    any results.h5
EXPECTED   JSON that tests/io/record/results_test.cpp writes: numbers that must come out of its own file
"""
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

import h5py
import netCDF4
import numpy
import xarray

FORMAT = pathlib.Path(__file__).resolve().parents[2] / "io" / "FORMAT.md"


def datasets(file):
    """Path → dataset, of all datasets."""
    found = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def check_header(file):
    assert file.attrs["filetype"] == "leafcast-results"
    assert file.attrs["version"] == (2 if "seeds" in file["cells"] else 1)
    assert re.fullmatch("[0-9a-f]{16}", file.attrs["plan_hash"])
    lines = file["plan"].asstr()[()].splitlines()
    assert lines[0] == "leafcast plan 2" and lines[1] == "title=" + file.attrs["title"]
    assert len(lines) == 3 + len(file["cell"])
    assert list(file["cell"][:]) == list(range(len(file["cell"])))


def check_scales(file):
    """Every dimension of every dataset has a scale of its length; a scale is its own."""
    for path, dataset in datasets(file).items():
        for dimension, length in zip(dataset.dims, dataset.shape):
            if h5py.h5ds.is_scale(dataset.id):
                continue
            assert len(dimension) == 1, f"{path}: no scale"
            assert dimension[0].shape == (length,), f"{path}: a scale of another length"
    assert file["moments/sum_s2"].dims[0][0].name == "/cell"
    assert [dimension[0].name for dimension in file["moments/sum_s2"].dims] == ["/cell", "/bin", "/height_j", "/limb"]
    assert file["cells/d"].dims[0][0] == file["cell"]


def check_documented(file):
    """FORMAT.md mentions every name in the file."""
    text = FORMAT.read_text()
    for path in datasets(file):
        name = path.split("/")[-1]
        assert f"`{name}`" in text or name in ("sum_s2", "sum_s3"), f"FORMAT.md does not mention {path}"


def check_xarray(path):
    """xarray sees the same numbers as h5py in every group, with named dimensions."""
    with h5py.File(path) as file:
        groups = {str(pathlib.PurePosixPath(name).parent) for name in datasets(file)}
        assert {".", "cells", "estimates/variance", "moments", "moments/histogram", "ledger"} <= groups
        for group in sorted(groups):
            with xarray.open_dataset(path, group=None if group == "." else group) as data:
                assert not any(str(name).startswith("phony") for name in data.dims), group
                for name, variable in data.variables.items():
                    stored = file[group if group != "." else "/"][name]
                    values = stored.asstr()[()] if h5py.check_string_dtype(stored.dtype) else stored[()]
                    assert numpy.array_equal(variable.values, values, equal_nan=variable.dtype.kind == "f"), (group, name)
    with xarray.open_dataset(path) as root:
        assert {"cell", "bin", "height_j", "limb"} <= set(root.coords)
    with xarray.open_dataset(path, group="moments") as moments:
        assert moments.sum_s1.dims == ("cell", "bin", "height_j", "limb")
    with xarray.open_dataset(path, group="provenance") as origin, h5py.File(path) as file:
        assert dict(origin.attrs) == dict(file["provenance"].attrs)


def check_netcdf(path):
    with netCDF4.Dataset(path) as data:
        assert data.groups["estimates"].groups["variance"].variables["value"].dimensions == ("cell",)
        assert data.filetype == "leafcast-results"


def run_readers(path):
    """Executes FORMAT.md's code blocks beside the file; returns their variables and what they print."""
    blocks = re.findall(r"```python\n(.*?)```", FORMAT.read_text(), re.DOTALL)
    assert len(blocks) == 3
    names, printed = {}, io.StringIO()
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(printed):
        shutil.copy(path, pathlib.Path(directory) / "results.h5")
        os.chdir(directory)
        try:
            for block in blocks:
                assert len([line for line in block.splitlines() if line.strip()]) <= 12
                exec(compile(block, str(FORMAT), "exec"), names)
        finally:
            os.chdir(home)
    return names, printed.getvalue()


def check_expected(path, expected, names, printed):
    """The numbers that results_test.cpp put in."""
    assert names["sum_s2"] == expected["sum_s2"] and names["samples"] == expected["samples"]
    assert int(names["histogram"]["count"].sum()) == expected["histogram"]
    assert "w = 2: Var S/n = 1.5000 ± 0.2500" in printed
    with h5py.File(path) as file:
        height = file["cells/height"][0]
        assert sum(names["exact"](limbs) for limbs in file["moments/sum_s1"][0, :, height]) == expected["sum_s1"]
        assert file.attrs["plan_hash"] == expected["plan_hash"] and file["cells/id"].asstr()[0] == expected["id"]
        assert list(file["cells/language"].asstr()) == ["ising", "coloring", "potts", "ising"]
        assert list(file["cells/context"]) == [-1, 9, -1, -1] and file["cells/seed"][2] == 2**64 - 1
        assert list(file["cells/memory"].asstr()) == ["root", "", "", ""]
        assert file["cells/rho"][0] == 0.9 and numpy.isnan(file["cells/rho"][1]) and file["cells/lambda"][1] == -0.5
        assert "ρ=0.9" in file["cells/label"].asstr()[0]
        estimates = file["estimates"]
        assert set(estimates) == {"variance", "valid_rate", "variance@3"}
        assert "exact_stderr" in estimates["valid_rate"] and "exact_stderr" not in estimates["variance"]
        assert estimates["variance/z"][0] == 2 and numpy.isnan(estimates["variance/z"][1])
        assert numpy.isnan(estimates["variance@3/value"][1]) and estimates["variance@3/value"][2] == 4
        law = file["fits/variance-context-depth"]
        assert law.attrs["formula"] == "log(Var S/n) = slope·w + intercept" and law["fit/degrees_of_freedom"][0] == 1
        assert list(law["coefficients/name"].asstr()) == ["slope", "intercept"] and law["coefficients/predicted"][0] == 0.887
        assert law["coefficients/exact"][0] == 0.99 and numpy.isnan(law["coefficients/exact"][1])
        assert list(law["points/cell"]) == [0, 2, -1] and list(law["points/fit"]) == [0, 0, 0]
        assert list(law["windows/last"]) == [3, 4] and law["domain/x"].shape == (4,)
        assert law["forms/name"].asstr()[0] == "corrected" and law["form_coefficients/value"][2] == -3
        assert list(law["form_values/y"])[3] == 3.2 and list(law["form_values/form"]) == [0] * 4
        other = file["fits/kurtosis"]
        assert other["fit/note"].asstr()[0] == "fewer than three cells" and len(other["points/x"]) == 0
        assert len(file["provenance"].attrs["git"]) == 100_000 and file["provenance"].attrs["slurm_job_id"] == ""


def main():
    path = sys.argv[1]
    with h5py.File(path) as file:
        check_header(file)
        check_scales(file)
        check_documented(file)
    check_xarray(path)
    check_netcdf(path)
    names, printed = run_readers(path)
    if len(sys.argv) > 2:
        check_expected(path, json.loads(pathlib.Path(sys.argv[2]).read_text()), names, printed)


if __name__ == "__main__":
    main()
