// Entropies on lanes: logarithms, entropies of laws, and their exact sums in fixed point.
#if defined(LEAFCAST_LANES_INFORMATION_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_INFORMATION_H_
#undef LEAFCAST_LANES_INFORMATION_H_
#else
#define LEAFCAST_LANES_INFORMATION_H_
#endif

#include <array>
#include <vector>

#include "engine/kernels/lanes/vectors.h"
#include "engine/observe/entropy.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// log x for normal x > 0 to about 1e-7 of max(1, |log x|), the same on every instruction set; something
/// finite for 0. x = 2^e m with m in [√½, √2):  log m = 2 artanh s = 2s (1 + s²/3 + s⁴/5 + …),  s = (m −
/// 1)/(m + 1), |s| < 0.172.
HWY_INLINE F32 natural_log(F32 x) {
  const I32 bits = as<I32>(x), offset = bits - 0x3f3504f3;  // √½
  const I32 e = offset >> 23;
  const F32 m = as<F32>(bits - (e << 23));
  const F32 s = (m - 1.0f) / (m + 1.0f), z = s * s;
  const F32 series = ((z * (1 / 9.0f) + 1 / 7.0f) * z + 1 / 5.0f) * z + 1 / 3.0f;
  return convert<F32>(e) * 0.693147181f + (s + s * z * series) * 2.0f;
}

/// A law's weights as probabilities; zeros where they sum to 0.
template <class Law>
HWY_INLINE void normalise(Law& law, int q) {
  F32 total = law[0];
  for (int c = 1; c < q; ++c) total += law[c];
  const F32 scale = 1.0f / choose(total > 0.0f, total, splat(1));
  for (int c = 0; c < q; ++c) law[c] *= scale;
}

/// −Σ p log p, in nats.
template <class Law>
HWY_INLINE F32 entropy(Law& law, int q) {
  F32 sum = {};
  for (int c = 0; c < q; ++c) sum += law[c] * natural_log(law[c]);
  return 0.0f - sum;
}

/// Sums of nonnegative entropies in units of 2^{-kEntropyBits} nats, a lane each.
struct FixedPointSum {
  std::array<std::int64_t, kLanes> lane{};
  HWY_INLINE void add(F32 nats) {
    const I32 units = convert<I32>(nats * static_cast<float>(1 << kEntropyBits) + 0.5f);
    for (int i = 0; i < kLanes; ++i) lane[i] += units[i];
  }
};

/// What a batch tells of its writer's laws: fills the fields of entropy (engine/observe/entropy.h).
class EntropyMeter {
 public:
  EntropyMeter(int q, int height, Tally& tally)
      : q_(q),
        tally_(tally),
        cross_(static_cast<std::size_t>(height) + 1),
        language_(static_cast<std::size_t>(height) + 1) {}
  void begin(int active) { active_ = active; }

  /// A leaf of a sentence of the language, reached by this carry: the writer's law of it, and the language's.
  template <class Law>
  HWY_INLINE void read(int carry, Law& writer, Law& language) {
    normalise(writer, q_);
    normalise(language, q_);
    cross_[carry].add(entropy(writer, q_));
    language_[carry].add(entropy(language, q_));
  }
  /// A leaf x that the writer wrote, drawn from its law; and the language's law of it.
  template <class Law>
  HWY_INLINE void wrote(I32 x, Law& writer, Law& language) {
    normalise(writer, q_);
    normalise(language, q_);
    own_.add(entropy(writer, q_));
    F32 p = language[0];
    for (int c = 1; c < q_; ++c) p = choose(x == c, language[c], p);
    impossible_ |= ~(p > 0.0f);
    reverse_.add(0.0f - natural_log(smaller(p, splat(1))));
  }
  /// A leaf of what is no sentence of the language any more.
  template <class Law>
  HWY_INLINE void wrote(Law& writer) {
    normalise(writer, q_);
    own_.add(entropy(writer, q_));
  }
  /// All of the batch are nothing that the language can write.
  void wrote_no_sentence() { impossible_ = I32::all(-1); }

  void end_batch() {
    for (std::size_t j = 0; j < cross_.size(); ++j) {
      move_to(tally_.limbs(fields::cross_entropy, static_cast<int>(j)), cross_[j]);
      move_to(tally_.limbs(fields::language_entropy, static_cast<int>(j)), language_[j]);
    }
    move_to(tally_.limbs(fields::own_entropy), own_);
    for (int i = 0; i < active_; ++i) {
      if (impossible_[i])
        ++tally_.counts(fields::impossible)[0];
      else
        add_to(tally_.limbs(fields::reverse_entropy), reverse_.lane[i]);
    }
    reverse_ = {};
    impossible_ = {};
  }

 private:
  void move_to(std::span<std::uint64_t> entry, FixedPointSum& from) {
    Int128 sum = 0;
    for (int i = 0; i < active_; ++i) sum += from.lane[i];
    add_to(entry, sum);
    from = {};
  }

  int q_, active_ = kLanes;
  Tally& tally_;
  std::vector<FixedPointSum> cross_, language_;  // [height 0…h]
  FixedPointSum own_, reverse_;
  I32 impossible_ = {};
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
