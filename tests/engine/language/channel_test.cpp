#include "engine/language/channel.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.h"

namespace channel_test {

using leafcast::Channel;
using leafcast::UsageError;

namespace {

Eigen::MatrixXd matrix(int q, std::initializer_list<double> rows) {
  Eigen::MatrixXd m(q, static_cast<int>(rows.size()) / q);
  auto entry = rows.begin();
  for (int a = 0; a < m.rows(); ++a)
    for (int b = 0; b < m.cols(); ++b) m(a, b) = *entry++;
  return m;
}

double distance(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) { return (a - b).cwiseAbs().maxCoeff(); }

void check_laws(const Channel& channel) {
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(channel.q());
  CHECK(distance(channel.kernel() * ones, ones) < 1e-14);
  CHECK(distance(channel.reversed() * ones, ones) < 1e-14);
  CHECK(std::abs(channel.stationary().sum() - 1) < 1e-14);
  CHECK(distance(channel.kernel().transpose() * channel.stationary(), channel.stationary()) < 1e-14);
  CHECK(distance(channel.reversed().transpose() * channel.stationary(), channel.stationary()) < 1e-14);
  CHECK(channel.kernel().minCoeff() >= 0);
  CHECK(channel.reversed().minCoeff() >= 0);
}

}  // namespace

TEST_CASE("a symmetric channel is λI + (1−λ)J/q") {
  for (const int q : {2, 3, 5, 64})
    for (const double lambda : {-1.0 / (q - 1), -0.3 / (q - 1), 0.0, 0.25, 0.9, 1.0}) {
      const Channel channel = Channel::symmetric(q, lambda);
      const Eigen::MatrixXd expected =
          lambda * Eigen::MatrixXd::Identity(q, q) + (1 - lambda) / q * Eigen::MatrixXd::Ones(q, q);
      CHECK(channel.is_symmetric());
      CHECK(channel.q() == q);
      CHECK(channel.lambda() == lambda);
      CHECK(distance(channel.kernel(), expected) < 1e-15);
      CHECK(channel.reversed() == channel.kernel());
      check_laws(channel);
    }
}

TEST_CASE("a coloring never repeats its parent, exactly") {
  for (int q = 2; q <= 64; ++q)
    for (const double error : {0.0, 1e-13, -1e-13}) {
      const Channel channel = Channel::symmetric(q, -1.0 / (q - 1) + error);
      CHECK((channel.kernel().diagonal().array() == 0).all());
      CHECK(channel.kernel()(0, 1) == 1.0 / (q - 1));
      CHECK(channel.lambda() == -1.0 / (q - 1));
    }
  // Just beside a coloring is not one.
  CHECK(Channel::symmetric(3, -0.5 + 1e-9).kernel()(0, 0) > 0);
}

TEST_CASE("a perfect copy moves nowhere, exactly") {
  const Channel channel = Channel::symmetric(3, 1);
  CHECK(channel.kernel() == Eigen::MatrixXd::Identity(3, 3));
}

TEST_CASE("symmetric channels outside the simplex are refused") {
  CHECK_THROWS_AS(Channel::symmetric(3, -0.51), UsageError);
  CHECK_THROWS_AS(Channel::symmetric(3, 1.0000001), UsageError);
  CHECK_THROWS_AS(Channel::symmetric(3, std::nan("")), UsageError);
  CHECK_THROWS_AS(Channel::symmetric(1, 0.5), UsageError);
  CHECK_THROWS_AS(Channel::symmetric(65, 0.5), UsageError);
  CHECK_THROWS_WITH(Channel::symmetric(3, -0.6), Catch::Contains("-0.5 <= lambda <= 1"));
}

TEST_CASE("a general kernel has its stationary law and its reversal") {
  // Stationary law of [[1−a, a], [b, 1−b]]: (b, a)/(a+b); eigenvalues 1 and 1−a−b. Two-state chains are
  // reversible.
  const Channel two = Channel::general(matrix(2, {0.9, 0.1, 0.2, 0.8}));
  CHECK_FALSE(two.is_symmetric());
  CHECK(two.stationary()[0] == Approx(2.0 / 3).epsilon(1e-15));
  CHECK(two.lambda() == Approx(0.7).epsilon(1e-14));
  CHECK(distance(two.reversed(), two.kernel()) < 1e-15);
  check_laws(two);

  // A drift around a circle: reversed, it drifts the other way. Eigenvalues 0.8ω + 0.1ω̄ + 0.1 in modulus:
  // 0.7.
  const Channel circle = Channel::general(matrix(3, {0.1, 0.8, 0.1, 0.1, 0.1, 0.8, 0.8, 0.1, 0.1}));
  CHECK(distance(circle.reversed(), circle.kernel().transpose()) < 1e-15);
  CHECK(circle.lambda() == Approx(0.7).epsilon(1e-12));
  check_laws(circle);
}

TEST_CASE("a periodic kernel is a language too") {
  const Channel channel = Channel::general(matrix(3, {0, 1, 0, 0, 0, 1, 1, 0, 0}));
  CHECK(distance(channel.stationary(), Eigen::VectorXd::Constant(3, 1.0 / 3)) < 1e-15);
  CHECK(channel.lambda() == Approx(1));
  check_laws(channel);
}

TEST_CASE("stationary laws keep their relative accuracy over many orders of magnitude") {
  // A birth-death chain: ν(a+1)/ν(a) = up/down, so ν(a) ∝ 10^{−6a}.
  const double up = 1e-7, down = 0.1;
  const Channel channel = Channel::general(matrix(
      4, {1 - up, up, 0, 0, down, 1 - up - down, up, 0, 0, down, 1 - up - down, up, 0, 0, down, 1 - down}));
  const Eigen::VectorXd& nu = channel.stationary();
  for (int a = 0; a < 3; ++a) CHECK(nu[a + 1] / nu[a] == Approx(1e-6).epsilon(1e-8));
  check_laws(channel);
}

TEST_CASE("transient symbols have probability zero and a lawful reversal") {
  const Channel channel = Channel::general(matrix(3, {0.5, 0.25, 0.25, 0, 0.9, 0.1, 0, 0.2, 0.8}));
  CHECK(channel.stationary()[0] == 0);
  CHECK(channel.stationary()[1] == Approx(2.0 / 3));
  CHECK(channel.reversed().allFinite());
  CHECK(channel.reversed()(1, 0) == 0);
  check_laws(channel);

  const Channel absorbed = Channel::general(matrix(2, {0.5, 0.5, 0, 1}));
  CHECK(absorbed.stationary()[0] == 0);
  CHECK(absorbed.stationary()[1] == 1);
  check_laws(absorbed);
}

TEST_CASE("kernels that are no channel are refused with their reason") {
  CHECK_THROWS_WITH(Channel::general(matrix(2, {0.5, 0.25, 0.25, 0.5, 0.25, 0.25})),
                    Catch::Contains("2 rows and 3 columns: it must be square"));
  CHECK_THROWS_WITH(Channel::general(matrix(2, {1.1, -0.1, 0.5, 0.5})),
                    Catch::Contains("a probability lies in [0, 1]"));
  CHECK_THROWS_WITH(Channel::general(matrix(2, {0.5, 0.5, 0.5, std::nan("")})),
                    Catch::Contains("row 2 of the kernel holds nan"));
  CHECK_THROWS_WITH(Channel::general(matrix(2, {0.5, 0.5, 0.5, 0.4})),
                    Catch::Contains("row 2 of the kernel sums to 0.9"));
  CHECK_THROWS_WITH(Channel::general(matrix(2, {1, 0, 0, 1})),
                    Catch::Contains("symbols 0 and 1 never lead to each other"));
  CHECK_THROWS_WITH(Channel::general(matrix(3, {0.2, 0.4, 0.4, 0, 1, 0, 0, 0, 1})),
                    Catch::Contains("more than one stationary law"));
  CHECK_THROWS_WITH(Channel::general(Eigen::MatrixXd::Constant(65, 65, 1.0 / 65)),
                    Catch::Contains("from 2 to 64"));
  CHECK_THROWS_WITH(Channel::general(Eigen::MatrixXd::Ones(1, 1)), Catch::Contains("from 2 to 64"));
  // Within 1e-9 a row is renormalised.
  const Channel near = Channel::general(matrix(2, {0.5, 0.5 + 1e-10, 0.5, 0.5}));
  CHECK(std::abs(near.kernel().row(0).sum() - 1) < 1e-15);
}

TEST_CASE("across: from a node up j levels and down again") {
  const Channel kernel = Channel::general(matrix(3, {0.1, 0.8, 0.1, 0.3, 0.1, 0.6, 0.8, 0.1, 0.1}));
  CHECK(kernel.across(0) == Eigen::MatrixXd::Identity(3, 3));
  CHECK(distance(kernel.across(1), kernel.reversed() * kernel.kernel()) < 1e-15);
  CHECK(distance(kernel.across(3), kernel.reversed() * kernel.reversed() * kernel.reversed() *
                                       kernel.kernel() * kernel.kernel() * kernel.kernel()) < 1e-14);

  // Both constructions agree; T_j = λ^{2j}I + (1−λ^{2j})J/q.
  for (const double lambda : {-0.5, -0.2, 0.0, 0.9, 1.0}) {
    const Channel closed = Channel::symmetric(3, lambda);
    for (const int j : {0, 1, 2, 7}) {
      const double stay = std::pow(lambda * lambda, j) + (1 - std::pow(lambda * lambda, j)) / 3;
      CHECK(closed.across(j)(0, 0) == Approx(stay).epsilon(1e-14));
      CHECK(closed.across(j).minCoeff() >= 0);
      if (lambda < 1) CHECK(distance(closed.across(j), Channel::general(closed.kernel()).across(j)) < 1e-14);
    }
  }
  CHECK(Channel::symmetric(2, 0.9).across(60)(0, 0) == Approx(0.5 + 0.5 * std::pow(0.9, 120)).epsilon(1e-13));
}

}  // namespace channel_test
