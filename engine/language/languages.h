#pragma once
#include <string>
#include <vector>

#include "engine/language/language.h"
#include "engine/parameters/parameter_reader.h"

namespace leafcast {

/// A kind of language. To add one: a factory and a line of its family's kinds, and an enumeration test.
struct LanguageKind {
  std::string name;
  std::vector<std::string> keys;  ///< short names besides kind: "d", "height", "rho"
  std::string why_no_others;      ///< what makes other keys contradictory: "ising has two symbols and …"
  bool constrained;               ///< sentences can be ungrammatical
  Language (*make)(const LanguageKind&, ParameterReader&);   ///< reads `keys`; throws CellError
  std::string (*label)(const Language&, const Parameters&);  ///< without the kind: "d=3 ρ=0.9 h=8"
  std::string height_key = "height";                         ///< among `keys`
  int counted = 0;  ///< the symbol whose number a sentence is summed by, unless observe.symbol says another
};
/// The kinds of each family: broadcast_languages.cpp, grammar_languages.cpp.
std::vector<LanguageKind> broadcast_languages();
std::vector<LanguageKind> grammar_languages();
/// Those of all families. The first kind is the default.
const std::vector<LanguageKind>& language_registry();

/// "ising d=3 ρ=0.9 h=8".
std::string language_label(const Language& language, const Parameters& parameters);

/// The language that a cell's keys describe. Throws CellError.
Language read_language(ParameterReader& reader);

/// The symbol that is counted unless observe.symbol says another: + of two, so that S = N₊ − N₋ (MATH.md §1), else the
/// first.
int counted_symbol(const Language& language);

/// Changes a language's parameters to those of a tree one level lower. False if there is none, or if the tree
/// is no parameter: a grammar of a file.
bool lower_language(Parameters& parameters, const Language& language);

struct TreeShape {
  int d, height;
};
/// Refuses a tree whose sums do not fit: n < 2^62, and S = q·N_c − n ranges over [−n, (q−1)n], so
/// (q−1)n < 2^62 too. Throws CellError.
void require_sums_fit(const ParameterReader& reader, const char* height_key, TreeShape tree, int symbols);

/// Rows of a kernel, "0.9 0.1; 0.2 0.8". Throws UsageError for a ragged row or an entry that is no number.
Eigen::MatrixXd parse_matrix(const std::string& text);
std::string format_matrix(const Eigen::MatrixXd& matrix);

}  // namespace leafcast
