# What holds where LEAFCAST_SITE (or submit --site) names no other preset: Open MPI's mpirun as it is found in the PATH.
#
# A preset is sourced by bash, in the batch job and by submit. It may set:
#   site_modules  what `module load` loads in the job                                    default: ()
#   site_launch   what starts the ranks of a job; Slurm's allocation says how many       default: (mpirun)
#   site_sbatch   options that submit gives to every sbatch: partition, account, …       default: ()
# and export whatever the job's environment needs. To add a site, copy a preset in this folder; its file name is its name.
site_modules=()
site_launch=(mpirun)
site_sbatch=()
