#include "engine/language.h"

#include "engine/tree.h"

namespace leafcast {

std::int64_t Language::leaves() const { return tree_power(d, height); }
int Language::symbols() const { return channel().q(); }
bool Language::is_uniform() const { return channel().is_symmetric(); }
Eigen::VectorXd Language::leaf_law() const { return channel().stationary(); }
double Language::lambda() const { return channel().lambda(); }

}  // namespace leafcast
