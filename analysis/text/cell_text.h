#pragma once
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// One parameter of a cell as people read it: {"language.rho", "ρ=0.9"}. The text is empty where it would
/// only repeat the usual (seed 1, method sequence, context in leaves).
struct Part {
  std::string key, text;
};

/// The parameters that tell cells apart, in reading order: "ising" "d=3" "ρ=0.9" "h=8" "block" "w=2" "root"
/// "sampled". How many samples and what is observed are not among them.
std::vector<Part> parts(const Cell& cell);

/// The texts of the parts that `wanted` accepts by their keys, joined by spaces.
std::string text(const Cell& cell, const std::function<bool(const std::string& key)>& wanted);

/// Keys that say what is measured, the language and its observed symbol, not who wrote it.
bool describes_language(const std::string& key);
/// The same, but for the seed of a grammar: what grammars that are averaged over have in common.
bool describes_grammars(const std::string& key);
/// "ising d=3 ρ=0.9 h=8"
std::string language_text(const Cell& cell);
/// The same without the height.
std::string family_text(const Cell& cell);
/// "block w=2 root sampled", less the keys in `without`.
std::string generator_text(const Cell& cell, const std::set<std::string>& without = {});
/// "ising d=3 ρ=0.9 h=8 · block root sampled", less the keys in `without`: the name of a group of cells that
/// differ in these keys only.
std::string group_text(const Cell& cell, const std::set<std::string>& without);
/// Equal for two cells iff they agree in all parts but those in `without`.
std::string group_key(const Cell& cell, const std::set<std::string>& without);

/// Keys in which the cells differ: those that two cells both have, with different values.
std::set<std::string> varying_keys(const std::vector<const Cell*>& cells);

}  // namespace leafcast::analysis
