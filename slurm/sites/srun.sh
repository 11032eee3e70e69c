# A cluster where Slurm itself starts the ranks, through PMIx: srun. The second option matters: without it, the ranks that are
# left hang when one dies. `srun --mpi=list` tells whether Slurm has pmix.
site_launch=(srun --mpi=pmix --kill-on-bad-exit=1)
