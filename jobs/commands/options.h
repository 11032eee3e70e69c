#pragma once
#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

using Arguments = std::vector<std::string>;

/// A command's options: its own, the sweep keys if it takes a sweep, and positional arguments.
class Options {
 public:
  /// `positional`: placeholder of the positional arguments, e.g. "SWEEP…"; `summary`: one line for --help.
  Options(std::string command, std::string positional, std::string summary, bool takes_sweep_keys);

  boost::program_options::options_description_easy_init add() { return own_.add_options(); }
  /// Throws UsageError, with the nearest known name for an unknown option.
  void parse(const Arguments& arguments);

  bool wants_help() const { return values_.count("help") > 0; }
  std::string help() const;
  bool has(const std::string& name) const { return values_.count(name) > 0; }
  template <class T>
  T get(const std::string& name) const {
    return values_[name].as<T>();
  }
  /// Numbers are options of type std::string, read here and nowhere else, as sweeps write them: 81, 1e5, 2^10.
  /// Throws UsageError: not a whole number, or out of bounds; `what` says which numbers they are ("ranks").
  std::int64_t whole(const std::string& name, std::int64_t least, std::int64_t most,
                     const std::string& what) const;
  /// A list of them: 0..7, 1,9,81, 2^0..2^8. `height`: what "height" stands for in it.
  std::vector<std::int64_t> wholes(const std::string& name, std::uint64_t height, std::int64_t least,
                                   std::int64_t most, const std::string& what) const;
  /// A time, or `otherwise` if it was not given. Throws UsageError for a negative one, or for 0 where that is none.
  enum class Zero { allowed, refused };
  double seconds(const std::string& name, double otherwise, Zero zero = Zero::allowed) const;
  std::vector<std::string> positional() const;
  /// The sweep keys that were given as options.
  std::vector<Setting> overrides() const;

 private:
  void require_values() const;
  std::string command_, positional_name_, summary_;
  bool takes_sweep_keys_;
  boost::program_options::options_description own_, keys_;
  boost::program_options::variables_map values_;
};

}  // namespace leafcast::jobs
