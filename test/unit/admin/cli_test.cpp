#include "admin/cli.h"

#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "admin/command.h"
#include "socket.h"

using namespace steelyard;
using namespace steelyard::test;
namespace json = boost::json;

namespace {

struct Said {
  int code;
  std::string out, error;
};

Said run(std::vector<std::string> words, bool terminal = false) {
  words.insert(words.begin(), "steelyardctl");
  std::vector<const char*> argv;
  for (const std::string& w : words) argv.push_back(w.c_str());
  std::ostringstream out, error;
  const int code = admin::run_cli(static_cast<int>(argv.size()), argv.data(), out, error, terminal);
  return {code, out.str(), error.str()};
}

// Answers as often as it is asked, until it has had enough.
admin::Routes drops(int times = 1'000'000) {
  return {{admin::Method::get,
           "/v1/drops",
           [times](const admin::Request&) mutable -> admin::Answer {
             if (--times < 0) throw admin::Refusal(500, "enough");
             return json::value{{"truncated", 3}};
           },
           {}}};
}

}  // namespace

TEST_CASE("an answer is shown as a table or as it came", "[admin]") {
  RunningServer server(drops());
  const Said table = run({"show", "drops", "-s", server.socket()});
  CHECK(table.code == admin::kDone);
  CHECK(table.error.empty());
  CHECK(table.out ==
        "REASON     PACKETS  MEANING\n"
        "truncated        3  the frame ends before the headers or the length that they announce\n");
  const Said raw = run({"--socket", server.socket(), "show", "drops", "-o", "json"});
  CHECK(raw.code == admin::kDone);
  CHECK(raw.out == "{\"truncated\":3}\n");
}

TEST_CASE("--watch asks again until it fails", "[admin]") {
  RunningServer server(drops(3));
  const Said json = run({"show", "drops", "-s", server.socket(), "-o", "json", "--watch=0.1"});
  CHECK(json.code == admin::kFailed);
  CHECK(json.out == "{\"truncated\":3}\n{\"truncated\":3}\n{\"truncated\":3}\n");
  CHECK(json.error == "steelyardctl: enough\n");
}

TEST_CASE("--watch clears a terminal, and only that", "[admin]") {
  const bool terminal = GENERATE(false, true);
  RunningServer server(drops(2));
  const Said said = run({"show", "drops", "-s", server.socket(), "-w0.1"}, terminal);
  CHECK(said.code == admin::kFailed);
  CHECK((said.out.find('\033') != std::string::npos) == terminal);
  CHECK((said.out.find("/v1/drops  2") != std::string::npos) == terminal);
}

TEST_CASE("a failure is one line and an exit code", "[admin]") {
  const auto [words, code, error] = GENERATE(table<std::vector<std::string>, int, std::string>({
      {{"show", "drops", "-s", "/nowhere/s.sock"},
       admin::kFailed,
       "no director answers on /nowhere/s.sock (No such file or directory); name it with --instance, or its "
       "admin_socket with --socket"},
      {{"show", "drops", "-i", "no-such"},
       admin::kFailed,
       "no director answers on /run/steelyard/no-such.sock (No such file or directory); name it with "
       "--instance, or its admin_socket with --socket"},
      {{"show", "drops", "-s", "/" + std::string(120, 'x')},
       admin::kFailed,
       "no director answers on /" + std::string(120, 'x') +
           " (File name too long); name it with --instance, or its admin_socket with --socket"},
      {{"show", "drops", "-i", "blue", "-s", "/nowhere/s.sock"},
       admin::kBadUsage,
       "--instance and --socket both name the director; give one; see steelyardctl --help"},
      {{"show", "drops", "--instance=/run/blue.sock"},
       admin::kBadUsage,
       "--instance takes a director's name; a path goes with --socket; see steelyardctl --help"},
      {{}, admin::kBadUsage, "say what to do, such as `show services`; see steelyardctl --help"},
      {{"shout"}, admin::kBadUsage, "there is no command shout; see steelyardctl --help"},
      {{"show", "drops", "all"}, admin::kBadUsage, "show drops does not take all; see steelyardctl --help"},
      {{"show", "drops", "-o", "xml"}, admin::kBadUsage, "-o takes table or json; see steelyardctl --help"},
      {{"show", "drops", "--watch=never"},
       admin::kBadUsage,
       "--watch=never: it takes seconds, 0.1 to 86400; see steelyardctl --help"},
      {{"show", "drops", "--watch=nan"},
       admin::kBadUsage,
       "--watch=nan: it takes seconds, 0.1 to 86400; see steelyardctl --help"},
  }));
  const Said said = run(words);
  CHECK(said.code == code);
  CHECK(said.out.empty());
  CHECK(said.error == "steelyardctl: " + error + "\n");
}

TEST_CASE("a wrong word after show names the right ones", "[admin]") {
  const Said said = run({"show", "me"});
  CHECK(said.code == admin::kBadUsage);
  CHECK_THAT(said.error, Catch::StartsWith("steelyardctl: show knows no me; it takes services, servers, "));
  CHECK_THAT(run({"show"}).error, Catch::StartsWith("steelyardctl: show what?; it takes services, "));
  CHECK_THAT(run({"show", "drops", "--frobnicate"}).error, Catch::Contains("frobnicate"));
}

TEST_CASE("an answer that lacks what another version has is a failure", "[admin]") {
  const admin::Routes routes{
      {admin::Method::get,
       "/v1/services",
       [](const admin::Request&) -> admin::Answer { return json::value(json::array{json::object{}}); },
       {}}};
  RunningServer server(routes);
  const Said said = run({"show", "services", "-s", server.socket()});
  CHECK(said.code == admin::kFailed);
  CHECK_THAT(said.error, Catch::StartsWith("steelyardctl: the director's answer makes no sense"));
}

TEST_CASE("an output that can't be written is a failure", "[admin]") {
  RunningServer server(drops());
  std::ostringstream out, error;
  out.setstate(std::ios::badbit);
  const std::string socket = server.socket();
  const char* argv[] = {"steelyardctl", "show", "drops", "-s", socket.c_str()};
  CHECK(admin::run_cli(5, argv, out, error, false) == admin::kFailed);
  CHECK(error.str() == "steelyardctl: the output can't be written\n");
}

TEST_CASE("--help lists every command with an example, and tells each one's options", "[admin]") {
  const Said all = run({"--help"});
  CHECK(all.code == admin::kDone);
  std::set<std::string_view> seen;
  std::map<std::string_view, std::string_view> options;
  for (const admin::Command& c : admin::commands()) {
    CAPTURE(c.words);
    CHECK(seen.insert(c.words).second);
    CHECK_THAT(all.out, Catch::Contains(fmt::format("  {} ", c.words)));
    CHECK_THAT(all.out, Catch::Contains("steelyardctl " + std::string(c.words)));
    std::vector<std::string> words{"--help"};
    std::istringstream text{std::string(c.words)};
    for (std::string word; text >> word;) words.push_back(word);
    const Said own = run(words);
    CHECK(own.code == admin::kDone);
    CHECK_THAT(own.out, Catch::Contains(std::string(c.help)));
    for (const admin::Option& o : c.options) {
      CHECK_THAT(own.out, Catch::Contains("--" + std::string(o.name.substr(0, o.name.find(',')))));
      // One name, one kind of value.
      const std::string_view kind =
          o.value.substr(0, o.value.empty() || o.value.front() != '[' ? o.value.size() : 1);
      const auto [known, added] = options.emplace(o.name, kind.empty() ? "" : kind == "[" ? "[" : "value");
      CHECK(known->second == (kind.empty() ? "" : kind == "[" ? "[" : "value"));
    }
  }
  CHECK(run({"--version"}).out.starts_with("steelyardctl "));
}
