// stream_dump INTERLEAVING [WRONG TWIN]: random words without end, native byte order, on standard output.
#include <cstdio>
#include <exception>

#include "engine/streams/stream_words.h"
#include "tests/streams/interleavings.h"

using namespace leafcast;

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "stream_dump INTERLEAVING [WRONG TWIN]\n");
    for (const auto& one : streams::interleavings())
      std::fprintf(stderr, "  %-14s%s\n", one.name.c_str(), one.order.c_str());
    for (const auto& one : streams::wrong_twins())
      std::fprintf(stderr, "  %-14s%s\n", one.name.c_str(), one.fault.c_str());
    return 2;
  }
  try {
    const streams::Interleaving& order = streams::interleaving(argv[1]);
    const streams::Words words = argc == 3 ? streams::wrong_twin(argv[2]).words : stream_words;
    for (std::uint64_t index = 0;; ++index) {
      const std::vector<std::uint32_t> block = order.block(words, index);
      if (std::fwrite(block.data(), 4, block.size(), stdout) != block.size()) return 0;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stream_dump: %s\n", e.what());
    return 2;
  }
}
