#include "io/hdf5/hdf5.h"

#include <hdf5_hl.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "engine/contract.h"

namespace leafcast::io::h5 {

namespace {

constexpr hsize_t kContiguousBytes = 16 << 10;  // below this, a dataset is not worth a chunk index
constexpr hsize_t kChunkBytes = 256 << 10;
constexpr hsize_t kPlaneBytes = 64 << 10;  // of a chunk of a plane: all planes of its rows are in memory
constexpr hsize_t kGrowingChunkBytes = 64 << 10;

// HDF5 takes two images of one name for the same file.
std::string unique_name() {
  static unsigned long long count = 0;
  return "leafcast image " + std::to_string(++count);
}

Handle in_memory_access() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  check(H5Pset_fapl_core(access, 4 << 20, false));
  return access;
}

/// Times would make equal records differ; creation order keeps links in the order of FORMAT.md.
void make_reproducible(hid_t group_properties) {
  check(H5Pset_obj_track_times(group_properties, false));
  check(H5Pset_link_creation_order(group_properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
}

Handle dataset_properties() {
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  check(H5Pset_obj_track_times(properties, false));
  // Zeros everywhere, also beyond the edge of the last chunk: no byte is left to chance.
  check(H5Pset_fill_time(properties, H5D_FILL_TIME_ALLOC));
  return properties;
}

void compress(hid_t properties, const Extent& extent, std::size_t element_bytes,
              Chunking chunking = Chunking::rows) {
  const hsize_t row =
      std::accumulate(extent.begin() + 1, extent.end(), hsize_t{element_bytes}, std::multiplies<>());
  if (extent[0] * row <= kContiguousBytes) return;
  Extent chunk = extent;
  chunk[0] = std::clamp<hsize_t>(kChunkBytes / row, 1, extent[0]);
  if (chunking == Chunking::planes) {
    chunk.back() = 1;
    chunk[0] = std::clamp<hsize_t>(kPlaneBytes * extent.back() / row, 1, extent[0]);
  }
  check(H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data()));
  // Most words are zeros or signs: shuffled bytes are no smaller, and more effort gains a tenth for twice the time.
  check(H5Pset_deflate(properties, kDeflateEffort));
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  check(H5Tset_size(type, H5T_VARIABLE));
  check(H5Tset_cset(type, H5T_CSET_UTF8));
  return type;
}

Handle scalar() { return {H5Screate(H5S_SCALAR), H5Sclose}; }

Extent extent_of(hid_t dataset) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  Extent extent(static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space))));
  check(H5Sget_simple_extent_dims(space, extent.data(), nullptr));
  return extent;
}

/// A link to what stands in this file, not the name of something elsewhere.
void require_hard_link(hid_t group, const std::string& name) {
  H5L_info_t link;
  check(H5Lget_info(group, name.c_str(), &link, H5P_DEFAULT));
  if (link.type != H5L_TYPE_HARD) throw Error(name + " is a link to elsewhere");
}

/// Data in this file, in chunks that can be read, through none but leafcast's filters.
void require_plain_storage(hid_t dataset, std::size_t rank) {
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  const H5D_layout_t layout = H5Pget_layout(properties);
  if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS && layout != H5D_COMPACT)
    throw Error("a dataset whose data are elsewhere");
  if (H5Pget_external_count(properties) != 0) throw Error("a dataset whose data are in another file");
  for (int i = 0; i < check(H5Pget_nfilters(properties)); ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE)
      throw Error("a dataset with a filter that is not leafcast's");
  }
  if (layout != H5D_CHUNKED) return;
  Extent chunk(rank);
  if (check(H5Pget_chunk(properties, static_cast<int>(rank), chunk.data())) != static_cast<int>(rank))
    throw Error("a chunk of another rank than its dataset");
  const Handle type(H5Dget_type(dataset), H5Tclose);
  hsize_t bytes = H5Tget_size(type);
  for (const hsize_t length : chunk) {
    bytes *= length;
    if (length > kMostChunkBytes || bytes > kMostChunkBytes) throw Error("a chunk of absurd size");
  }
}

void require_text(hid_t type) {
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) <= 0)
    throw Error("a variable-length string was expected");
}

/// Strings that the library allocates while it reads them.
class Strings {
 public:
  explicit Strings(std::size_t count) : pointers_(count, nullptr) {}
  Strings(const Strings&) = delete;
  Strings& operator=(const Strings&) = delete;
  ~Strings() {
    const hsize_t count = pointers_.size();
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    H5Dvlen_reclaim(text_type(), space, H5P_DEFAULT, pointers_.data());
    H5Sclose(space);
  }
  char** data() { return pointers_.data(); }
  std::string operator[](std::size_t i) const { return pointers_[i] ? pointers_[i] : ""; }

 private:
  std::vector<char*> pointers_;
};

std::vector<const char*> pointers(const std::vector<std::string>& values) {
  std::vector<const char*> result;
  for (const std::string& value : values) result.push_back(value.c_str());
  return result;
}

void write_strings(hid_t dataset, const std::vector<std::string>& values) {
  if (!values.empty())
    check(H5Dwrite(dataset, text_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers(values).data()));
}

void set_attribute(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type,
                   const void* value) {
  const Handle attribute(H5Acreate2(object, name.c_str(), file_type, scalar(), H5P_DEFAULT, H5P_DEFAULT),
                         H5Aclose);
  check(H5Awrite(attribute, memory_type, value));
}

Handle scalar_attribute(hid_t object, const std::string& name) {
  Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  if (H5Sget_simple_extent_npoints(space) != 1) throw Error("attribute " + name + " is not a scalar");
  return attribute;
}

}  // namespace

void prepare_library() {
  static const bool done = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0 && H5PLset_loading_state(0) >= 0;
  static_cast<void>(done);
}

std::string last_error() {
  std::string text;
  const auto innermost = [](unsigned, const H5E_error2_t* error, void* into) -> herr_t {
    auto& description = *static_cast<std::string*>(into);
    if (description.empty() && error->desc) description = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &text);
  return text;
}

void throw_last_error() {
  const std::string text = last_error();
  throw Error(text.empty() ? "HDF5 failed" : text);
}

Dataset::Dataset(Handle handle)
    : handle_(std::move(handle)),
      extent_(extent_of(handle_)),
      chunks_(DeflatedChunks::of(handle_, extent_)) {}

std::size_t Dataset::row_size() const {
  std::size_t size = 1;
  for (std::size_t i = 1; i < extent_.size(); ++i) size *= extent_[i];
  return size;
}

void Dataset::require_type(hid_t type) const {
  const Handle mine(H5Dget_type(handle_), H5Tclose);
  if (check(H5Tequal(mine, type)) == 0) throw Error("a dataset has another type than FORMAT.md says");
}

void Dataset::transfer(hsize_t first, hsize_t count, hid_t type, std::size_t size, void* to,
                       const void* from) const {
  LEAFCAST_EXPECT(!extent_.empty() && first + count <= extent_[0] && size == count * row_size(),
                  "rows of a dataset", "they do not fit the buffer", "ask extent() and row_size() first");
  if (size == 0) return;
  if (chunks_ && to) return chunks_->read(handle_, first, count, static_cast<std::byte*>(to));
  if (chunks_ && first % chunks_->rows() == 0 &&
      (count % chunks_->rows() == 0 || first + count == extent_[0]))
    return chunks_->write(handle_, first, count, static_cast<const std::byte*>(from));
  Extent start(extent_.size(), 0), block = extent_;
  start[0] = first;
  block[0] = count;
  const Handle space(H5Dget_space(handle_), H5Sclose);
  check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, block.data(), nullptr));
  const Handle memory(H5Screate_simple(static_cast<int>(block.size()), block.data(), nullptr), H5Sclose);
  check(to ? H5Dread(handle_, type, memory, space, H5P_DEFAULT, to)
           : H5Dwrite(handle_, type, memory, space, H5P_DEFAULT, from));
}

void Dataset::set_rows(hsize_t rows) {
  extent_[0] = rows;
  check(H5Dset_extent(handle_, extent_.data()));
}

void Dataset::append(hsize_t rows, const std::vector<std::string>& values) {
  set_rows(rows + values.size());
  transfer(rows, values.size(), text_type(), values.size(), nullptr, pointers(values).data());
}

Group Group::make_group(const std::string& name) {
  const Handle properties(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  make_reproducible(properties);
  return Group(Handle(H5Gcreate2(handle_, name.c_str(), H5P_DEFAULT, properties, H5P_DEFAULT), H5Gclose));
}

Dataset Group::make_dataset(const std::string& name, hid_t type, std::size_t element_bytes, const Axes& axes,
                            Chunking chunking) {
  Extent extent;
  for (const Axis* axis : axes) extent.push_back(axis->size());
  const Handle space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  const Handle properties = dataset_properties();
  if (element_bytes) compress(properties, extent, element_bytes, chunking);
  Handle dataset(H5Dcreate2(handle_, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT),
                 H5Dclose);
  unsigned dimension = 0;
  for (const Axis* axis : axes) check(H5DSattach_scale(dataset, axis->dataset.id(), dimension++));
  return Dataset(std::move(dataset));
}

void Group::make_column(const std::string& name, const Axis& axis, const std::vector<std::string>& values) {
  write_strings(make_dataset(name, text_type(), 0, {&axis}).id(), values);
}

Dataset Group::make_growing(const std::string& name, hid_t type, std::size_t element_bytes,
                            const Axis* axis) {
  const hsize_t none = 0, most = H5S_UNLIMITED, chunk = kGrowingChunkBytes / element_bytes;
  const Handle space(H5Screate_simple(1, &none, &most), H5Sclose);
  const Handle properties = dataset_properties();
  check(H5Pset_chunk(properties, 1, &chunk));
  if (H5Tget_class(type) != H5T_STRING) check(H5Pset_deflate(properties, kDeflateEffort));
  Handle dataset(H5Dcreate2(handle_, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT),
                 H5Dclose);
  if (axis) check(H5DSattach_scale(dataset, axis->dataset.id(), 0));
  return Dataset(std::move(dataset));
}

Dataset Group::make_growing_strings(const std::string& name, const Axis& axis) {
  return make_growing(name, text_type(), 16, &axis);
}

Axis Group::make_growing_axis(const std::string& name) {
  Axis axis{make_growing(name, Number<std::int32_t>::file(), sizeof(std::int32_t), nullptr)};
  check(H5DSset_scale(axis.dataset.id(), name.c_str()));
  return axis;
}

Axis Group::bare_axis(const std::string& name, hid_t type, std::size_t size) {
  const hsize_t extent = size;
  const Handle space(H5Screate_simple(1, &extent, nullptr), H5Sclose);
  const Handle properties = dataset_properties();
  if (H5Tget_class(type) == H5T_INTEGER) compress(properties, {extent}, H5Tget_size(type));
  Handle dataset(H5Dcreate2(handle_, name.c_str(), type, space, H5P_DEFAULT, properties, H5P_DEFAULT),
                 H5Dclose);
  check(H5DSset_scale(dataset, name.c_str()));
  return {Dataset(std::move(dataset))};
}

Axis Group::make_axis(const std::string& name, const std::vector<std::string>& values) {
  Axis axis = bare_axis(name, text_type(), values.size());
  write_strings(axis.dataset.id(), values);
  return axis;
}

Axis Group::make_numbered_axis(const std::string& name, std::size_t size) {
  std::vector<std::int32_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  return make_axis(name, numbers);
}

void Group::make_text(const std::string& name, const std::string& text) {
  const Handle dataset(H5Dcreate2(handle_, name.c_str(), text_type(), scalar(), H5P_DEFAULT,
                                  dataset_properties(), H5P_DEFAULT),
                       H5Dclose);
  write_strings(dataset, {text});
}

void Group::make_bytes(const std::string& name, const std::string& text) {
  const hsize_t size = text.size();
  const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Handle properties = dataset_properties();
  compress(properties, {size}, 1);
  Dataset dataset(Handle(H5Dcreate2(handle_, name.c_str(), Number<std::uint8_t>::file(), space, H5P_DEFAULT,
                                    properties, H5P_DEFAULT),
                         H5Dclose));
  dataset.write(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string Group::bytes(const std::string& name, std::size_t at_most) const {
  const Dataset source = dataset(name);
  if (source.extent().size() != 1 || source.extent()[0] > at_most)
    throw Error("dataset " + name + " is longer than it can be");
  std::string text(static_cast<std::size_t>(source.extent()[0]), '\0');
  source.read_rows(0, text.size(), std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  return text;
}

void Group::set(const std::string& attribute, const std::string& text) {
  const char* pointer = text.c_str();
  const Handle type = text_type();
  set_attribute(handle_, attribute, type, type, &pointer);
}

void Group::set(const std::string& attribute, std::int32_t number) {
  set_attribute(handle_, attribute, Number<std::int32_t>::file(), Number<std::int32_t>::memory(), &number);
}

void Group::set(const std::string& attribute, double number) {
  set_attribute(handle_, attribute, Number<double>::file(), Number<double>::memory(), &number);
}

bool Group::has(const std::string& name) const {
  return check(H5Lexists(handle_, name.c_str(), H5P_DEFAULT)) > 0;
}

Group Group::group(const std::string& name) const {
  require_hard_link(handle_, name);
  return Group(Handle(H5Gopen2(handle_, name.c_str(), H5P_DEFAULT), H5Gclose));
}

Dataset Group::dataset(const std::string& name) const {
  require_hard_link(handle_, name);
  // Chunks are kept by Dataset, one at a time.
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  check(H5Pset_chunk_cache(access, 1, 0, 1));
  Dataset dataset(Handle(H5Dopen2(handle_, name.c_str(), access), H5Dclose));
  require_plain_storage(dataset.id(), dataset.extent().size());
  return dataset;
}

std::string Group::text(const std::string& name) const {
  const auto read = strings(name, 1);
  if (read.size() != 1) throw Error("dataset " + name + " is empty");
  return read[0];
}

std::vector<std::string> Group::strings(const std::string& name, std::size_t at_most) const {
  const Dataset source = dataset(name);
  const Handle type(H5Dget_type(source.id()), H5Tclose);
  require_text(type);
  const Handle space(H5Dget_space(source.id()), H5Sclose);
  const auto count = static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(space)));
  if (count > at_most) throw Error("dataset " + name + " is longer than it can be");
  Strings read(count);
  if (count) check(H5Dread(source.id(), text_type(), H5S_ALL, H5S_ALL, H5P_DEFAULT, read.data()));
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(read[i]);
  return result;
}

std::string Group::text_attribute(const std::string& name) const {
  const Handle attribute = scalar_attribute(handle_, name);
  require_text(Handle(H5Aget_type(attribute), H5Tclose));
  Strings read(1);
  check(H5Aread(attribute, text_type(), read.data()));
  return read[0];
}

std::int32_t Group::integer_attribute(const std::string& name) const {
  const Handle attribute = scalar_attribute(handle_, name);
  std::int32_t number = 0;
  if (H5Tget_class(Handle(H5Aget_type(attribute), H5Tclose)) != H5T_INTEGER)
    throw Error("attribute " + name + " is not an integer");
  check(H5Aread(attribute, Number<std::int32_t>::memory(), &number));
  return number;
}

namespace {

Handle creation_properties() {
  Handle properties(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  make_reproducible(properties);
  return properties;
}

}  // namespace

File File::create() {
  prepare_library();
  return File(Handle(
      H5Fcreate(unique_name().c_str(), H5F_ACC_TRUNC, creation_properties(), in_memory_access()), H5Fclose));
}

File File::create_on(int descriptor) {
  prepare_library();
  auto disk = std::make_shared<Disk>(Disk{descriptor, 0});
  const Handle access(disk_access(*disk), H5Pclose);
  Handle file(H5Fcreate(unique_name().c_str(), H5F_ACC_TRUNC, creation_properties(), access), H5Fclose);
  return File(std::move(file), std::move(disk));
}

File File::open(std::span<const std::byte> bytes) {
  prepare_library();
  const Handle access = in_memory_access();
  check(H5Pset_file_image(access, const_cast<std::byte*>(bytes.data()),
                          bytes.size()));  // copied, never written to
  return File(Handle(H5Fopen(unique_name().c_str(), H5F_ACC_RDONLY, access), H5Fclose));
}

File File::open_on(int descriptor, std::uint64_t bytes) {
  prepare_library();
  auto disk = std::make_shared<Disk>(Disk{descriptor, bytes});
  const Handle access(disk_access(*disk), H5Pclose);
  const hid_t id = H5Fopen(unique_name().c_str(), H5F_ACC_RDONLY, access);
  if (id < 0 && disk->read_error != 0) throw ReadError(disk->read_error);
  return File(Handle(id, H5Fclose), std::move(disk));
}

int File::close() {
  const bool closed = handle_.close();
  if (disk_ && disk_->write_error != 0) return disk_->write_error;
  if (!closed) throw_last_error();
  return 0;
}

Group File::root() const { return Group(Handle(H5Gopen2(handle_, "/", H5P_DEFAULT), H5Gclose)); }

std::vector<std::byte> File::image() const {
  check(H5Fflush(handle_, H5F_SCOPE_GLOBAL));
  std::vector<std::byte> bytes(static_cast<std::size_t>(check(H5Fget_file_image(handle_, nullptr, 0))));
  check(H5Fget_file_image(handle_, bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace leafcast::io::h5
