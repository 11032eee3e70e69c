# The two nodes of slurm/local-cluster, whose ranks run as root and share the cores of one machine.
site_launch=(mpirun)
site_sbatch=(--partition=main)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_hwloc_base_binding_policy=none # else rank 0 of both nodes is bound to core 0
export OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_tcp_if_include=lo
export OMPI_MCA_odls_base_sigkill_timeout=2 # mpirun always waits it out
