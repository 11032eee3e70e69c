#include "analysis/theory/message_law.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <unordered_map>
#include <utility>

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Bounds on one product of two laws.
constexpr double kMaxListed = 4e8;  // operations, more or less: half a second
constexpr double kMaxStored = 1e6;  // doubles

}  // namespace

/// Sums atoms of the same direction, or of the same bin.
class MessageLaw::Merger {
 public:
  Merger(const MessageLaw& law, bool rounding) : law_(law), rounding_(rounding) {}

  void add(const double* z) {
    const auto [slot, is_new] = slots_.try_emplace(rounding_ ? bin(z) : direction(z), atoms_.size());
    if (is_new) {
      atoms_.insert(atoms_.end(), z, z + law_.stride_);
    } else {
      for (std::size_t i = 0; i < law_.stride_; ++i) atoms_[slot->second + i] += z[i];
    }
  }
  Atoms atoms() && { return std::move(atoms_); }

 private:
  std::uint64_t bin(const double* z) const {
    const double theta = std::atan2(std::sqrt(law_.nu_[1] * z[1]), std::sqrt(law_.nu_[0] * z[0]));
    return static_cast<std::uint64_t>(theta / (std::numbers::pi / 2) * (law_.bins_ * (1 - 1e-12)));
  }
  /// Fingerprint of z_0/max z_0 to 40 bits of mantissa. Equal directions that rounding errors part stay two
  /// atoms, which does no harm; among 10^6 atoms, two that differ share a fingerprint with probability 3e-8.
  std::uint64_t direction(const double* z) const {
    const double scale = 1 / *std::max_element(z, z + law_.q_);
    std::uint64_t hash = 0;
    for (int c = 0; c < law_.q_; ++c) {
      hash ^= (std::bit_cast<std::uint64_t>(z[c] * scale) + (1 << 11)) >> 12;
      hash *= 0x9e3779b97f4a7c15;
      hash ^= hash >> 32;
    }
    return hash;
  }

  const MessageLaw& law_;
  bool rounding_;
  Atoms atoms_;
  std::unordered_map<std::uint64_t, std::size_t> slots_;
};

MessageLaw::MessageLaw(const MatrixXd& kernel, const VectorXd& nu, int d, int powers, bool permutations,
                       int bins)
    : kernel_(kernel),
      nu_(nu),
      d_(d),
      q_(static_cast<int>(nu.size())),
      powers_(powers),
      permutations_(permutations),
      bins_(bins),
      stride_(static_cast<std::size_t>(q_) * (powers + 1)) {}

MessageLaw MessageLaw::with_moments(const MatrixXd& kernel, const VectorXd& nu, int d,
                                    const std::vector<SumMoments>& known, int bins) {
  MessageLaw law(kernel, nu, d, 4, false, bins);
  law.atoms_.assign(law.q_ * law.stride_, 0.0);
  for (int c = 0; c < law.q_; ++c)
    for (int r = 0; r <= 4; ++r) law.atoms_[c * law.stride_ + r * law.q_ + c] = known[c][r];
  return law;
}

MessageLaw MessageLaw::up_to_permutation(const MatrixXd& symmetric_kernel, int d) {
  const auto q = symmetric_kernel.rows();
  MessageLaw law(symmetric_kernel, VectorXd::Constant(q, 1.0 / static_cast<double>(q)), d, 0, true, 0);
  law.atoms_.assign(q, 0.0);
  law.atoms_.back() = static_cast<double>(q);  // sorted, and the sum of q atoms
  return law;
}

/// K z: likelihoods given the parent's symbol.
MessageLaw::Atoms MessageLaw::seen_by_parent(const Atoms& atoms) const {
  Atoms result(atoms.size());
  const Eigen::Map<const MatrixXd> z(atoms.data(), q_, static_cast<Eigen::Index>(atoms.size()) / q_);
  Eigen::Map<MatrixXd>(result.data(), z.rows(), z.cols()) = kernel_ * z;
  return result;
}

/// Number of distinct permutations of all atoms together.
double MessageLaw::count_permutations(const Atoms& atoms) const {
  double total = 0;
  for (std::size_t i = 0; i < atoms.size(); i += stride_) {
    double arrangements = 1;
    for (int c = 1, equal = 1; c < q_; ++c) {
      equal = atoms[i + c] == atoms[i + c - 1] ? equal + 1 : 1;
      arrangements *= static_cast<double>(c + 1) / equal;
    }
    total += arrangements;
  }
  return total;
}

MessageLaw::Atoms MessageLaw::all_permutations(const Atoms& atoms) const {
  Atoms result;
  for (std::size_t i = 0; i < atoms.size(); i += stride_) {
    Atoms z(&atoms[i], &atoms[i] + stride_);
    std::sort(z.begin(), z.end());
    const double share = 1 / count_permutations(z);
    do {
      for (const double likelihood : z) result.push_back(share * likelihood);
    } while (std::next_permutation(z.begin(), z.end()));
  }
  return result;
}

MessageLaw::Atoms MessageLaw::rounded(const Atoms& atoms) const {
  Merger merger(*this, true);
  for (std::size_t i = 0; i < atoms.size(); i += stride_) merger.add(&atoms[i]);
  return std::move(merger).atoms();
}

void MessageLaw::multiply(const double* x, const double* y, double* z) const {
  for (int r = 0; r <= powers_; ++r)
    for (int c = 0; c < q_; ++c) {
      double sum = 0;
      for (int s = 0; s <= r; ++s) sum += kBinomial[r][s] * x[s * q_ + c] * y[(r - s) * q_ + c];
      z[r * q_ + c] = sum;
    }
  if (permutations_) std::sort(z, z + q_);
}

bool MessageLaw::listable(double pairs) const {
  const int operations = powers_ > 0 ? q_ * (15 + 5 * q_) : 10 * q_;
  return pairs * (20 + operations) <= kMaxListed;
}
bool MessageLaw::storable(double pairs) const { return pairs * static_cast<double>(stride_) <= kMaxStored; }

/// The product of all pairs of atoms.
MessageLaw::Product MessageLaw::join(Atoms x, Atoms y, const Use& use) {
  const auto pairs = [&] {
    return static_cast<double>(count(x)) *
           (permutations_ ? count_permutations(y) : static_cast<double>(count(y)));
  };
  if (!listable(pairs())) {
    if (bins_ == 0) return {};
    rounded_ = true;
    x = rounded(x);
    y = rounded(y);
  }
  if (bins_ > 0 && !storable(pairs())) rounded_ = true;
  const bool store = bins_ > 0 || storable(pairs());
  if (!store && !use) return {};

  if (permutations_) y = all_permutations(y);
  Merger merger(*this, rounded_);
  Atoms z(stride_);
  for (std::size_t i = 0; i < x.size(); i += stride_)
    for (std::size_t k = 0; k < y.size(); k += stride_) {
      multiply(&x[i], &y[k], z.data());
      if (!(nu_.dot(Eigen::Map<const VectorXd>(z.data(), q_)) > 0)) continue;  // never seen
      if (use) use(z.data());
      if (store) merger.add(z.data());
    }
  Product product{true, std::nullopt};
  if (store) product.atoms = std::move(merger).atoms();
  return product;
}

/// The product of that many children.
std::optional<MessageLaw::Atoms> MessageLaw::siblings(const Atoms& child, int number) {
  if (number == 1) return child;
  const auto x = siblings(child, number % 2 == 0 ? number / 2 : number - 1);
  if (!x) return std::nullopt;
  return join(*x, number % 2 == 0 ? *x : child).atoms;
}

/// Makes Σ z_0(c) = 1 again, or the rounding error of a level would be multiplied by d on the next.
void MessageLaw::normalize() {
  Eigen::Map<MatrixXd> z(atoms_.data(), q_, static_cast<Eigen::Index>(atoms_.size()) / q_);
  const Eigen::Index rows = powers_ + 1;
  VectorXd mass = VectorXd::Zero(q_);
  for (Eigen::Index i = 0; i < z.cols(); i += rows) mass += z.col(i);
  if (permutations_) mass.setConstant(mass.mean());
  z.array().colwise() /= (mass.array() > 0).select(mass.array(), 1);  // 0: a symbol that never comes
}

bool MessageLaw::climb(const Use& use) {
  if (!stored_) return false;
  const Atoms child = seen_by_parent(atoms_);
  const auto x = siblings(child, d_ % 2 == 0 ? d_ / 2 : d_ - 1);
  Product parent;
  if (x) parent = join(*x, d_ % 2 == 0 ? *x : child, use);
  stored_ = parent.atoms.has_value();
  if (stored_) {
    atoms_ = std::move(*parent.atoms);
    normalize();
    ++height_;
  }
  return parent.listed;
}

}  // namespace leafcast::analysis
