# Sourced by quickstart.sh and the tests' run.sh: installs the Debian packages that are missing, or says which they are.

leafcast_build_packages=(build-essential cmake ninja-build git openmpi-bin libopenmpi-dev libboost-dev libboost-mpi-dev
  libboost-serialization-dev libboost-program-options-dev libhdf5-dev libeigen3-dev libfmt-dev libhwy-dev librandom123-dev
  libxxhash-dev libdeflate-dev nlohmann-json3-dev gnuplot-nox)
leafcast_slurm_packages=(slurmctld slurmd slurm-client munge openmpi-bin) # slurm/local-cluster
leafcast_test_packages=(catch2 python3 python3-h5py python3-matplotlib python3-xarray python3-netcdf4 procps "${leafcast_slurm_packages[@]}")
leafcast_bench_packages=(libbenchmark-dev python3)
leafcast_stream_packages=(dieharder)
leafcast_fuzz_packages=(clang-16 libclang-rt-16-dev)

install_packages() { # PACKAGE…
  local missing=() package
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system: please see that these are installed (Debian's names): $*" >&2
    return 0
  fi
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Please install as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
  "${apt[@]}" update >/dev/null && "${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null
}

# Open MPI on one machine, also as root, and with more ranks than cores.
use_local_mpi() {
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
  export OMPI_MCA_odls_base_sigkill_timeout=4 # after Ctrl-C mpirun waits this long: time to write the last part
}
