"""The same sweep gives the same results.h5 for 1, 2, 3 and 7 ranks and without mpirun."""
import pathlib
import tempfile

from leafcast_runs import SMOKE, check_run, contents, differences

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    check_run(["run", SMOKE, "-o", folder / "alone", "-q"])
    alone = folder / "alone/results.h5"
    assert len(contents(alone)) > 100
    for ranks in (1, 2, 3, 7):
        check_run(["run", SMOKE, "-o", folder / f"ranks{ranks}", "-q"], ranks)
        different = differences(alone, folder / f"ranks{ranks}/results.h5")
        assert not different, f"{ranks} ranks differ from one process: {different}"

    # The comparison can fail: another seed gives other sums.
    check_run(["run", SMOKE, "--seed=2", "-o", folder / "seed", "-q"], 2)
    different = differences(alone, folder / "seed/results.h5")
    assert "moments/sum_s2" in different and "estimates/variance/value" in different, different

    # Splitting: runs of particles are chunks like any others.
    rare = ["run", "--language.kind=coloring", "--language.d=5", "--language.q=3", "--language.height=3", "--generator.kind=kgram,block",
            "--generator.context=5", "--generator.context-depth=0", "--generator.memory=root", "--generator.method=splitting",
            "--generator.particles=128", "--sampling.samples=16384", "-q", "-o"]
    check_run([*rare, folder / "rare"])
    for ranks in (2, 3):
        check_run([*rare, folder / f"rare{ranks}"], ranks)
        different = differences(folder / "rare/results.h5", folder / f"rare{ranks}/results.h5")
        assert not different, f"splitting on {ranks} ranks differs from one process: {different}"
    check_run([*rare, folder / "rare-seed", "--seed=2"])
    different = differences(folder / "rare/results.h5", folder / "rare-seed/results.h5")
    assert "moments/splitting/valid_weight" in different, different

    # Slices are disjoint and unite to the whole; a slice twice or missing is noticed.
    for i in (1, 2, 3):
        check_run(["run", SMOKE, "-o", folder / f"slice{i}", "--slice", f"{i}/3", "-q"], 2)
        assert not (folder / f"slice{i}/results.h5").exists()
    slices = [folder / f"slice{i}" for i in (1, 2, 3)]
    check_run(["merge", *slices, "-o", folder / "merged.h5"])
    different = differences(alone, folder / "merged.h5")
    assert not different, f"merged slices differ: {different}"
print("the same bytes for every number of ranks")
