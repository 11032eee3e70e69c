#include "jobs/commands/options.h"

#include <fmt/format.h>

#include <sstream>

#include "engine/error.h"
#include "jobs/sweep/nearest.h"

namespace leafcast::jobs {

namespace po = boost::program_options;

namespace {
constexpr unsigned kHelpWidth = 80;
constexpr const char* kPositional = "positional";
}  // namespace

Options::Options(std::string command, std::string positional, std::string summary, bool takes_sweep_keys)
    : command_(std::move(command)),
      positional_name_(std::move(positional)),
      summary_(std::move(summary)),
      takes_sweep_keys_(takes_sweep_keys),
      own_("Options", kHelpWidth),
      keys_("Sweep keys (each replaces that key of the sweep files)", kHelpWidth) {
  own_.add_options()("help", "show this help");
  if (!takes_sweep_keys_) return;
  for (const SweepKey& key : sweep_keys())
    keys_.add_options()(key.name.c_str(), po::value<std::string>()->value_name(key.placeholder),
                        key.help.c_str());
}

void Options::parse(const Arguments& arguments) {
  po::options_description all;
  all.add(own_).add(keys_);
  all.add_options()(kPositional, po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add(kPositional, positional_name_.empty() ? 0 : -1);
  using namespace po::command_line_style;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(positions)
                  .style(default_style & ~allow_guessing)
                  .run(),
              values_);
    po::notify(values_);
  } catch (const po::unknown_option& e) {
    std::vector<std::string> known;
    for (const auto& option : all.options())
      if (option->long_name() != kPositional) known.push_back("--" + option->long_name());
    std::string given = e.get_option_name();
    if (!given.starts_with("-")) given = "--" + given;
    throw UsageError(fmt::format("unknown option {}: leafcast {} does not have it; did you mean {}?", given,
                                 command_, find_nearest(given.substr(0, given.find('=')), known)));
  } catch (const po::too_many_positional_options_error&) {
    throw UsageError(
        fmt::format("leafcast {} takes no further arguments: see leafcast {} --help", command_, command_));
  } catch (const po::error& e) {
    throw UsageError(fmt::format("{}: see leafcast {} --help", e.what(), command_));
  }
}

std::string Options::help() const {
  std::ostringstream text;
  text << fmt::format("leafcast {} {}{}[OPTIONS]\n  {}\n\n", command_, positional_name_,
                      positional_name_.empty() ? "" : " ", summary_)
       << own_;
  if (takes_sweep_keys_) text << '\n' << keys_;
  return text.str();
}

double Options::seconds(const std::string& name, double otherwise) const {
  if (!has(name)) return otherwise;
  const double seconds = get<double>(name);
  if (!(seconds >= 0))
    throw UsageError(fmt::format("--{} {}: a time in seconds is not negative", name, seconds));
  return seconds;
}

std::vector<std::string> Options::positional() const {
  return has(kPositional) ? get<std::vector<std::string>>(kPositional) : std::vector<std::string>{};
}

std::vector<Setting> Options::overrides() const {
  std::vector<Setting> settings;
  for (const SweepKey& key : sweep_keys())
    if (has(key.name)) settings.push_back({key.name, get<std::string>(key.name), "--" + key.name});
  return settings;
}

}  // namespace leafcast::jobs
