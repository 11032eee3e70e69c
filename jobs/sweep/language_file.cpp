#include "jobs/sweep/language_file.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "engine/language/grammar.h"
#include "jobs/sweep/kernel_file.h"
#include "jobs/sweep/text_file.h"

namespace leafcast::jobs {

namespace {

constexpr const char* kMatrix = "language.matrix";
constexpr const char* kGrammar = "language.grammar";
constexpr std::size_t kMostGrammarBytes = 64 << 20;

std::string read_grammar_file(const std::string& path) {
  const std::string text = read_text_file(path, kMostGrammarBytes);
  try {
    return Grammar::from_text(text).line();
  } catch (const UsageError& e) {
    throw UsageError(fmt::format("{}: {}", path, e.what()));
  }
}

}  // namespace

std::string file_key(const std::string& language_kind) { return language_kind == "rhm" ? kGrammar : kMatrix; }
bool is_given_by_file(const std::string& key) { return key == kMatrix || key == kGrammar; }

std::string read_language_file(const std::string& language_kind, const std::string& path) {
  return file_key(language_kind) == kGrammar ? read_grammar_file(path) : read_kernel_file(path);
}

}  // namespace leafcast::jobs
