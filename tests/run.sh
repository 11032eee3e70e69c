#!/usr/bin/env bash
# Installs what is missing, builds in Release, and runs all default tests: bash tests/run.sh [CTEST OPTION…]
set -euo pipefail
cd "$(dirname "$0")/.."
. jobs/packages.sh
install_packages "${leafcast_build_packages[@]}" "${leafcast_test_packages[@]}"
use_local_mpi
cmake --preset release -DLEAFCAST_TESTS=ON >/dev/null
cmake --build --preset release
ctest --preset release -j "$((2 * $(nproc)))" "$@"
