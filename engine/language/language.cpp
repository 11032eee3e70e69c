#include "engine/language/language.h"

#include <limits>

#include "engine/language/tree.h"

namespace leafcast {

std::int64_t Language::leaves() const { return tree_power(d, height); }

int Language::symbols() const {
  return visit(overloaded{[](const Channel& channel) { return channel.q(); },
                          [](const Grammar& grammar) { return grammar.symbols(); }});
}

/// A random grammar's symbols are not equally frequent, even where all of its rules are.
bool Language::is_uniform() const {
  return visit(overloaded{[](const Channel& channel) { return channel.is_symmetric(); },
                          [](const Grammar&) { return false; }});
}

const Eigen::VectorXd& Language::leaf_law() const {
  using Law = const Eigen::VectorXd&;
  return visit(overloaded{[](const Channel& channel) -> Law { return channel.stationary(); },
                          [](const Grammar& grammar) -> Law { return grammar.mean_law(0); }});
}

double Language::lambda() const {
  return visit(overloaded{[](const Channel& channel) { return channel.lambda(); },
                          [](const Grammar&) { return std::numeric_limits<double>::quiet_NaN(); }});
}

}  // namespace leafcast
