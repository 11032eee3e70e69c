#include "engine/kernels/tables/sampler_tables.h"

#include <algorithm>

#include "engine/writers/block_shape.h"

namespace leafcast {

namespace {

template <class Matrix>
std::vector<float> row_major(const Matrix& m) {
  std::vector<float> flat;
  for (int i = 0; i < m.rows(); ++i)
    for (int j = 0; j < m.cols(); ++j) flat.push_back(static_cast<float>(m(i, j)));
  return flat;
}

std::vector<float> cumulative_rows(const Eigen::MatrixXd& m) {
  std::vector<float> flat;
  for (int i = 0; i < m.rows(); ++i) {
    const std::vector<float> row = SamplerTables::cumulative(m.row(i).transpose());
    flat.insert(flat.end(), row.begin(), row.end());
  }
  return flat;
}

}  // namespace

std::vector<float> SamplerTables::cumulative(const Eigen::VectorXd& row) {
  const int q = static_cast<int>(row.size());
  int last = q - 1;
  while (last > 0 && row(last) == 0) --last;
  std::vector<float> sums(static_cast<std::size_t>(q));
  double sum = 0;
  for (int c = 0; c < q; ++c) {
    sum += row(c);
    sums[c] = c >= last ? 1.0f : static_cast<float>(sum);
  }
  return sums;
}

SamplerTables::SamplerTables(const Cell& c)
    : cell(c),
      q(c.language().symbols()),
      d(c.language().d),
      height(c.language().height),
      leaves(c.language().leaves()) {
  const Channel& channel = c.language().channel();
  symmetric = channel.is_symmetric();
  leave = 1 - channel.kernel()(0, 0);
  stay = static_cast<float>(channel.kernel()(0, 0));
  move = static_cast<float>(channel.kernel()(0, 1));
  kernel = row_major(channel.kernel());
  least_entry = 1;
  for (const float entry : kernel)
    if (entry > 0) least_entry = std::min(least_entry, entry);
  kernel_cumulative = cumulative_rows(channel.kernel());
  stationary = row_major(channel.stationary());
  stationary_cumulative = cumulative(channel.stationary());

  const BlockShape blocks(c);
  block_height = blocks.height;
  for (const Eigen::MatrixXd& law : blocks.across) {
    across_cumulative.push_back(cumulative_rows(law));
    if (!symmetric) continue;
    across_symmetric.push_back({static_cast<float>(law(0, 0)), static_cast<float>(law(0, 1))});
    across_leave.push_back(1 - law(0, 0));
  }
}

}  // namespace leafcast
