#pragma once
#include <stdexcept>
#include <string>

namespace leafcast {

/// What a function expects of its caller did not hold: a mistake in the program, never in what a user gave it
/// (UsageError, CellError, DataError).
class ContractError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void break_contract(const std::string& what, const std::string& why,
                                        const std::string& remedy) {
  throw ContractError(what + ": " + why + "; " + remedy);
}

}  // namespace leafcast

/// Throws ContractError unless the condition holds, in every build. The texts are made only then.
/// what: was asked for; why: it cannot be; remedy: what the caller does instead.
#define LEAFCAST_EXPECT(condition, what, why, remedy) \
  (static_cast<bool>(condition) ? void() : ::leafcast::break_contract(what, why, remedy))
