# A cluster with environment modules, whose Open MPI was built with Slurm support: mpirun starts the ranks. Put in your names.
site_modules=(openmpi hdf5) # what leafcast was built with
site_launch=(mpirun)
site_sbatch=(--partition=standard) # e.g. also --account=PROJECT --qos=long --constraint=avx512
export OMPI_MCA_odls_base_sigkill_timeout=10 # seconds that ranks get after scancel; mpirun always waits it out
