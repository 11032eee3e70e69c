// Parts that are HDF5 files without fault, but not what leafcast writes: the input is a list of edits to a
// good part, made through HDF5 itself. Tests leafcast's own checks, and what it does with what they let
// through.
#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include "analysis/estimate/estimates.h"
#include "analysis/fit/fits.h"
#include "analysis/present/fit_tables.h"
#include "analysis/present/table.h"
#include "engine/observe/observable.h"
#include "io/hdf5/hdf5.h"
#include "tests/fuzz/record.h"

using namespace leafcast;
namespace h5 = leafcast::io::h5;

namespace {

constexpr std::size_t kSeal = 32;

std::vector<std::byte> good_part() {
  const auto cell = [](Parameters more) {
    more.insert({{"language.d", "2"}, {"language.height", "3"}, {"sampling.samples", "128"}});
    return Cell::make(more);
  };
  const Plan plan("A small part",
                  {cell({{"language.kind", "ising"}, {"language.rho", "0.9"}, {"generator.kind", "true"}}),
                   cell({{"language.kind", "ising"},
                         {"language.rho", "0.9"},
                         {"generator.kind", "block"},
                         {"generator.context-depth", "1"},
                         {"generator.memory", "root"}}),
                   cell({{"language.kind", "ising"},
                         {"language.rho", "0.9"},
                         {"generator.kind", "block"},
                         {"generator.context-depth", "2"},
                         {"generator.memory", "root"}}),
                   cell({{"language.kind", "coloring"},
                         {"language.q", "3"},
                         {"generator.kind", "kgram"},
                         {"generator.context", "3"}}),
                   cell({{"language.kind", "potts"},
                         {"language.q", "4"},
                         {"language.lambda", "0.25"},
                         {"generator.kind", "reasoning"}})},
                  "[language]\nkind = ising\n");
  Record record(plan);
  std::mt19937_64 random;
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t i = 0; i < plan.chunks(c); i += c + 1)
      record.add({c, i}, simulated_tally(plan.cells()[c], plan.samples({c, i}), random));
  return io::encode_part(record, {"00112233445566aa"});
}

/// The numbers that an input stands for; zeros behind its end.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool more() const { return at_ < bytes_.size(); }
  std::uint8_t byte() { return more() ? bytes_[at_++] : 0; }
  template <class List>
  const auto& among(const List& list) {
    return list[byte() % std::size(list)];
  }
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    while (bytes-- > 0) value = value << 8 | byte();
    return value;
  }
  /// Small, or any.
  std::uint64_t length() {
    const std::uint8_t first = byte();
    if (first < 0x80) return first;
    if (first < 0xC0) return std::uint64_t{1} << (first - 0x80);
    return number(8);
  }
  std::string text() {
    const std::size_t size = std::min<std::size_t>(number(2), bytes_.size() - std::min(at_, bytes_.size()));
    const std::string text(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
    at_ += size;
    return text;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

constexpr std::array kPaths = {"cell",
                               "bin",
                               "height_j",
                               "limb",
                               "plan",
                               "sweep",
                               "replaces",
                               "cells",
                               "ledger",
                               "ledger/cell",
                               "ledger/first",
                               "ledger/last",
                               "ledger/interval",
                               "moments",
                               "moments/samples",
                               "moments/sum_s1",
                               "moments/sum_s2",
                               "moments/sum_s3",
                               "moments/sum_s4",
                               "moments/valid",
                               "moments/first_inconsistency",
                               "moments/frozen_roots",
                               "moments/free_roots",
                               "moments/memory_bits",
                               "moments/histogram",
                               "moments/histogram/cell",
                               "moments/histogram/bin",
                               "moments/histogram/histogram_bin",
                               "moments/histogram/lower",
                               "moments/histogram/width",
                               "moments/histogram/count"};
constexpr std::array kAttributes = {"filetype", "version", "plan_hash", "title"};

// ---- edits; false: make no more

void remove(hid_t file, const char* path) { H5Ldelete(file, path, H5P_DEFAULT); }

/// A type of numbers, texts, or of nothing that leafcast stores.
h5::Handle type_of(Choices& choices) {
  const std::array numbers = {H5T_STD_I32LE,       H5T_STD_I64LE, H5T_STD_U32LE,  H5T_STD_U64LE,
                              H5T_IEEE_F64LE,      H5T_STD_U64BE, H5T_IEEE_F32LE, H5T_STD_REF_OBJ,
                              H5T_STD_REF_DSETREG, H5T_STD_B8LE};
  const std::uint8_t kind = choices.byte();
  if (kind < 0x60) return {H5Tcopy(numbers[kind % numbers.size()]), H5Tclose};
  if (kind < 0x80) return {H5Tvlen_create(H5T_STD_I32LE), H5Tclose};
  if (kind < 0x90) {
    const hsize_t extent[] = {hsize_t{1} + choices.byte()};
    return {H5Tarray_create2(H5T_STD_U64LE, 1, extent), H5Tclose};
  }
  if (kind < 0xA0) {
    h5::Handle compound(H5Tcreate(H5T_COMPOUND, 16), H5Tclose);
    H5Tinsert(compound, "a", 0, H5T_STD_U64LE);
    H5Tinsert(compound, "b", 8, H5T_STD_I32LE);
    return compound;
  }
  h5::Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text, kind < 0xD0 ? H5T_VARIABLE : 1 + choices.byte());
  return text;
}

h5::Handle space_of(Choices& choices, std::vector<hsize_t>& extent) {
  const std::uint8_t kind = choices.byte();
  if (kind < 0x10) return {H5Screate(H5S_NULL), H5Sclose};
  if (kind < 0x20) return {H5Screate(H5S_SCALAR), H5Sclose};
  for (int i = 0; i <= kind % 5; ++i) extent.push_back(choices.length());
  const hid_t space = H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
  if (space >= 0) return {space, H5Sclose};
  extent.clear();
  return {H5Screate(H5S_SCALAR), H5Sclose};
}

/// Chunks and filters, external storage, other fill values: whatever HDF5 accepts.
/// `elsewhere`: HDF5 1.10 does not survive to open it again.
h5::Handle properties_of(Choices& choices, const std::vector<hsize_t>& extent, hid_t type, hid_t space,
                         bool& elsewhere) {
  h5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const std::uint8_t storage = choices.byte();
  if (storage < 0x80 && !extent.empty()) {
    std::vector<hsize_t> chunk;
    for (const hsize_t length : extent)
      chunk.push_back(std::clamp<hsize_t>(choices.length(), 1, length ? length : 1));
    H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
    const std::uint8_t filters = choices.byte();
    if (filters & 1) H5Pset_shuffle(properties);
    if (filters & 2) H5Pset_deflate(properties, 1 + filters / 64);
    if (filters & 4) H5Pset_fletcher32(properties);
    if (filters & 8) H5Pset_scaleoffset(properties, H5Z_SO_INT, 0);
    if (filters & 16) H5Pset_nbit(properties);
  } else if (storage < 0x90) {
    elsewhere = true;
    H5Pset_external(properties, "/proc/self/exe", 0, H5F_UNLIMITED);
  } else if (storage < 0xA0) {
    elsewhere = true;
    H5Pset_virtual(properties, space, "/proc/self/exe", "/cell", space);
  } else if (storage < 0xB0) {
    H5Pset_layout(properties, H5D_COMPACT);
  }
  if (const std::uint8_t fill = choices.byte(); fill >= 0x80 && H5Tget_class(type) == H5T_INTEGER) {
    const std::uint64_t value = choices.number(8);
    H5Pset_fill_value(properties, H5T_NATIVE_UINT64, &value);
  }
  return properties;
}

bool replace_dataset(hid_t file, Choices& choices) {
  const char* path = choices.among(kPaths);
  remove(file, path);
  const h5::Handle type = type_of(choices);
  std::vector<hsize_t> extent;
  const h5::Handle space = space_of(choices, extent);
  bool elsewhere = false;
  const h5::Handle properties = properties_of(choices, extent, type, space, elsewhere);
  const hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  if (dataset >= 0) H5Dclose(dataset);
  return !elsewhere;
}

/// Writes one number at any place of a dataset.
bool overwrite(hid_t file, Choices& choices) {
  const hid_t id = H5Dopen2(file, choices.among(kPaths), H5P_DEFAULT);
  if (id < 0) return true;
  const h5::Handle dataset(id, H5Dclose), space(H5Dget_space(dataset), H5Sclose);
  const h5::Handle type(H5Dget_type(dataset), H5Tclose);
  const h5::Handle one(H5Screate(H5S_SCALAR), H5Sclose);
  std::vector<hsize_t> extent(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  if (H5Tget_class(type) != H5T_INTEGER || extent.empty()) return true;
  for (hsize_t& length : extent) {
    if (length == 0) return true;
    length = choices.number(2) % length;
  }
  const std::uint64_t value = choices.byte() < 0x80 ? choices.byte() : choices.number(8);
  H5Sselect_elements(space, H5S_SELECT_SET, 1, extent.data());
  H5Dwrite(dataset, H5T_NATIVE_UINT64, one, space, H5P_DEFAULT, &value);
  return true;
}

bool write_text(hid_t file, Choices& choices) {
  const char* path = choices.among(std::array{"plan", "sweep"});
  std::string text = choices.text();
  std::replace(text.begin(), text.end(), '\0', '0');
  remove(file, path);
  const h5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose), scalar(H5Screate(H5S_SCALAR), H5Sclose);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t dataset = H5Dcreate2(file, path, type, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (dataset < 0) return true;
  const char* pointer = text.c_str();
  H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer);
  H5Dclose(dataset);
  return true;
}

/// A link of another kind in the place of an object; or none, or a type, or a group.
bool relink(hid_t file, Choices& choices) {
  const char* path = choices.among(kPaths);
  const char* other = choices.among(kPaths);
  const std::uint8_t kind = choices.byte() % 7;
  remove(file, path);
  if (kind == 1)
    H5Lcreate_soft(("/" + std::string(choices.byte() < 0x80 ? other : path)).c_str(), file, path, H5P_DEFAULT,
                   H5P_DEFAULT);
  if (kind == 2) H5Lcreate_external("/proc/self/exe", other, file, path, H5P_DEFAULT, H5P_DEFAULT);
  if (kind == 3) H5Lcreate_hard(file, other, file, path, H5P_DEFAULT, H5P_DEFAULT);
  if (kind == 4) H5Lcreate_hard(file, "/", file, path, H5P_DEFAULT, H5P_DEFAULT);
  if (kind == 5) {
    const h5::Handle type(H5Tcopy(H5T_STD_I32LE), H5Tclose);
    H5Tcommit2(file, path, type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }
  if (kind == 6) {
    const hid_t group = H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group >= 0) H5Gclose(group);
  }
  return true;
}

bool replace_attribute(hid_t file, Choices& choices) {
  const char* name = choices.among(kAttributes);
  H5Adelete(file, name);
  const h5::Handle type = type_of(choices);
  std::vector<hsize_t> extent;
  const h5::Handle space = space_of(choices, extent);
  hsize_t bytes = H5Tget_size(type);
  for (const hsize_t length : extent) bytes = length > 4096 ? 4097 : std::min<hsize_t>(bytes * length, 4097);
  if (bytes > 4096) return true;
  const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) return true;
  if (H5Tget_class(type) == H5T_INTEGER) {
    std::array<std::uint8_t, 4096> values{};
    for (std::uint8_t& value : std::span(values).first(8)) value = choices.byte();
    H5Awrite(attribute, type, values.data());
  }
  H5Aclose(attribute);
  return true;
}

std::vector<std::byte> edited(Choices& choices) {
  static const std::vector<std::byte> good = good_part();
  const h5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, 1 << 20, false);
  H5Pset_file_image(access, const_cast<std::byte*>(good.data()), good.size() - kSeal);
  static std::size_t count = 0;
  const h5::Handle file(H5Fopen(("edited " + std::to_string(++count)).c_str(), H5F_ACC_RDWR, access),
                        H5Fclose);
  constexpr std::array kEdits = {replace_dataset, overwrite, overwrite,
                                 write_text,      relink,    replace_attribute};
  for (int i = 0; i < 8 && choices.more(); ++i)
    if (!choices.among(kEdits)(file, choices)) break;
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  std::vector<std::byte> image(static_cast<std::size_t>(h5::check(H5Fget_file_image(file, nullptr, 0))));
  h5::check(H5Fget_file_image(file, image.data(), image.size()));
  return image;
}

/// What merge, table and fit do with a record.
void use(const Record& record) {
  Record same(record.plan);
  io::RecordFile(io::encode_part(record)).add_to(same);
  fuzz::require(same.ledger == record.ledger && same.has_sums_of(record),
                "a record that its part does not give");
  if (record.ledger.count() == 0) return;
  const std::vector<Estimate> estimates = analysis::estimates(record);
  const std::vector<Fit> fits = analysis::fits(record, estimates);
  std::ostringstream out;
  for (const analysis::Format format :
       {analysis::Format::text, analysis::Format::csv, analysis::Format::json}) {
    analysis::write_table(out, format, record, estimates);
    analysis::write_fits(out, format, fits);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  h5::prepare_library();
  Choices choices(std::span(data, size));
  std::vector<std::byte> image = edited(choices);
  if (image.size() > 1 << 24) return 0;
  fuzz::read(io::sealed(std::move(image)), use);
  return 0;
}
