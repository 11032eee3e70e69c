// Sentences of the language, which a writer of another law reads: what its law, and the language's, tell of
// them.
#if defined(LEAFCAST_LANES_LANGUAGE_READING_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_LANGUAGE_READING_H_
#undef LEAFCAST_LANES_LANGUAGE_READING_H_
#else
#define LEAFCAST_LANES_LANGUAGE_READING_H_
#endif

#include "engine/lanes/ancestor_sampler.h"
#include "engine/lanes/information.h"
#include "engine/lanes/language_law.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

template <class C>
struct LanguageReading {
  LanguageReading(const SamplerTables& wanted, EntropySums& sums)
      : tables(wanted), meter(wanted.q, wanted.height, sums), law(wanted), speaker(wanted) {}

  const SamplerTables& tables;
  EntropyMeter meter;
  LanguageLaw<C> law;
  AncestorSampler<C, false> speaker;

  /// A batch, at the address of the writer's batch but with numbers of its own, from the given sample on.
  /// Model: a law of the next leaf by prepare(carry) and absorb(x). False if may_go_on() is.
  template <class Model, class MayGoOn>
  bool read(StreamAddress address, int first, Model& model, MayGoOn may_go_on) {
    address.purpose = StreamPurpose::language;
    LaneStream voice(address, first);
    LeafOdometer odometer(tables.d, tables.height);
    for (int carry = tables.height; odometer.leaf() < tables.leaves; carry = odometer.advance()) {
      const I32 x = speaker.next(odometer, carry, voice);
      auto writer_law = model.prepare(carry);
      auto language_law = law.prepare(carry);
      model.absorb(x);
      law.absorb(x);
      meter.read(carry, writer_law, language_law);
      if (!may_go_on()) return false;
    }
    return true;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
