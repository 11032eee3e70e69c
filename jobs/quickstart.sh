#!/usr/bin/env bash
# From a bare Debian machine to the paper's Ising experiment, fitted and drawn: bash jobs/quickstart.sh [DIRECTORY]
# Installs what is missing, builds, samples 10^5 sentences a cell on all cores, fits the laws, writes the report.
set -euo pipefail
cd "$(dirname "$0")/.."
. jobs/packages.sh
directory=${1:-quickstart}

install_packages "${leafcast_build_packages[@]}"
use_local_mpi
cmake --preset release -DLEAFCAST_TESTS=OFF >/dev/null
cmake --build --preset release

mkdir -p "$directory"
mpirun -n "$(nproc)" --oversubscribe build/leafcast run jobs/sweeps/paper-ising.ini -o "$directory/run"
build/leafcast table "$directory/run" -o "$directory/table.txt"
build/leafcast table "$directory/run" --format csv -o "$directory/table.csv"
build/leafcast fit "$directory/run" -o "$directory/fit.txt"
build/leafcast report "$directory/run" -o "$directory/report.html"

sed '/^By subtree height/,$d' "$directory/table.txt"
cat "$directory/fit.txt"
cat <<END

The paper's Ising experiment is done. You find
  $directory/report.html       plots, fits and tables on one page (figures beside it)
  $directory/table.txt, .csv   every statistic with its error and exact value
  $directory/fit.txt           the fitted laws
  $directory/run/results.h5    everything, for h5py or xarray (io/FORMAT.md)
Next: build/leafcast --help, and the sweeps in jobs/sweeps.
END
