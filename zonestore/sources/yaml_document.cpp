#include "zonestore/sources/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Thrown through yaml-cpp when the builder has enough, and caught in read_yaml().
struct Stop {};

/// Reads a text that is there already, without a copy.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // never written to: it is an input buffer
    setg(begin, begin, begin + text.size());
  }
};

DocumentBuilder::Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {0, 0};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

class Handler : public YAML::EventHandler {
 public:
  explicit Handler(DocumentBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    carry(builder_.fail("wrong-shape", place_of(mark), "a second document begins here",
                        "write each zone to a file of its own"));
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    carry(builder_.null(place_of(mark), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    carry(builder_.alias(place_of(mark), anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    builder_.on_octets(mark.is_null() ? 0 : static_cast<std::uint64_t>(mark.pos));
    const bool plain = tag == "?";
    if (plain && (value == "~" || value == "null")) {
      carry(builder_.null(place_of(mark), anchor));
    } else {
      carry(builder_.scalar(place_of(mark), value, anchor));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    carry(builder_.begin(DocumentNode::Kind::sequence, place_of(mark), anchor));
  }
  void OnSequenceEnd() override { carry(builder_.end()); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    carry(builder_.begin(DocumentNode::Kind::map, place_of(mark), anchor));
  }
  void OnMapEnd() override { carry(builder_.end()); }

 private:
  static void carry(bool on) {
    if (!on) throw Stop{};
  }
  DocumentBuilder& builder_;
  int documents_ = 0;
};

}  // namespace

void read_yaml(std::string_view text, DocumentBuilder& builder) {
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    Handler handler(builder);
    while (parser.HandleNextDocument(handler)) {
    }
    builder.on_octets(text.size());
  } catch (const Stop&) {
  } catch (const YAML::Exception& exception) {
    builder.fail("yaml-syntax", place_of(exception.mark), exception.msg,
                 "mend the YAML here or just before; indent with blanks, quote what has \": \" in "
                 "it");
  }
}

}  // namespace taproot::zonestore
