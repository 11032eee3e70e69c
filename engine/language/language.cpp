#include "engine/language/language.h"

#include <limits>

#include "engine/language/tree.h"

namespace leafcast {

std::int64_t Language::leaves() const { return tree_power(d, height); }

int Language::symbols() const { return is_grammar() ? grammar().symbols() : channel().q(); }

/// A random grammar's symbols are not equally frequent, even where all of its rules are.
bool Language::is_uniform() const { return !is_grammar() && channel().is_symmetric(); }

const Eigen::VectorXd& Language::leaf_law() const {
  return is_grammar() ? grammar().mean_law(0) : channel().stationary();
}

double Language::lambda() const {
  return is_grammar() ? std::numeric_limits<double>::quiet_NaN() : channel().lambda();
}

}  // namespace leafcast
