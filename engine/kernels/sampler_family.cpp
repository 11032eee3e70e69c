#include "engine/kernels/sampler_family.h"

#include "engine/plan/plan.h"

namespace leafcast {

namespace {

/// A group of 512 samples costs as much as this many on lanes, and a cell has at least 64 chunks. Colors
/// among three take one random bit a node and pay early.
std::uint64_t least_samples_for_planes(const Channel& channel) {
  return kJackknifeBins * (flips_coins(channel) ? 64 : 192);
}

}  // namespace

bool flips_coins(const Channel& channel) { return channel.q() == 3 && channel.kernel()(0, 0) == 0; }

SamplerFamily sampler_family(const Cell& cell) {
  if (cell.method() == Method::collapsed) return SamplerFamily::collapsed;
  if (cell.method() == Method::splitting) return SamplerFamily::splitting;
  if (cell.learns()) return SamplerFamily::learners;
  const Observe& observe = cell.observe();
  if (observe.entropy || observe.pairs != Pairs::none || !observe.functionals.empty())
    return SamplerFamily::lanes;
  const Language& language = cell.language();
  const bool on_planes =
      language.visit(overloaded{[&](const Channel& channel) {
                                  return channel.is_symmetric() && channel.q() <= 4 &&
                                         cell.traits().remembers_a_path &&
                                         cell.samples() >= least_samples_for_planes(channel);
                                },
                                [](const Grammar&) { return false; }});
  return on_planes ? SamplerFamily::planes : SamplerFamily::lanes;
}

int batch_samples(const Cell& cell) {
  switch (sampler_family(cell)) {
    case SamplerFamily::planes:
      return kPlaneSamples;
    case SamplerFamily::collapsed:
    case SamplerFamily::learners:
      return 1;
    case SamplerFamily::splitting:
      return cell.particles();
    case SamplerFamily::lanes:
      break;
  }
  return kBatchSamples;
}

}  // namespace leafcast
