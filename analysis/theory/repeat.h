#pragma once
#include <bit>

namespace leafcast::analysis {

/// x ∘ x ∘ … ∘ x, d ≥ 1 times, for an associative join: O(log d) of them.
template <class T, class Join>
T repeat(const T& x, int d, const Join& join) {
  T product = x;
  for (int bit = std::bit_width(static_cast<unsigned>(d)) - 2; bit >= 0; --bit) {
    product = join(product, product);
    if (d >> bit & 1) product = join(product, x);
  }
  return product;
}

}  // namespace leafcast::analysis
