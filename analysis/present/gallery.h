#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "analysis/present/gnuplot.h"

namespace leafcast::analysis {

/// Draws figures into a folder beside the page, and keeps their names apart.
class Gallery {
 public:
  /// Makes the folder with the first figure.
  explicit Gallery(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The plots as <figure> elements, which hold their SVG and link to the files. Empty for none.
  std::string operator()(std::vector<Plot> plots);

 private:
  std::filesystem::path folder_;
  std::set<std::string> names_;
};

}  // namespace leafcast::analysis
