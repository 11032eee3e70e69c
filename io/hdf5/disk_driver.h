#pragma once
#include <hdf5.h>

#include <cstdint>

namespace leafcast::io::h5 {

/// What HDF5 keeps in a descriptor of ours. It never opens, locks or closes a file, and never learns that a write
/// failed: its library cannot end cleanly after one. The first error number is kept for leafcast to tell.
struct Disk {
  int descriptor;
  std::uint64_t bytes;  ///< that belong to HDF5: what comes behind is not shown to it
  int write_error = 0;  ///< errno of the first write that failed
  int read_error = 0;   ///< and of the first read, which HDF5 does learn of
};

/// File access properties by which HDF5 reads and writes the disk. It must outlive the file.
hid_t disk_access(Disk& disk);

}  // namespace leafcast::io::h5
