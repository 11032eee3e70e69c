// Sequence files and what is read from them. The input: the file, and before it, up to a line "%", the header
// that stands beside it.
#include "io/sequences/sequences.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/sequences/token_parser.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "leafcast-fuzz-XXXXXX").string()) {
    fuzz::require(::mkdtemp(path_.data()) != nullptr, "no temporary folder");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string file() const { return path_ + "/sequences"; }
  void write(const std::string& header, const std::string& data) const {
    if (header.empty())
      fs::remove(file() + ".json");
    else
      std::ofstream(file() + ".json", std::ios::binary) << header;
    std::ofstream(file(), std::ios::binary) << data;
  }

 private:
  std::string path_;
};

Language language(int q) {
  return Cell::make({{"language.kind", "potts"},
                     {"language.d", "3"},
                     {"language.height", "3"},
                     {"language.q", std::to_string(q)},
                     {"language.lambda", "0.5"}})
      .language();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const Language few = language(2);
  const std::string text = fuzz::text_of(data, size);
  const std::size_t split = text.find("\n%\n");
  folder.write(split == std::string::npos ? "" : text.substr(0, split),
               split == std::string::npos ? text : text.substr(split + 3));
  fuzz::refusing<Error>([&] {
    const auto reader = io::SequenceReader::open(folder.file());
    std::uint64_t sequences = 0, tokens = 0;
    for (io::Sequences some = reader->read(1000); some.size() > 0; some = reader->read(1000)) {
      fuzz::require(some.starts.back() == some.tokens.size(), "sequences that do not cover their tokens");
      sequences += some.size();
      tokens += some.tokens.size();
      // HDF5 may be compressed; everything else has a byte a token at least.
      fuzz::require(reader->format() == io::SequenceFormat::hdf5 || tokens <= size, "more tokens than bytes");
      if (tokens > 1'000'000) break;
      for (std::size_t i = 0; i < some.size(); ++i)
        for (const StreamKind stream :
             {StreamKind::leaves, StreamKind::punctuated, StreamKind::segment, StreamKind::path})
          for (const bool patch : {false, true}) {
            const ParsedSequence parsed = TokenParser(stream, few).parse(some[i], patch);
            fuzz::require(parsed.fault || parsed.leaves.size() == 27, "a sentence without all its leaves");
          }
    }
    if (reader->header().samples > 0 && tokens <= 1'000'000)
      fuzz::require(sequences == reader->header().samples, "another number of sequences than the header's");
  });
  return 0;
}
