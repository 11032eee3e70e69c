// Sentences of the language, which a writer of another law reads: what its law, and the language's, tell of
// them.
#if defined(LEAFCAST_LANES_LANGUAGE_READING_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_LANGUAGE_READING_H_
#undef LEAFCAST_LANES_LANGUAGE_READING_H_
#else
#define LEAFCAST_LANES_LANGUAGE_READING_H_
#endif

#include "engine/kernels/lanes/information.h"
#include "engine/kernels/lanes/stream.h"
#include "engine/language/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Speaker: a writer of the language; Law: the language's law of the next leaf given all before.
template <class Speaker, class Law>
struct LanguageReading {
  template <class Tables>
  LanguageReading(const Tables& tables, Tally& tally) : LanguageReading(tables, tally, Law(tables)) {}
  template <class Tables>
  LanguageReading(const Tables& tables, Tally& tally, Law of_language)
      : d(tables.d),
        height(tables.height),
        leaves(tables.leaves),
        meter(tables.q, tables.height, tally),
        law(std::move(of_language)),
        speaker(tables) {}

  int d, height;
  std::int64_t leaves;
  EntropyMeter meter;
  Law law;
  Speaker speaker;

  /// A batch, at the address of the writer's batch but with numbers of its own, from the given sample on.
  /// Model: a law of the next leaf by prepare(carry) and absorb(x). False if may_go_on() is.
  template <class Model, class MayGoOn>
  bool read(StreamAddress address, int first, Model& model, MayGoOn&& may_go_on) {
    address.purpose = StreamPurpose::language;
    LaneStream voice(address, first);
    LeafOdometer odometer(d, height);
    for (int carry = height; odometer.leaf() < leaves; carry = odometer.advance()) {
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
