#include "engine/kernels/collapsed/collapsed_sampler.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/contract.h"
#include "engine/int128.h"
#include "engine/observe/memory.h"
#include "engine/observe/power_sums.h"
#include "engine/writers/block_shape.h"

namespace leafcast {

using Eigen::MatrixXd;

namespace {

constexpr double kDrawSeconds = 40e-9;

/// A symmetric channel's symbols other than the observed one lump: states {observed, another}. Sums of
/// entries rather than differences from 1, so that zeros stay zeros.
MatrixXd states_of(const Channel& channel, const MatrixXd& between_symbols) {
  if (!channel.is_symmetric()) return between_symbols;
  const double stay = between_symbols(0, 0), move = between_symbols(0, 1), others = channel.q() - 1;
  MatrixXd lumped(2, 2);
  lumped << stay, others * move, move, stay + (others - 1) * move;
  return lumped;
}

/// In plain loops: a library's kernels may fuse or reorder sums, which other machines do not.
MatrixXd product(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd c = MatrixXd::Zero(a.rows(), b.cols());
  for (int i = 0; i < a.rows(); ++i)
    for (int k = 0; k < a.cols(); ++k)
      for (int j = 0; j < b.cols(); ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}

/// So that rows of long products still sum to 1: their rounding errors would grow with n.
void normalize_rows(MatrixXd& m) {
  for (int i = 0; i < m.rows(); ++i) {
    double sum = 0;
    for (int j = 0; j < m.cols(); ++j) sum += m(i, j);
    for (int j = 0; j < m.cols(); ++j) m(i, j) /= sum;
  }
}

MatrixXd root_law(const Channel& channel) {
  if (!channel.is_symmetric()) return channel.stationary().transpose();
  return Eigen::RowVector2d(1, channel.q() - 1);
}

}  // namespace

double binomial_draws(const Cell& cell) {
  const Language& language = cell.language();
  const BlockShape blocks(cell);
  const double q = language.channel().is_symmetric() ? 2 : language.symbols();
  std::set<int> lengths;  // as CollapsedSampler::add_chain halves them
  const auto halve = [&](auto& self, int length) -> void {
    if (length == 1 || !lengths.insert(length).second) return;
    self(self, length - length / 2);
    self(self, length / 2);
  };
  halve(halve, language.d);
  const auto splits = static_cast<double>(lengths.size()) * blocks.levels;
  return q * (q - 1) * (blocks.height + 2 * q * splits);
}

RowSplitter::RowSplitter(const MatrixXd& weights) : columns_(static_cast<int>(weights.cols())) {
  for (int a = 0; a < weights.rows(); ++a) {
    std::vector<double> rest(static_cast<std::size_t>(columns_));  // the weight from a column on
    rest.back() = weights(a, columns_ - 1);
    for (int b = columns_ - 2; b >= 0; --b) rest[b] = weights(a, b) + rest[b + 1];
    for (int b = 0; b + 1 < columns_; ++b)
      if (rest[b] > 0)
        samplers_.emplace_back(weights(a, b) / rest[b], rest[b + 1] / rest[b]);
      else
        samplers_.emplace_back(0, 1);
  }
}

/// Counts draws, and calls `proceed` after some two milliseconds of them.
class CollapsedSampler::Budget {
 public:
  explicit Budget(const Proceed& proceed) : proceed_(proceed) {}
  bool spend(int draws) {
    if ((left_ -= draws) > 0) return true;
    left_ = kDraws;
    return proceed_();
  }

 private:
  static constexpr int kDraws = static_cast<int>(kPollSeconds / kDrawSeconds);
  const Proceed& proceed_;
  int left_ = kDraws;
};

/// Power sums and histogram of S: narrow sums where powers fit 128 bits.
class CollapsedSampler::Sums {
 public:
  explicit Sums(const Cell& cell)
      : q_(cell.language().symbols()),
        n_(cell.language().leaves()),
        centre_(HistogramBins::centre(cell)),
        histogram_(cell.observe().histogram ? 2 * kBins : 0) {}

  void add(std::int64_t count) {
    const std::int64_t s = q_ * count - n_;
    const Int128 square = static_cast<Int128>(s) * s;
    narrow_[0] += s;
    if (s < kNarrow && s > -kNarrow) {
      narrow_[1] += square;
      narrow_[2] += square * s;
      narrow_[3] += square * square;
    } else {
      const WideInt wide = square;
      wide_[1] += wide;
      wide_[2] += wide * s;
      wide_[3] += wide * wide;
    }
    if (++unflushed_ == kCapacity) flush();
    if (!histogram_.empty())
      ++histogram_[static_cast<std::size_t>(HistogramBins::bin(count - centre_) + kBins)];
  }

  void enter(Tally& tally, int height) {
    flush();
    leafcast::add(tally, height, wide_);
    for (std::size_t i = 0; i < histogram_.size(); ++i)
      if (histogram_[i] > 0) tally.histogram[static_cast<int>(i) - kBins] = histogram_[i];
  }

 private:
  static constexpr std::int64_t kNarrow = std::int64_t{1} << 28;  // s⁴ < 2^112
  static constexpr int kCapacity = 1 << 14;                       // of s⁴, and of s < 2^62
  static constexpr int kBins = 2048;  // more than HistogramBins has on either side

  void flush() {
    for (int p = 0; p < kPowers; ++p) wide_[p] += WideInt(narrow_[p]), narrow_[p] = 0;
    unflushed_ = 0;
  }

  std::int64_t q_, n_, centre_;
  Int128 narrow_[kPowers] = {};
  int unflushed_ = 0;
  PowerSums wide_ = {};
  std::vector<std::uint64_t> histogram_;
};

CollapsedSampler::CollapsedSampler(const Cell& cell)
    : cell_(cell),
      layout_(TallyLayout::of(cell)),
      states_(cell.language().channel().is_symmetric() ? 2 : cell.language().symbols()),
      chosen_state_(cell.language().channel().is_symmetric() ? 0 : cell.observe().symbol),
      first_(root_law(cell.language().channel())),
      last_(first_),
      child_(states_of(cell.language().channel(), cell.language().channel().kernel())) {
  LEAFCAST_EXPECT(cell.method() == Method::collapsed, "counts of " + cell.label(), "its method is another",
                  "ask sampler_family() first");
  const BlockShape blocks(cell);
  block_height_ = blocks.height;
  const MatrixXd one = MatrixXd::Identity(states_, states_);
  stretches_.push_back({one, -1, -1, RowSplitter(one), RowSplitter(one)});
  int part = 0;
  for (int j = 0; j < blocks.levels; ++j)
    part = add_chain(part, cell.language().d,
                     states_of(cell.language().channel(), blocks.across[blocks.lca_drawn ? 0 : j]));
  last_ = RowSplitter(stretches_.back().ends);
}

/// `length` equal parts in a row, by halves: at most two lengths at each halving. Returns the index of the
/// whole.
int CollapsedSampler::add_chain(int part, int length, const MatrixXd& across) {
  std::map<int, int> made = {{1, part}};
  const auto make = [&](auto& self, int parts) -> int {
    if (const auto found = made.find(parts); found != made.end()) return found->second;
    const int left = self(self, parts - parts / 2), right = self(self, parts / 2);
    const MatrixXd &of_left = stretches_[left].ends, &of_right = stretches_[right].ends;
    const MatrixXd onwards = product(across, of_right);
    MatrixXd ends = product(of_left, onwards);
    normalize_rows(ends);
    MatrixXd last(states_ * states_, states_), first(states_ * states_, states_);
    for (int x = 0; x < states_; ++x)
      for (int y = 0; y < states_; ++y) {
        last.row(x * states_ + y) = of_left.row(x).cwiseProduct(onwards.col(y).transpose());
        first.row(x * states_ + y) = across.row(x).cwiseProduct(of_right.col(y).transpose());
      }
    stretches_.push_back({ends, left, right, RowSplitter(last), RowSplitter(first)});
    return made[parts] = static_cast<int>(stretches_.size()) - 1;
  };
  return make(make, length);
}

std::optional<Tally> CollapsedSampler::run(std::uint32_t chunk, std::uint64_t samples,
                                           const Proceed& proceed) const {
  Budget budget(proceed);
  Sums sums(cell_);
  std::vector<std::int64_t> counts;
  for (std::uint64_t i = 0; i < samples; ++i) {
    ScalarStream stream({cell_.seed(), cell_.id(), chunk, i, StreamPurpose::counts});
    std::int64_t chosen = 0;
    if (!draw_count(stream, counts, budget, chosen)) return std::nullopt;
    sums.add(chosen);
  }
  Tally tally(layout_, samples);
  sums.enter(tally, cell_.language().height);
  note_memory(tally, memory_bits(cell_, std::max(block_height_, 1)));
  return tally;
}

/// N_c of one sentence. `counts` is kept from one sentence to the next to spare allocations. False if told to
/// stop.
bool CollapsedSampler::draw_count(ScalarStream& stream, std::vector<std::int64_t>& counts, Budget& budget,
                                  std::int64_t& chosen) const {
  const int q = states_, types = q * q;
  // [stretch][x][y], then [v][y] of a stretch that is being split, or [state] of a level.
  counts.assign((stretches_.size() + 1) * static_cast<std::size_t>(types), 0);
  const auto of = [&](std::size_t stretch) {
    return counts.data() + stretch * static_cast<std::size_t>(types);
  };
  std::int64_t* const scratch = of(stretches_.size());

  std::int64_t* const whole = of(stretches_.size() - 1);
  first_(0, 1, stream, [&](int x, std::int64_t chosen_x) {
    if (chosen_x > 0) last_(x, 1, stream, [&](int y, std::int64_t chosen_y) { whole[x * q + y] = chosen_y; });
  });

  for (std::size_t i = stretches_.size() - 1; i > 0; --i) {
    const Stretch& stretch = stretches_[i];
    const std::int64_t* const split = of(i);
    std::int64_t *const left = of(static_cast<std::size_t>(stretch.left)), *const right =
                                                                               of(static_cast<std::size_t>(
                                                                                   stretch.right));
    std::fill(scratch, scratch + types, 0);
    for (int x = 0; x < q; ++x)
      for (int y = 0; y < q; ++y)
        stretch.last_of_left(x * q + y, split[x * q + y], stream, [&](int v, std::int64_t part) {
          left[x * q + v] += part;
          scratch[v * q + y] += part;
        });
    for (int v = 0; v < q; ++v)
      for (int y = 0; y < q; ++y)
        stretch.first_of_right(v * q + y, scratch[v * q + y], stream,
                               [&](int z, std::int64_t part) { right[z * q + y] += part; });
    if (!budget.spend(2 * types * (q - 1))) return false;
  }

  std::int64_t *level = of(0), *next = scratch;
  for (int x = 0; x < q; ++x) level[x] = level[x * q + x];
  for (int j = 0; j < block_height_; ++j) {
    std::fill(next, next + q, 0);
    for (int x = 0; x < q; ++x)
      child_(x, level[x] * cell_.language().d, stream,
             [&](int child, std::int64_t part) { next[child] += part; });
    std::swap(level, next);
    if (!budget.spend(q * (q - 1))) return false;
  }
  chosen = level[chosen_state_];
  return true;
}

}  // namespace leafcast
