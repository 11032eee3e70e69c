#include "engine/language/channel.h"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/error.h"

namespace leafcast {

namespace {

constexpr double kRowSumTolerance = 1e-9;
constexpr double kColoringSnap = 1e-12;  // a λ this near to −1/(q−1) is meant to be it

void check_symbols(Eigen::Index q) {
  if (q < 2 || q > kMaxSymbols)
    throw UsageError(fmt::format("a channel of {} symbols: a language has from 2 to {}", q, kMaxSymbols));
}

/// λI + (1−λ)J/q, written without a difference that could leave 1e-17 where a zero belongs.
Eigen::MatrixXd symmetric_kernel(int q, double lambda) {
  const bool coloring = lambda == -1.0 / (q - 1);
  const double stay = coloring ? 0 : std::max(0.0, (1 + (q - 1) * lambda) / q);
  const double move = coloring ? 1.0 / (q - 1) : (1 - lambda) / q;
  Eigen::MatrixXd kernel = Eigen::MatrixXd::Constant(q, q, move);
  kernel.diagonal().setConstant(stay);
  return kernel;
}

/// Which symbols recur for ever. The stationary law is unique iff all of them lead to each other.
std::vector<int> recurrent_symbols(const Eigen::MatrixXd& kernel) {
  const int q = static_cast<int>(kernel.rows());
  std::vector<std::uint64_t> reach(q);  // bit b of reach[a]: b can descend from a
  const auto leads = [&](int a, int b) { return (reach[a] >> b & 1) != 0; };
  for (int a = 0; a < q; ++a)
    for (int b = 0; b < q; ++b)
      if (a == b || kernel(a, b) > 0) reach[a] |= std::uint64_t{1} << b;
  for (int via = 0; via < q; ++via)
    for (int a = 0; a < q; ++a)
      if (leads(a, via)) reach[a] |= reach[via];

  std::vector<int> recurrent;
  for (int a = 0; a < q; ++a) {
    bool returns = true;
    for (int b = 0; b < q; ++b) returns = returns && (!leads(a, b) || leads(b, a));
    if (returns) recurrent.push_back(a);
  }
  for (const int b : recurrent)
    if (!leads(recurrent.front(), b))
      throw UsageError(
          fmt::format("the kernel has more than one stationary law: symbols {} and {} never lead to each "
                      "other; link them, or make "
                      "two languages of it",
                      recurrent.front(), b));
  return recurrent;
}

/// νK = ν by the elimination of Grassmann, Taksar and Heyman (Oper. Res. 33, 1985): no subtraction, so every
/// entry has full relative accuracy. Transient symbols have ν = 0 exactly.
Eigen::VectorXd stationary_law(const Eigen::MatrixXd& kernel) {
  const std::vector<int> symbols = recurrent_symbols(kernel);
  const int m = static_cast<int>(symbols.size());
  Eigen::MatrixXd p = kernel(symbols, symbols);
  for (int k = m - 1; k > 0; --k) {
    const double leave = p.row(k).head(k).sum();
    p.col(k).head(k) /= leave;
    p.topLeftCorner(k, k) += p.col(k).head(k) * p.row(k).head(k);
  }
  Eigen::VectorXd nu = Eigen::VectorXd::Zero(kernel.rows());
  std::vector<double> weight(m, 1.0);
  double total = 1;
  for (int k = 1; k < m; ++k) {
    weight[k] = 0;
    for (int a = 0; a < k; ++a) weight[k] += weight[a] * p(a, k);
    total += weight[k];
  }
  for (int k = 0; k < m; ++k) nu[symbols[k]] = weight[k] / total;
  return nu;
}

double second_modulus(const Eigen::MatrixXd& kernel) {
  Eigen::VectorXd moduli = kernel.eigenvalues().cwiseAbs();
  std::sort(moduli.begin(), moduli.end(), std::greater<>());
  return moduli[1];
}

}  // namespace

Channel Channel::symmetric(int q, double lambda) {
  check_symbols(q);
  const double lowest = -1.0 / (q - 1);
  if (std::abs(lambda - lowest) < kColoringSnap) lambda = lowest;
  if (!(lambda >= lowest && lambda <= 1))
    throw UsageError(fmt::format("lambda = {}: a symmetric channel of {} symbols needs {} <= lambda <= 1",
                                 lambda, q, lowest));
  Channel channel;
  channel.symmetric_ = true;
  channel.lambda_ = lambda;
  channel.kernel_ = channel.reversed_ = symmetric_kernel(q, lambda);
  channel.stationary_ = Eigen::VectorXd::Constant(q, 1.0 / q);
  return channel;
}

Channel Channel::general(const Eigen::MatrixXd& kernel) {
  if (kernel.rows() != kernel.cols())
    throw UsageError(
        fmt::format("a kernel of {} rows and {} columns: it must be square", kernel.rows(), kernel.cols()));
  check_symbols(kernel.rows());
  const int q = static_cast<int>(kernel.rows());

  Channel channel;
  channel.kernel_ = kernel;
  for (int a = 0; a < q; ++a) {
    for (int b = 0; b < q; ++b)
      if (!(kernel(a, b) >= 0 && kernel(a, b) <= 1))
        throw UsageError(
            fmt::format("row {} of the kernel holds {}: a probability lies in [0, 1]", a + 1, kernel(a, b)));
    const double sum = kernel.row(a).sum();
    if (std::abs(sum - 1) > kRowSumTolerance)
      throw UsageError(
          fmt::format("row {} of the kernel sums to {:.10g}: it must sum to 1; correct it, or give its "
                      "numbers with ten digits",
                      a + 1, sum));
    channel.kernel_.row(a) /= sum;
  }

  channel.stationary_ = stationary_law(channel.kernel_);
  channel.lambda_ = second_modulus(channel.kernel_);
  const Eigen::VectorXd& nu = channel.stationary_;
  channel.reversed_.resize(q, q);
  for (int b = 0; b < q; ++b) {
    // A transient child is never seen; ν keeps its row a law.
    const bool transient = nu[b] == 0;
    for (int a = 0; a < q; ++a)
      channel.reversed_(b, a) = transient ? nu[a] : nu[a] * channel.kernel_(a, b) / nu[b];
    channel.reversed_.row(b) /= channel.reversed_.row(b).sum();
  }
  return channel;
}

Eigen::MatrixXd Channel::across(int levels) const {
  if (symmetric_) {
    double power = 1;  // λ^{2j}
    for (int j = 0; j < levels; ++j) power *= lambda_ * lambda_;
    Eigen::MatrixXd law = Eigen::MatrixXd::Constant(q(), q(), (1 - power) / q());
    law.diagonal().setConstant(power + (1 - power) / q());
    return law;
  }
  Eigen::MatrixXd law = Eigen::MatrixXd::Identity(q(), q());
  for (int j = 0; j < levels; ++j) law = (reversed_ * law * kernel_).eval();
  return law;
}

}  // namespace leafcast
