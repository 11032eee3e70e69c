#include <bit>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/language/tree.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/grammar_kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that each is compiled for every instruction set.
#include "engine/kernels/lanes/derivation_sampler.h"
#include "engine/kernels/lanes/grammar_kgram.h"
#include "engine/kernels/lanes/language_reading.h"
#include "engine/kernels/lanes/parse.h"
#include "engine/kernels/lanes/sampling_loop.h"
#include "engine/observe/memory.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

using GrammarObserver = Observer<GrammaticalityObserver>;

GrammarObserver make_grammar_observer(const GrammarTables& tables, SentenceTask& task) {
  if (task.record) return {tables.leaves, task.sentences};
  GrammarObserver observer(tables.cell, task.tally);
  if (tables.cell.observe().validity) observer.check<GrammaticalityObserver>(tables, task.tally);
  return observer;
}

GrammarKgram make_kgram(const GrammarTables& tables) {
  return {tables, *tables.beliefs, std::get<KgramGenerator>(tables.cell.generator())};
}
/// The law of the next leaf given all leaves before it.
GrammarKgram make_language_law(const GrammarTables& tables) {
  return {tables, *tables.beliefs, KgramGenerator{tables.leaves, ContextUnit::leaves, Structure::fixed}};
}

bool run_sentences_of_grammar(const GrammarTables& tables, SentenceTask& task) {
  GrammarObserver observer = make_grammar_observer(tables, task);
  const Generator& generator = tables.cell.generator();
  if (tables.cell.observe().entropy && !task.record) {
    LanguageReading<DerivationSampler, GrammarKgram> reading(tables, task.tally, make_language_law(tables));
    GrammarKgram model =
        std::holds_alternative<KgramGenerator>(generator) ? make_kgram(tables) : make_language_law(tables);
    return sample_entropies(tables, reading, model, observer, task);
  }
  const auto from_ancestors = [&] {
    DerivationSampler sampler(tables);
    if (!sample(tables, sampler, observer, task)) return false;
    note_memory(task.tally, grammar_memory_bits(tables.cell));
    return true;
  };
  if (tables.cell.learns()) return from_ancestors();  // training sets are of the language
  return visit_writer(generator, overloaded{[&](const TrueGenerator&) { return from_ancestors(); },
                                            [&](const KgramGenerator&) {
                                              GrammarKgram sampler = make_kgram(tables);
                                              return sample(tables, sampler, observer, task);
                                            },
                                            [&](const BlockGenerator&) { return from_ancestors(); },
                                            [&](const ReasoningGenerator&) { return from_ancestors(); }});
}

void find_laws_of_grammar(const GrammarTables& tables, LawTask& task) {
  GrammarKgram model = make_kgram(tables);
  LeafOdometer odometer(tables.d, tables.height);
  task.laws.resize(tables.leaves, tables.q);
  for (int carry = tables.height; odometer.leaf() < tables.leaves; carry = odometer.advance()) {
    LawView law = model.prepare(carry);
    const std::int64_t i = odometer.leaf();
    for (int c = 0; c < tables.q; ++c) task.laws(i, c) = law[c][0];
    task.laws.row(i) /= task.laws.row(i).sum();
    model.absorb(I32::all(task.sentence[static_cast<std::size_t>(i)]));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(run_sentences_of_grammar);
HWY_EXPORT(find_laws_of_grammar);

bool run_on_lanes(const GrammarTables& tables, SentenceTask& task) {
  return HWY_DYNAMIC_DISPATCH(run_sentences_of_grammar)(tables, task);
}
void find_laws(const GrammarTables& tables, LawTask& task) {
  HWY_DYNAMIC_DISPATCH(find_laws_of_grammar)(tables, task);
}

}  // namespace leafcast
#endif
