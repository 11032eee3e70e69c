#include "analysis/theory/message_population.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// A level costs about kWork multiplications a replica, whatever d and q.
constexpr double kWork = 1 << 18;
constexpr int kMinMembers = 500;
constexpr int kMaxMembers = 1 << 16;

}  // namespace

int MessagePopulation::members(const Channel& channel, int d) {
  const double laws = channel.is_symmetric() ? 1 : channel.q();
  return static_cast<int>(std::min<double>(kMaxMembers, kWork / (laws * channel.q() * d)));
}

bool MessagePopulation::feasible(const Channel& channel, int d) { return members(channel, d) >= kMinMembers; }

MessagePopulation::MessagePopulation(const Channel& channel, int d, const MessageLaw& start,
                                     std::uint64_t seed)
    : channel_(channel),
      d_(d),
      q_(channel.q()),
      members_(members(channel, d)),
      random_(seed),
      by_symbol_(channel.is_symmetric() ? 1 : q_) {
  for (int a = 0; a < static_cast<int>(by_symbol_.size()); ++a) {
    if (channel.stationary()[a] == 0) continue;  // never seen
    // Atoms by their weight given the symbol a; up to permutation, the symbol may be any of those sorted.
    std::vector<double> cumulative;
    double total = 0;
    for (std::size_t i = 0; i < start.size(); ++i)
      for (int c = 0; c < q_; ++c) {
        if (channel.is_symmetric() || c == a) total += start.atom(i)[c];
        cumulative.push_back(total);
      }
    for (int m = 0; m < members_; ++m) {
      const auto drawn =
          std::upper_bound(cumulative.begin(), cumulative.end(), uniform() * total) - cumulative.begin();
      VectorXd message = Eigen::Map<const VectorXd>(start.atom(static_cast<std::size_t>(drawn / q_)), q_);
      if (channel.is_symmetric()) {
        std::swap(message[0], message[drawn % q_]);
        for (int c = q_ - 1; c > 1; --c) std::swap(message[c], message[1 + below(c)]);
      }
      add_as_seen_by_parent(message, by_symbol_[a]);
    }
  }
}

void MessagePopulation::add_as_seen_by_parent(const VectorXd& message, Population& population) const {
  const VectorXd seen = channel_.kernel() * message;
  population.insert(population.end(), seen.begin(), seen.end());
}

int MessagePopulation::child_symbol(int parent) {
  double u = uniform();
  const auto row = channel_.kernel().row(parent);
  int last = 0;
  for (int c = 0; c < q_; ++c) {
    if (row[c] == 0) continue;
    last = c;
    if ((u -= row[c]) < 0) break;
  }
  return last;
}

MatrixXd MessagePopulation::climb() {
  const bool symmetric = channel_.is_symmetric();
  const VectorXd& nu = channel_.stationary();
  MatrixXd passage = MatrixXd::Zero(q_, q_);
  std::vector<Population> parents(by_symbol_.size());
  VectorXd message(q_), factor(q_), posterior(q_);
  double overlap = 0;  // E Σ_c P(c | leaves)²
  for (int a = 0; a < static_cast<int>(by_symbol_.size()); ++a) {
    if (nu[a] == 0) continue;
    for (int m = 0; m < members_; ++m) {
      message.setOnes();
      for (int child = 0; child < d_; ++child) {
        const int symbol = child_symbol(a);
        const Population& population = by_symbol_[symmetric ? 0 : symbol];
        const double* seen = &population[static_cast<std::size_t>(below(members_)) * q_];
        std::copy_n(seen, q_, factor.begin());
        if (symmetric) std::swap(factor[0], factor[symbol]);
        message = message.cwiseProduct(factor);
        message /= message.maxCoeff();
      }
      posterior = nu.cwiseProduct(message);
      posterior /= posterior.sum();
      if (symmetric)
        overlap += posterior.squaredNorm() / members_;
      else
        passage.row(a) += posterior.transpose() / members_;
      add_as_seen_by_parent(message, parents[a]);
    }
  }
  by_symbol_ = std::move(parents);
  if (!symmetric) return passage;
  const double kept = (q_ * overlap - 1) / (q_ - 1);  // q_w of MATH.md §6
  passage.setConstant((1 - kept) / q_);
  passage.diagonal().array() += kept;
  return passage;
}

}  // namespace leafcast::analysis
