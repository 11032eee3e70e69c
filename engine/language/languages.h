#pragma once
#include <string>
#include <vector>

#include "engine/cell/parameter_reader.h"
#include "engine/language/language.h"

namespace leafcast {

/// A kind of language. To add one: a factory and a line of language_registry(), both in languages.cpp, and an
/// enumeration test.
struct LanguageKind {
  std::string name;
  std::vector<std::string> keys;  ///< short names besides kind: "d", "height", "rho"
  std::string why_no_others;      ///< what makes other keys contradictory: "ising has two symbols and …"
  bool constrained;               ///< sentences can be ungrammatical
  Language (*make)(const LanguageKind&, ParameterReader&);  ///< reads `keys`; throws CellError
};
const std::vector<LanguageKind>& language_registry();

/// Rows of a kernel, "0.9 0.1; 0.2 0.8". Throws UsageError for a ragged row or an entry that is no number.
Eigen::MatrixXd parse_matrix(const std::string& text);
std::string format_matrix(const Eigen::MatrixXd& matrix);

}  // namespace leafcast
