#include "analysis/present/report.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/estimate/estimates.h"
#include "analysis/fit/fits.h"
#include "analysis/present/findings.h"
#include "analysis/present/glossary.h"
#include "analysis/present/gnuplot.h"
#include "analysis/present/html.h"
#include "analysis/text/output_file.h"
#include "engine/error.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::report_test {
namespace {

namespace fs = std::filesystem;
using synthetic::make_cell;

bool has_gnuplot() { return std::system("gnuplot --version >/dev/null 2>&1") == 0; }

/// A folder that goes when the test ends.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("leafcast-report-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

Record sample_record() {
  std::vector<Cell> cells;
  const auto add = [&](Parameters parameters) {
    parameters.insert({{"language.d", "3"}, {"sampling.samples", "192"}});
    cells.push_back(make_cell(parameters));
  };
  for (const char* height : {"2", "3"}) {
    const Parameters ising = {
        {"language.kind", "ising"}, {"language.rho", "0.9"}, {"language.height", height}};
    const auto with = [&](Parameters more) {
      more.insert(ising.begin(), ising.end());
      add(more);
    };
    with({{"generator.kind", "true"}});
    for (int w = 0; w <= std::stoi(height); ++w) {
      with({{"generator.kind", "block"},
            {"generator.context-depth", std::to_string(w)},
            {"generator.memory", "root"}});
      with({{"generator.kind", "reasoning"}, {"generator.memory-depth", std::to_string(w)}});
      with({{"generator.kind", "kgram"}, {"generator.context", std::to_string(w + 1)}});
    }
  }
  for (int w = 0; w <= 2; ++w)
    add({{"language.kind", "coloring"},
         {"language.q", "3"},
         {"language.height", "2"},
         {"generator.kind", "block"},
         {"generator.context-depth", std::to_string(w)}});
  return synthetic::draw(
      Plan("Sweep <script>alert('x')</script>", cells, "[language]\nkind = ising & coloring\n"));
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

/// What stands between `before` and the next quote, wherever it does.
std::vector<std::string> quoted_after(const std::string& text, const std::string& before) {
  std::vector<std::string> list;
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    list.push_back(text.substr(at, text.find_first_of("'\"", at) - at));
  }
  return list;
}

std::string without(std::string text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

TEST_CASE("the report: one page with every figure, and every figure in five files beside it") {
  if (!has_gnuplot()) {
    WARN("gnuplot is not installed: not tested");
    return;
  }
  const Folder folder;
  const Record record = sample_record();
  const auto list = estimates(record);
  write_report(folder.path / "out.html", record, list, fits(record, list),
               {{{"out", {{"sampling_seconds", "90"}, {"predicted_seconds", "108"}}}},
                {{"command line", "leafcast run \"a\" < b"}}});
  const std::string page = read_file(folder.path / "out.html");

  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path / "out-figures"))
    if (entry.path().extension() == ".gp") names.insert(entry.path().stem().string());
  for (const char* figure :
       {"ising-d3-rho0.9-h3-variance", "ising-d3-rho0.9-h3-kurtosis", "ising-d3-rho0.9-h3-variance-by-height",
        "ising-d3-rho0.9-h3-correlation", "ising-d3-rho0.9-h3-histogram", "coloring-q3-d3-h2-valid",
        "ising-d3-rho0.9-required-memory", "z-scores", "z-quantiles"})
    CHECK(names.contains(figure));
  for (const std::string& name : names) {
    INFO(name);
    for (const char* extension : kFigureFiles) {
      REQUIRE(fs::exists(folder.path / "out-figures" / (name + extension)));
      CHECK(fs::file_size(folder.path / "out-figures" / (name + extension)) > 100);
    }
    for (const char* extension : kFigureFiles)
      CHECK(page.find("out-figures/" + name + extension + "\"") != std::string::npos);
    CHECK(read_file(folder.path / "out-figures" / (name + ".pdf")).starts_with("%PDF"));
  }
  CHECK(count(page, "<svg") == names.size());
  CHECK(count(page, "</svg>") == names.size());

  SECTION("self-contained: nothing is fetched") {
    std::string rest = without(page, "xmlns=\"http://www.w3.org/2000/svg\"");
    rest = without(rest, "xmlns:xlink=\"http://www.w3.org/1999/xlink\"");
    CHECK(count(rest, "http://") == 0);
    CHECK(count(rest, "https://") == 0);
    for (const char* loader : {"<script", "<link", "<img", "<iframe", "@import"})
      CHECK(count(rest, loader) == 0);
  }
  SECTION("what the data say and what they cost") {
    CHECK(page.find("reaches ") != std::string::npos);
    CHECK(page.find("comparisons with exact values") != std::string::npos);
    CHECK(page.find("Sampling took 90 s of core time; the cost model had predicted 108 s") !=
          std::string::npos);
  }
  SECTION("every entry of the contents leads somewhere") {
    const auto entries = quoted_after(page, "<li><a href=\"#");
    CHECK(entries.size() >= 6);
    for (const std::string& id : entries) CHECK(count(page, "<section id=\"" + id + "\"") == 1);
  }
  SECTION("figures take the page's colors, so that they can be read in the dark") {
    CHECK(count(page, "var(--f-blue)") > 10);
    CHECK(count(page, "rgb(") == 0);
  }
  SECTION("text is escaped") {
    CHECK(page.find("Sweep &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") != std::string::npos);
    CHECK(page.find("leafcast run &quot;a&quot; &lt; b") != std::string::npos);
    CHECK(page.find("kind = ising &amp; coloring") != std::string::npos);
  }
  SECTION("ids of the figures do not clash, and what refers to them finds them") {
    std::set<std::string> ids;
    for (const char* before : {" id='", " id=\""})
      for (const std::string& id : quoted_after(page, before)) {
        INFO(id);
        CHECK(ids.insert(id).second);
      }
    CHECK(!ids.empty());
    for (const char* before : {"href='#", "href=\"#"})
      for (const std::string& target : quoted_after(page, before)) CHECK(ids.contains(target));
  }
  SECTION("nothing is left lying about") {
    for (const auto& entry : fs::recursive_directory_iterator(folder.path))
      CHECK(entry.path().filename().string().front() != '.');
  }
  SECTION("data are CSV for other programs") {
    const std::string csv = read_file(folder.path / "out-figures/ising-d3-rho0.9-h3-variance.csv");
    CHECK(csv.starts_with("series,x,y,low,high\n"));
    CHECK(count(csv, "\n") > 5);
    CHECK(csv.find("\n,") == std::string::npos);  // every row says of what
  }
  SECTION("a script draws its figure again by itself") {
    const fs::path figures = folder.path / "out-figures";
    const std::string before = read_file(figures / "ising-d3-rho0.9-h3-variance.svg");
    fs::remove(figures / "ising-d3-rho0.9-h3-variance.svg");
    fs::remove(figures / "ising-d3-rho0.9-h3-variance.png");
    REQUIRE(std::system(
                ("cd '" + figures.string() + "' && gnuplot ising-d3-rho0.9-h3-variance.gp").c_str()) == 0);
    CHECK(read_file(figures / "ising-d3-rho0.9-h3-variance.svg") == before);
    CHECK(fs::exists(figures / "ising-d3-rho0.9-h3-variance.png"));
  }
}

TEST_CASE("figures can be chosen by their names, and languages come by length") {
  if (!has_gnuplot()) return;
  const Folder folder;
  const Record record = sample_record();
  const auto list = estimates(record);
  const auto figures_of = [&](const ReportChoice& choice) {
    write_report(folder.path / "some.html", record, list, fits(record, list), {}, choice);
    std::set<std::string> names;
    const std::string page = read_file(folder.path / "some.html");
    for (const std::string& link : quoted_after(page, "<a href=\"some-figures/"))
      if (link.ends_with(".png")) names.insert(link.substr(0, link.size() - 4));
    return names;
  };
  const std::set<std::string> kurtoses = figures_of({.figures = {"-kurtosis"}});
  CHECK(kurtoses.contains("ising-d3-rho0.9-h3-kurtosis"));
  for (const std::string& name : kurtoses) CHECK(name.find("-kurtosis") != std::string::npos);
  CHECK(figures_of({.figures = {"z-scores"}}) == std::set<std::string>{"z-scores"});
  CHECK_THROWS_AS(figures_of({.figures = {"z-scores", "zebra"}}), UsageError);

  write_report(folder.path / "all.html", record, list, {}, {}, {.compare = {"language.height"}});
  const std::string page = read_file(folder.path / "all.html");
  CHECK(page.find("<section id=\"compare-language.height\"") != std::string::npos);
  const auto tall = page.find(">ising d=3 ρ=0.9 h=3 (n = 27)<"),
             low = page.find(">ising d=3 ρ=0.9 h=2 (n = 9)<");
  REQUIRE((tall != std::string::npos && low != std::string::npos));
  CHECK(tall < low);
}

TEST_CASE("a page explains the words of its cells, as the README does") {
  const Record record = sample_record();
  const Document words = glossary(record.plan);
  std::ostringstream text;
  write_text(text, words, 400);
  for (const char* word : {"Writer", "k-gram", "Block", "Reasoning", "Path"})
    CHECK(text.str().find(word) != std::string::npos);
  for (const char* word : {"Splitting", "Reset", "Collapsed", "Segment"})
    CHECK(text.str().find(word) == std::string::npos);
}

TEST_CASE("a report that cannot be drawn or written says why and what to do") {
  const Folder folder;
  const Record record = sample_record();
  const auto list = estimates(record);
  const auto write = [&](const fs::path& path) { write_report(path, record, list, {}, {}); };
  SECTION("no gnuplot") {
    const std::string path = std::getenv("PATH");
    setenv("PATH", "/nowhere", 1);
    CHECK_THROWS_MATCHES(
        write(folder.path / "out.html"), IoError, Catch::Predicate<IoError>([](const IoError& e) {
          const std::string text = e.what();
          return text.find("cannot run gnuplot") == 0 && text.find("install it") != std::string::npos;
        }));
    setenv("PATH", path.c_str(), 1);
    CHECK_FALSE(fs::exists(folder.path / "out.html"));
  }
  SECTION("no folder") {
    std::ofstream(folder.path / "file") << "in the way";
    CHECK_THROWS_AS(write(folder.path / "file" / "out.html"), IoError);
  }
}

TEST_CASE("settings of the user have no say in figures, nor in scripts that are run by hand") {
  if (!has_gnuplot()) return;
  const Folder folder;
  fs::create_directories(folder.path / "home");
  std::ofstream(folder.path / "home/.gnuplot")
      << "set logscale x\nset title 'mine'\nset linetype 1 dt 3 lw 5\nset linetype 2 dt 3 lw 5\nset decimalsign ','\n"
         "set datafile separator ','\nset terminal svg rounded linewidth 4 dashlength 3 fontscale 2\n"
         "set terminal pngcairo transparent crop linewidth 5\nset monochrome\nset samples 3\nset pointsize 4\n"
         "set encoding iso_8859_1\nset key off\nset style data boxes\nset loadpath '/nowhere'\nset xrange [1:2] reverse\n";
  Plot plot;
  plot.name = "figure";
  plot.title = "a title";
  plot.y_label = "ρ", plot.x_high = 2, plot.x_low = 0.1, plot.y_high = 1;
  plot.curves.push_back({"dots", Curve::Style::points, 1, false, 0, {point(0.5, 0.5, 0.1), point(1, 0.7)}});
  plot.curves.push_back({"line", Curve::Style::line, 2, false, 0, {point(0.2, 0.5), point(1, 0.7)}});
  const std::string clean = draw(plot, folder.path);
  std::map<std::string, std::string> before = {{"HOME", (folder.path / "home").string()},
                                               {"GNUTERM", "dumb"},
                                               {"GNUPLOT_LIB", "/nowhere"},
                                               {"LC_ALL", "de_DE.UTF-8"},
                                               {"XDG_CONFIG_HOME", (folder.path / "home").string()}};
  for (auto& [name, value] : before) {
    const char* old = std::getenv(name.c_str());
    const std::string hostile = value;
    value = old ? old : "";
    setenv(name.c_str(), hostile.c_str(), 1);
  }
  CHECK(draw(plot, folder.path) == clean);
  const std::string png = read_file(folder.path / "figure.png");
  fs::remove(folder.path / "figure.svg");
  CHECK(std::system(("cd '" + folder.path.string() + "' && gnuplot figure.gp 2>log").c_str()) == 0);
  CHECK(read_file(folder.path / "figure.svg") == clean);
  CHECK(read_file(folder.path / "figure.png") == png);
  // The wrong twin: a script that says nothing of what was set before.
  const std::string script = read_file(folder.path / "figure.gp");
  std::ofstream(folder.path / "figure.gp") << script.substr(script.find("data ="));
  [[maybe_unused]] const int status =
      std::system(("cd '" + folder.path.string() + "' && gnuplot figure.gp 2>log").c_str());
  CHECK(read_file(folder.path / "figure.svg") != clean);
  for (const auto& [name, value] : before)
    value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
}

TEST_CASE("a figure that gnuplot cannot draw is an error with its words") {
  if (!has_gnuplot()) return;
  const Folder folder;
  Plot plot;
  plot.name = "empty";
  plot.x_low = plot.y_low = 0;
  plot.x_high = plot.y_high = 1;
  CHECK_THROWS_AS(draw(plot, folder.path), IoError);
}

TEST_CASE("the first gnuplot of PATH draws, and one in the working directory does not") {
  const Folder folder;
  const auto put = [&](const fs::path& path, const std::string& script) {
    std::ofstream(path) << "#!/bin/sh\n" << script;
    fs::permissions(path, fs::perms::owner_all);
  };
  put(folder.path / "gnuplot", "echo 'no such terminal' >&2; exit 3\n");
  Plot plot;
  plot.name = "some";
  plot.x_high = plot.y_high = 1;
  plot.curves.push_back({"", Curve::Style::points, 1, false, 0, {point(0.5, 0.5)}});
  const std::string path = std::getenv("PATH");
  const fs::path before = fs::current_path();
  setenv("PATH", (folder.path.string() + ":" + path).c_str(), 1);
  CHECK_THROWS_MATCHES(draw(plot, folder.path), IoError, Catch::Predicate<IoError>([](const IoError& e) {
                         return std::string(e.what()).find("no such terminal") != std::string::npos;
                       }));
  setenv("PATH", path.c_str(), 1);
  fs::current_path(folder.path);
  if (has_gnuplot()) CHECK_NOTHROW(draw(plot, folder.path));
  fs::current_path(before);
}

TEST_CASE("an empty record makes a page too") {
  const Folder folder;
  write_report(folder.path / "out.html", Record(), {}, {}, {});
  CHECK(read_file(folder.path / "out.html").find("leafcast report") != std::string::npos);
}

TEST_CASE("what the data say follows from the data") {
  const Record record = sample_record();
  auto list = estimates(record);
  const auto said = [&] {
    std::string text;
    for (const Findings& one : findings(record, EstimateIndex(list), fits(record, list)))
      for (const std::string& sentence : one.sentences) text += sentence + '\n';
    return text;
  };
  const std::string before = said();
  // The tallest tree, w = 1 of h = 3, the depth nearest to half of it.
  const auto half = std::ranges::find_if(list, [&](const Estimate& e) {
    const Cell& cell = record.plan.cells()[e.cell];
    const auto* block = std::get_if<BlockGenerator>(&cell.generator());
    return e.statistic == "variance" && block && block->context_depth == 1 && cell.language().height == 3 &&
           cell.language().kind == "ising";
  });
  REQUIRE(half != list.end());
  CHECK(before.find("sees 3 of 27 leaves (11.1%) reaches ") != std::string::npos);
  const double exact = half->exact;
  half->exact *= 2;
  CHECK(said() != before);
  half->exact = kUnknown;
  half->value = exact / 4;
  CHECK(said() != before);
}

/// Variances of blocks as given by height of context, and what is said of them.
std::string said_of(const std::function<double(int w)>& variance, double error, int height = 9) {
  std::vector<Cell> cells;
  std::vector<Estimate> list;
  for (int w = 1; w <= height; ++w) {
    cells.push_back(synthetic::make_cell({{"language.kind", "ising"},
                                          {"language.d", "3"},
                                          {"language.rho", "0.9"},
                                          {"language.height", std::to_string(height)},
                                          {"generator.kind", "block"},
                                          {"generator.memory", "root"},
                                          {"generator.context-depth", std::to_string(w)}}));
    Estimate& e = list.emplace_back(Estimate{cells.size() - 1, "variance"});
    e.value = variance(w);
    e.error = error * e.value;
  }
  const Record record(Plan("", cells, ""));
  std::string text;
  for (const Findings& one : findings(record, EstimateIndex(list), fits(record, list)))
    for (const std::string& sentence : one.sentences) text += sentence + '\n';
  return text;
}

TEST_CASE("findings claim what the data bear, and no more") {
  const double slope = std::log(3 * 0.81);
  const std::string lawful = said_of([&](int w) { return 5 * std::exp(slope * w); }, 0.01);
  CHECK_THAT(lawful, Catch::Contains("rises by 0.8879(") && Catch::Contains("per level of context") &&
                         Catch::Contains("the law predicts 0.88789 ("));
  CHECK_THAT(lawful, !Catch::Contains("excluded"));
  // Another slope, on a perfect line: told, and the prediction is excluded.
  const std::string other = said_of([&](int w) { return 5 * std::exp(0.7 * w); }, 0.01);
  CHECK_THAT(other,
             Catch::Contains("rises by 0.700") && Catch::Contains("which is excluded at these depths"));
  // No line: nothing is claimed of a slope.
  const std::string bent =
      said_of([&](int w) { return 5 * std::exp(0.7 * w + 0.3 * std::cos(2.5 * w)); }, 0.001);
  CHECK_THAT(bent, Catch::Contains("is excluded in the law's domain") &&
                       Catch::Contains("no slope is claimed") && !Catch::Contains("rises by") &&
                       !Catch::Contains("is a power"));
  // Enough is between two contexts that were tried, not at the larger one.
  CHECK_THAT(lawful, !Catch::Contains("it takes"));
}

Required contexts(const std::function<double(double n)>& required, double error) {
  Required list{"variance", "context", "ising d=3 ρ=0.9 · block root sampled", 3, 0.1, {}, {}};
  for (int h = 4; h <= 12; h += 2) {
    const double n = std::pow(3.0, h);
    list.points.push_back({n, required(n), error * required(n), {}, h});
  }
  return list;
}

TEST_CASE("a constant share of the sentence is claimed where the exponent is 1") {
  const Record record = sample_record();
  const auto list = estimates(record);
  const EstimateIndex index(list);
  const auto said = [&](double exponent, double error) {
    std::string text;
    const auto all = fits(
        record, list, std::vector{contexts([&](double n) { return 0.5 * std::pow(n, exponent); }, error)});
    for (const Findings& one : findings(record, index, all))
      for (const std::string& sentence : one.sentences) text += sentence + '\n';
    return text;
  };
  CHECK_THAT(said(1, 0.02), Catch::Contains("consistent with a constant share of the sentence"));
  CHECK_THAT(said(0.88, 0.02),
             Catch::Contains("n to the power 0.880") &&
                 Catch::Contains("A constant share of the sentence, power 1, is excluded at these sizes") &&
                 !Catch::Contains("consistent with a constant"));
}

TEST_CASE("the report draws figures of long names") {
  if (!has_gnuplot()) return;
  const Folder folder;
  Plot plot;
  plot.name = std::string(90, 'n');
  plot.x_low = plot.y_low = 0;
  plot.x_high = plot.y_high = 1;
  plot.curves.push_back({"points", Curve::Style::points, 1, false, 0, {point(0.2, 0.2), point(0.7, 0.5)}});
  CHECK(draw(plot, folder.path).find("<svg") != std::string::npos);
  CHECK(fs::exists(folder.path / (plot.name + ".pdf")));
}

TEST_CASE("links in the way are replaced, not followed") {
  if (!has_gnuplot()) return;
  const Folder folder;
  const Record record = sample_record();
  const auto list = estimates(record);
  const fs::path figures = folder.path / "out-figures";
  const auto plant = [&](const fs::path& link) {
    const fs::path precious = folder.path / ("precious-" + link.filename().string());
    std::ofstream(precious) << "precious";
    fs::create_symlink(precious, link);
    return precious;
  };
  fs::create_directories(figures);
  std::vector<fs::path> kept = {plant(folder.path / "out.html")};
  for (const char* extension : kFigureFiles)
    kept.push_back(plant(figures / (std::string("ising-d3-rho0.9-h3-variance") + extension)));
  write_report(folder.path / "out.html", record, list, {}, {});
  for (const fs::path& file : kept) {
    INFO(file);
    CHECK(read_file(file) == "precious");
  }
  CHECK_FALSE(fs::is_symlink(folder.path / "out.html"));
  CHECK(fs::file_size(figures / "ising-d3-rho0.9-h3-variance.svg") > 1000);

  fs::create_directory_symlink(folder.path, folder.path / "other-figures");
  CHECK_THROWS_AS(write_report(folder.path / "other.html", record, list, {}, {}), IoError);
}

TEST_CASE("text of strangers comes out of gnuplot as text") {
  if (!has_gnuplot()) return;
  const Folder folder;
  const std::string hostile =
      "a'b\"c`touch pwned`$(touch pwned)<script>%@_{x}^2\\n\\\\\n0 0 0 0\nsystem 'touch pwned'\x1b[31m";
  Plot plot;
  plot.name = "hostile";
  plot.title = plot.x_label = plot.y_label = plot.x2_label = hostile;
  plot.x2_base = 3;
  plot.x_low = plot.y_low = 0;
  plot.x_high = plot.y_high = 1;
  plot.curves = {{hostile, Curve::Style::points, 1, false, 0, {{0.5, 0.5, 0.4, 0.6}}},
                 {hostile + "2", Curve::Style::line, 2, false, 0, {{0, 0, 0, 0}, {1, 1, 1, 1}}}};
  const std::string svg = draw(plot, folder.path);
  CHECK_FALSE(fs::exists(folder.path / "pwned"));
  CHECK_FALSE(fs::exists("pwned"));
  CHECK(count(svg, "<script") == 0);
  CHECK(count(svg, "a'b\"c`touch pwned`$(touch pwned)&lt;script>%@_{x}^2\\n\\\\") >= 2);
  CHECK(count(svg, "\x1b") == 0);
  std::size_t lines = 0;  // of data: three points, whatever the labels say
  std::istringstream data(plot_data(plot));
  for (std::string line; std::getline(data, line);) lines += !line.empty() && line[0] != '#';
  CHECK(lines == 3);
  const std::string page = inline_svg(svg, "f1-", hostile);
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "aria-label=\"a&#39;b&quot;c`touch") == 1);
  plot.curves[0].label = std::string(5000, 'x');
  CHECK(draw(plot, folder.path).size() < 30000);
}

TEST_CASE("HTML") {
  CHECK(escape_html("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  const std::string svg =
      "<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 1 1\"><title>Gnuplot</title><g id='a' fill=\"#ffffff\"/>"
      "<use xlink:href='#a' fill=\"url(#b)\"/></svg>";
  CHECK(inline_svg(svg, "f1-", "A & B") ==
        "<svg role=\"img\" aria-label=\"A &amp; B\" viewBox=\"0 0 1 1\"><g id='f1-a' fill=\"none\"/>"
        "<use xlink:href='#f1-a' fill=\"url(#f1-b)\"/></svg>");
  // Tags are changed, text is not, whatever it looks like.
  CHECK(inline_svg("<svg ><path stroke='rgb(  0, 114, 178)'/><text>id='a' fill='rgb(0,114,178)'</text></svg>",
                   "f1-", "") ==
        "<svg role=\"img\" aria-label=\"\" ><path stroke='var(--f-blue)'/><text>id='a' "
        "fill='rgb(0,114,178)'</text></svg>");
  CHECK(escape_html("a\x1b\n") == "a\uFFFD\n");
  CHECK(escape_url("my report#1?-figures/x.svg") == "my%20report%231%3F-figures/x.svg");
}

}  // namespace
}  // namespace leafcast::analysis::report_test
