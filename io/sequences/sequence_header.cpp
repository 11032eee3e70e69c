#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/values.h"
#include "io/sequences/sequences.h"

namespace leafcast::io {

namespace {

using Json = nlohmann::ordered_json;

struct FormatName {
  const char *name, *extension;
};
constexpr std::array<FormatName, 4> kFormats = {
    {{"npy", ".npy"}, {"raw", ".bin"}, {"hdf5", ".h5"}, {"text", ".txt"}}};
constexpr const char* kFiletype = "leafcast-sequences";
constexpr int kVersion = 1;

/// Number → word, where the language is known.
Json words(const SequenceHeader& header) {
  Json list = Json::array();
  const Cell cell = Cell::from_parameters(header.parameters);
  const Language& language = cell.language();
  const Vocabulary vocabulary(*header.stream, language.symbols(), language.d, language.height);
  for (int number = 0; number < vocabulary.size(); ++number) {
    const auto token = vocabulary.token(number);
    list.push_back(token ? Json(Vocabulary::text(*token)) : Json());
  }
  return list;
}

std::uint64_t whole(const Json& json, const char* name, std::uint64_t most) {
  if (!json.contains(name)) return 0;
  const Json& value = json.at(name);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
    throw DataError(fmt::format("its {} is no number from 0 to {}", name, most));
  return value.get<std::uint64_t>();
}

}  // namespace

const char* format_name(SequenceFormat format) { return kFormats[static_cast<std::size_t>(format)].name; }
const char* format_extension(SequenceFormat format) {
  return kFormats[static_cast<std::size_t>(format)].extension;
}
std::optional<SequenceFormat> format_of_name(const std::string& name) {
  const auto found =
      std::ranges::find(kFormats, name, [](const FormatName& f) { return std::string(f.name); });
  if (found == kFormats.end()) return std::nullopt;
  return static_cast<SequenceFormat>(found - kFormats.begin());
}

std::string header_json(const SequenceHeader& header) {
  Json json;
  json["filetype"] = kFiletype;
  json["version"] = kVersion;
  if (header.stream) json["stream"] = stream_name(*header.stream);
  json["samples"] = header.samples;
  json["length"] = header.length;
  json["dtype"] = header.stream == StreamKind::leaves ? "int8"
                  : header.vocabulary <= 256          ? "uint8"
                                                      : "uint16";
  if (header.segment_tokens > 0) json["segment_tokens"] = header.segment_tokens;
  json["vocabulary_size"] = header.vocabulary;
  if (header.stream && !header.parameters.empty()) json["vocabulary"] = words(header);
  json["parameters"] = header.parameters;
  return json.dump(1) + "\n";
}

SequenceHeader header_of_json(const std::string& text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    throw DataError(fmt::format("its header is no JSON ({})", e.what()));
  }
  if (!json.is_object() || !json.contains("filetype") || json.at("filetype") != kFiletype)
    throw DataError(fmt::format("its header has no \"filetype\": \"{}\"", kFiletype));
  if (whole(json, "version", 1 << 20) > kVersion) throw DataError("written by a newer leafcast");
  SequenceHeader header;
  if (json.contains("stream")) {
    if (!json.at("stream").is_string() ||
        !(header.stream = stream_of_name(json.at("stream").get<std::string>())))
      throw DataError("its stream is none of leaves, punctuated, segment, path");
  }
  header.samples = whole(json, "samples", std::uint64_t{1} << 53);
  header.length = whole(json, "length", std::uint64_t{1} << 48);
  header.vocabulary = static_cast<int>(whole(json, "vocabulary_size", 1 << 16));
  header.segment_tokens = static_cast<std::int64_t>(whole(json, "segment_tokens", std::uint64_t{1} << 48));
  if (json.contains("parameters")) {
    if (!json.at("parameters").is_object()) throw DataError("its parameters are no object");
    for (const auto& [key, value] : json.at("parameters").items()) {
      if (!value.is_string()) throw DataError(fmt::format("its parameter {} is no text", key));
      header.parameters[key] = value.get<std::string>();
    }
  }
  return header;
}

}  // namespace leafcast::io
