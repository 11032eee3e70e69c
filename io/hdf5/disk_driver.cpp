#include "io/hdf5/disk_driver.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "io/file/posix.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io::h5 {

namespace {

/// An open file, as HDF5 knows it.
struct OpenDisk {
  H5FD_t base;  // HDF5 fills it in
  Disk* disk;
  haddr_t end_of_addresses;
};
OpenDisk& of(H5FD_t* file) { return *reinterpret_cast<OpenDisk*>(file); }
const OpenDisk& of(const H5FD_t* file) { return *reinterpret_cast<const OpenDisk*>(file); }

H5FD_t* open_disk(const char*, unsigned, hid_t access, haddr_t) {
  Disk* const* disk = static_cast<Disk* const*>(H5Pget_driver_info(access));
  if (!disk) return nullptr;
  // HDF5 takes the memory for a plain structure of C.
  auto* file = static_cast<OpenDisk*>(std::calloc(1, sizeof(OpenDisk)));
  if (!file) return nullptr;
  file->disk = *disk;
  return &file->base;
}
herr_t close_disk(H5FD_t* file) {
  std::free(file);
  return 0;
}
int compare(const H5FD_t* one, const H5FD_t* other) {
  const auto a = reinterpret_cast<std::uintptr_t>(of(one).disk),
             b = reinterpret_cast<std::uintptr_t>(of(other).disk);
  return a < b ? -1 : a > b ? 1 : 0;
}
herr_t query(const H5FD_t*, unsigned long* features) {
  *features = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
              H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
haddr_t end_of_addresses(const H5FD_t* file, H5FD_mem_t) { return of(file).end_of_addresses; }
herr_t set_end_of_addresses(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  of(file).end_of_addresses = address;
  return 0;
}
haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t) { return of(file).disk->bytes; }

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
  Disk& disk = *of(file).disk;
  auto* to = static_cast<char*>(buffer);
  if (address < disk.bytes)
    for (std::size_t left = std::min<std::size_t>(size, disk.bytes - address); left > 0;) {
      const ssize_t got = repeat_if_interrupted(
          [&] { return ::pread(disk.descriptor, to, left, static_cast<off_t>(address)); });
      if (got < 0) {
        if (disk.read_error == 0) disk.read_error = errno;
        return -1;
      }
      if (got == 0 && disk.write_error == 0) {  // it has become shorter
        disk.read_error = EIO;
        return -1;
      }
      if (got == 0) break;
      to += got;
      address += static_cast<haddr_t>(got);
      left -= static_cast<std::size_t>(got);
      size -= static_cast<std::size_t>(got);
    }
  std::memset(to, 0, size);  // beyond the end, as HDF5's own drivers have it
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, const void* buffer) {
  Disk& disk = *of(file).disk;
  const auto* from = static_cast<const char*>(buffer);
  disk.bytes = std::max<std::uint64_t>(disk.bytes, address + size);
  while (size > 0 && disk.write_error == 0) {
    const ssize_t written = repeat_if_interrupted(
        [&] { return ::pwrite(disk.descriptor, from, size, static_cast<off_t>(address)); });
    if (written < 0) {
      disk.write_error = errno;
      break;
    }
    from += written;
    address += static_cast<haddr_t>(written);
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  Disk& disk = *of(file).disk;
  if (disk.bytes == of(file).end_of_addresses) return 0;
  disk.bytes = of(file).end_of_addresses;
  if (disk.write_error == 0 && ::ftruncate(disk.descriptor, static_cast<off_t>(disk.bytes)) != 0)
    disk.write_error = errno;
  return 0;
}

const H5FD_class_t kDriver = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value =
        static_cast<H5FD_class_value_t>(600),  // of the range for drivers that are nobody's but the program's
#endif
    .name = "leafcast",
    .maxaddr = (haddr_t{1} << 62) - 1,
    .fc_degree = H5F_CLOSE_STRONG,  // what is left open never outlives its descriptor
    .terminate = nullptr,
    .sb_size = nullptr,
    .sb_encode = nullptr,
    .sb_decode = nullptr,
    .fapl_size = sizeof(Disk*),
    .fapl_get = nullptr,
    .fapl_copy = nullptr,
    .fapl_free = nullptr,
    .dxpl_size = 0,
    .dxpl_copy = nullptr,
    .dxpl_free = nullptr,
    .open = open_disk,
    .close = close_disk,
    .cmp = compare,
    .query = query,
    .get_type_map = nullptr,
    .alloc = nullptr,
    .free = nullptr,
    .get_eoa = end_of_addresses,
    .set_eoa = set_end_of_addresses,
    .get_eof = end_of_file,
    .get_handle = nullptr,
    .read = read,
    .write = write,
    .flush = nullptr,
    .truncate = truncate,
    .lock = nullptr,
    .unlock = nullptr,
    .fl_map = H5FD_FLMAP_DICHOTOMY};

}  // namespace

hid_t disk_access(Disk& disk) {
  static const hid_t driver = check(H5FDregister(&kDriver));
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Disk* pointer = &disk;
  check(H5Pset_driver(access, driver, &pointer));
  return access.release();
}

}  // namespace leafcast::io::h5
