#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/fit/least_squares.h"
#include "analysis/fit/required.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// A value that a law speaks of, before its ordinate is taken.
struct LawPoint {
  double x = 0;
  /// Levels into the asymptotic regime, or what takes their place: corrections die away as e^{−ω·distance}.
  double distance = 0;
  bool in_domain = true;
  std::size_t index = kNoCell;  ///< of the cell in the plan
  const Cell* cell = nullptr;   ///< null if the point is of no cell
  double value = kUnknown, error = kUnknown, exact = kUnknown, exact_error = 0;
};

/// The points that one fit is about.
struct Series {
  std::string group;             ///< what they have in common, for people
  std::vector<LawPoint> points;  ///< by x; also those outside the domain
  /// Of the values, in the order of the points. Points of error 0 or NaN have that here too.
  Covariance covariance;
  std::string covariance_text;  ///< how it was had
  /// Values are exact, without errors: the fit's errors come from their scatter.
  bool is_exact = false;
  std::string remark;  ///< for the note
};

/// What laws are tried on. Refers to its parts; they must outlive it.
struct Evidence {
  const Record& record;
  const EstimateIndex& index;
  std::span<const Required> needs;
};

/// A function and its derivative.
struct Ordinate {
  double y, derivative;
};

/// The ordinate y in which a law is a line, of a statistic v, and back. What is fitted is v ± σ against v(y): errors are
/// symmetric there, and a value that noise has made negative is a point like others, though it has no logarithm.
struct LawScale {
  Ordinate (*y)(double value);  ///< y, dy/dv; ±∞ for values beyond those that a y has
  Ordinate (*value)(double y);  ///< v, dv/dy
  bool of_size = false;         ///< of |v|; the most significant point says which sign v has
  /// What a constant in y is in v.
  enum class Intercept { other, factor, added } intercept = Intercept::other;
  /// Where errors go with values: by what an error is multiplied if the value should have been `expected`. Else low values,
  /// with their small errors, outvote the high ones. May be null.
  double (*error_factor)(double value, double expected) = nullptr;
};

/// How y may depend on a point.
struct Form {
  std::string name;     ///< "law", "corrected", "constant", "power"
  std::string formula;  ///< right-hand side
  enum class Nesting { none, within, contains } nesting = Nesting::none;  ///< this form, and the law
  std::vector<std::string> coefficients;
  /// y at a point, and its derivatives by the coefficients.
  std::function<double(const LawPoint&, std::span<const double> beta, std::span<double> gradient)> y;
  bool linear = true;  ///< in the coefficients; otherwise those of the law, and zeros, are the start
};

/// Coefficients that theory gives, in the order of the form; NaN where it says nothing.
struct Prediction {
  std::vector<double> coefficients;
  std::string assumption;
};

/// An asymptotic law. To add one: a file in analysis/fit/laws/ and a line in registry.h.
struct Law {
  std::string name, formula;
  std::string source;          ///< paper and equation
  std::string domain;          ///< for people
  std::string x_name, y_name;  ///< of the axes; the formula in words of the field
  std::function<std::vector<Series>(const Evidence&)> series;
  LawScale scale;
  std::function<std::string(const Series&)> why_no_law;  ///< "" where the law holds
  Form form;
  /// The law with its leading correction to scaling, whose exponent ω theory gives; nothing if there is none.
  std::function<std::optional<Form>(const Series&)> corrected;
  std::vector<Form> rivals;                             ///< that the law is compared with
  std::function<Prediction(const Series&)> predict;     ///< of the law's coefficients
  std::function<Prediction(const Series&)> correction;  ///< of the corrected form's; may be empty
};

}  // namespace leafcast::analysis
