# Sourced by the batch scripts: sets up the site, finds the program, runs it so that a warning of the time limit stops it cleanly,
# and requeues the job while there is more to do. README.md tells the life of a job.
#
home=$(cd "$home" && pwd)
# The last task of an array has the number of the array itself, which to Slurm's commands means all its tasks.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-${SLURM_JOB_ID:-}}

# The traps come first and only set flags. USR1: Slurm's warning before the time limit. TERM: scancel, or the limit itself.
warned='' cancelled=''
trap 'warned=yes' USR1
trap 'cancelled=yes' TERM

say() { echo "$script: $*" >&2; }
leave() { # CODE MESSAGE…
  local code=$1
  shift
  say "$*"
  exit "$code"
}

require_slurm() {
  [ -n "${SLURM_JOB_ID:-}" ] ||
    leave 64 "this is a batch script: submit it with $usage, or run without Slurm: mpirun -n N leafcast run SWEEP… -o DIR"
}

require_directory() { # DIR
  case $1 in
    '' | -*) leave 64 "$1: the run directory comes first: $usage" ;;
  esac
  [ ! -f "$1" ] || leave 64 "$1 is a file, and the run directory comes first: $usage"
}

# The preset of the site, sites/$LEAFCAST_SITE.sh, and its modules. Sets site_launch.
use_site() {
  site_modules=() site_launch=(mpirun) site_sbatch=()
  local site=${LEAFCAST_SITE:-default} names
  if [ ! -r "$home/slurm/sites/$site.sh" ]; then
    names=$(cd "$home/slurm/sites" && printf '%s ' *.sh)
    leave 64 "unknown site $site: LEAFCAST_SITE is one of ${names//.sh/}(the presets in $home/slurm/sites)"
  fi
  # After scancel, mpirun would kill the ranks after two seconds; the last part may take longer to write.
  export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-5}
  . "$home/slurm/sites/$site.sh"
  [ ${#site_modules[@]} -gt 0 ] || return 0
  local file
  for file in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh /usr/share/lmod/lmod/init/bash; do
    type module >/dev/null 2>&1 && break
    [ ! -r "$file" ] || . "$file"
  done
  type module >/dev/null 2>&1 || leave 64 "site $site wants modules (${site_modules[*]}), but there is no module command on $(hostname)"
  module load "${site_modules[@]}" || leave 64 "site $site: cannot load ${site_modules[*]}; module avail lists what there is"
}

# Sets leafcast: $LEAFCAST, else the one built in this source folder, else that of the PATH.
find_leafcast() {
  leafcast=${LEAFCAST:-}
  [ -n "$leafcast" ] || { [ -x "$home/build/leafcast" ] && leafcast=$home/build/leafcast; } || leafcast=leafcast
  local version
  version=$("$leafcast" --version) ||
    leave 64 "cannot run $leafcast on $(hostname): build it (cmake --preset release && cmake --build build), or name it: export LEAFCAST=/path/to/leafcast"
  say "job $job on $SLURM_JOB_NODELIST, start $((${SLURM_RESTART_COUNT:-0} + 1)): $version"
}

# leafcast holds the lock for this very start of this job, so all ranks run: before that, a signal would kill mpirun.
is_ready() { # DIR
  grep -qsx "job=$SLURM_JOB_ID" "$1/lock" && grep -qsx "restarts=${SLURM_RESTART_COUNT:-0}" "$1/lock"
}

parts_of() { ls "$1/parts" 2>/dev/null; } # DIR: changes with every part that is written

# Whether all is done in DIR (of a slice: its share). leafcast status says so, and nothing else: a launcher that loses a node, or that
# is ended by Slurm, may well exit with 0.
is_done() { "$leafcast" status "$1" --json 2>/dev/null | grep -Eq '"state": "(finished|slice done)"'; } # DIR

# leafcast knows the time limit and ends by itself, with the time that it needs to write. So Slurm's warning is passed on only if too
# little is left for that, or so much that it cannot be the warning: then someone has sent USR1 by hand.
is_time_to_stop() {
  local left
  job_end=${job_end:-$(date -d "$(SLURM_TIME_FORMAT=standard timeout 5 squeue -h -j "$job" -o %e 2>/dev/null)" +%s 2>/dev/null)} # asked once
  job_end=${job_end:-0}
  left=$((job_end - $(date +%s)))
  [ "$left" -le 25 ] || [ "$left" -gt 100 ]
}

# Runs leafcast in DIR until it ends; a warning is passed on once it is ready. Sets code and progress.
run_leafcast() { # DIR ARGUMENT…
  local directory=$1 child forwarded='' parts since=''
  shift
  parts=$(parts_of "$directory")
  [ -z "$cancelled" ] || leave_cancelled
  "${launch[@]}" "$leafcast" run -o "$directory" "$@" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do # not a blocking wait, which a signal just before it would not end
    if [ -n "$warned" ] && [ -z "$forwarded$cancelled" ] && is_ready "$directory" && is_time_to_stop; then
      forwarded=yes
      say "the time limit is near: asking leafcast to stop"
      kill -USR1 "$child" 2>/dev/null
    fi
    # scancel --batch reaches this script alone; after scancel all others are ending by themselves, and must not be disturbed.
    [ -z "$cancelled" ] || since=${since:-$SECONDS}
    if [ -n "$since" ] && [ -z "$forwarded" ] && [ $((SECONDS - since)) -ge 5 ] && is_ready "$directory"; then
      forwarded=yes
      kill -USR1 "$child" 2>/dev/null
    fi
    sleep 1
  done
  wait "$child"
  code=$?
  progress=''
  [ "$(parts_of "$directory")" = "$parts" ] || progress=yes
}

# Requeueing is of no use if the runs do not get ahead: the third start in a row of this job that completed no chunk is its last.
require_progress() { # DIR
  local most=3 file=$1/stalled number='' count=0
  if [ -n "$progress" ]; then
    rm -f "$file"
    return
  fi
  if [ -e "$1/plan.txt" ]; then
    read -r number count 2>/dev/null <"$file"
    [ "$number" = "$SLURM_JOB_ID" ] || count=0
    echo "$SLURM_JOB_ID $((++count))" >"$file"
  else # nothing may be written before leafcast has made the directory its own
    count=$((${SLURM_RESTART_COUNT:-0} + 1))
  fi
  say "this start completed no chunk ($count of at most $most in a row)"
  [ "$count" -lt "$most" ] ||
    leave 75 "$most starts in a row completed no chunk: not requeued. Does the time limit leave time for one? leafcast plan tells the longest chunk; submit again with more --time"
}

requeue() {
  # A job that is being cancelled completes; requeued now it would come back.
  local state
  state=$(squeue -h -j "$job" -o %T 2>/dev/null)
  [ -z "$cancelled" ] && [[ $state =~ ^(RUNNING|)$ ]] || leave_cancelled
  say "more to do: requeueing job $job"
  trap '' TERM # scontrol requeue signals this very shell
  scontrol requeue "$job" || leave 75 "Slurm does not requeue this job (see above): submit the same command again to continue"
  exit 0
}

leave_cancelled() {
  leave 75 "told to end (scancel, the time limit, or Slurm's own requeueing): not requeued from here; what is written stays, and the same sbatch command continues"
}

# Ends the job, or requeues it, as leafcast's exit code says.
conclude() { # DIR
  case $code in
    0) if is_done "$1"; then say "done" && exit 0; fi
       say "leafcast's launcher ended without an error, but leafcast status $1 says that there is more to do" ;;
    75 | 143) ;; # 143: mpirun itself had a TERM
    64) leave 64 "leafcast refused the command or the sweep: see its message above; not requeued" ;;
    65) leave 65 "leafcast found bad data: see its message above, and leafcast verify $1; not requeued" ;;
    74) leave 74 "leafcast could not write or read: see its message above (disk full? quota?); not requeued. The same sbatch command continues" ;;
    126 | 127) leave "$code" "cannot start ${launch[*]} $leafcast (exit code $code): is the right site preset chosen (LEAFCAST_SITE=${LEAFCAST_SITE:-default})? Not requeued" ;;
    137) [ -n "$cancelled" ] || leave 137 "a rank was killed (exit code 137), often for want of memory: leafcast plan tells what to ask for with --mem-per-cpu. Not requeued; what is written stays, and the same sbatch command continues" ;;
    *) [ -n "$cancelled" ] || leave "$code" "leafcast ended with exit code $code: see above; not requeued. What is written stays, and the same sbatch command continues" ;;
  esac
  [ -z "$cancelled" ] && [ "$code" -ne 143 ] || leave_cancelled
  require_progress "$1"
  requeue
}
