#include "jobs/commands/options.h"

#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "engine/error.h"
#include "engine/values.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/values.h"

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
    require_values();
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

/// An empty file name or number is a slip of a script, whose variable was not set.
void Options::require_values() const {
  for (const auto& option : own_.options()) {
    const auto value = values_.find(option->long_name());
    if (value == values_.end() || option->semantic()->max_tokens() == 0) continue;
    if (const auto* text = boost::any_cast<std::string>(&value->second.value()); text && text->empty())
      throw UsageError(
          fmt::format("--{}: its value is empty; see leafcast {} --help", option->long_name(), command_));
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

namespace {

std::int64_t whole_of(const std::string& name, const std::string& text, std::int64_t least, std::int64_t most,
                      const std::string& what) {
  const auto number = parse_whole(text);
  if (!number || *number > static_cast<std::uint64_t>(most) || static_cast<std::int64_t>(*number) < least)
    throw UsageError(
        most == std::numeric_limits<std::int64_t>::max()
            ? fmt::format("--{} {}: {}, a whole number from {} on", name, text, what, least)
            : fmt::format("--{} {}: {}, a whole number from {} to {}", name, text, what, least, most));
  return static_cast<std::int64_t>(*number);
}

}  // namespace

std::int64_t Options::whole(const std::string& name, std::int64_t least, std::int64_t most,
                            const std::string& what) const {
  return whole_of(name, get<std::string>(name), least, most, what);
}

std::vector<std::int64_t> Options::wholes(const std::string& name, std::uint64_t height, std::int64_t least,
                                          std::int64_t most, const std::string& what) const {
  // Lists are those of sweeps, of a key that takes whole numbers.
  const ValueList values({"generator.context", get<std::string>(name), "--" + name});
  std::vector<std::int64_t> list;
  for (const std::string& text : values.expand(height, true))
    list.push_back(whole_of(name, text, least, most, what));
  return list;
}

double Options::seconds(const std::string& name, double otherwise, Zero zero) const {
  if (!has(name)) return otherwise;
  const std::string text = get<std::string>(name);
  const auto seconds = parse_real(text);
  if (!seconds || *seconds < 0 || (*seconds == 0 && zero == Zero::refused))
    throw UsageError(fmt::format("--{} {}: a time in seconds is a number{}", name, text,
                                 zero == Zero::refused ? " above 0" : " from 0 on"));
  return *seconds;
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
