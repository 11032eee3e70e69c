#pragma once
#include <string>
#include <vector>

/// Figures of a statistic over two keys, as they are to be understood; gnuplot.h draws them.
namespace leafcast::analysis {

struct Map {
  struct Axis {
    std::string label;
    std::vector<double> values;  ///< ascending
    bool log = false;
  };
  /// A value of a third key.
  struct Panel {
    std::string label;           ///< empty if there is but one
    std::vector<double> values;  ///< [y][x]; NaN where no cell is
  };
  std::string name;  ///< of its files, without extension
  std::string title, value_label;
  std::string caption;  ///< for the page
  Axis x, y;
  bool log_values = false;
  std::vector<Panel> panels;

  double at(std::size_t panel, std::size_t row, std::size_t column) const {
    return panels[panel].values[row * x.values.size() + column];
  }
};

}  // namespace leafcast::analysis
