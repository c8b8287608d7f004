#include "replay/program.h"

#include <algorithm>
#include <fstream>

#include <catch2/catch.hpp>

#include "packets.h"
#include "replay/pcap.h"
#include "temporary_directory.h"

using namespace steelyard;
using namespace steelyard::replay;

namespace {

struct Output {
  int code = 0;
  std::string out, err;
};

std::string drain(std::FILE* f) {
  std::string text(static_cast<std::size_t>(std::ftell(f)), '\0');
  std::rewind(f);
  text.resize(std::fread(text.data(), 1, text.size(), f));
  std::fclose(f);
  return text;
}

Output run(std::vector<std::string> words) {
  words.insert(words.begin(), "steelyard-replay");
  std::vector<const char*> argv;
  for (const std::string& w : words) argv.push_back(w.c_str());
  std::FILE *out = std::tmpfile(), *err = std::tmpfile();
  const int code = run_program(static_cast<int>(argv.size()), argv.data(), out, err);
  return {code, drain(out), drain(err)};
}

constexpr const char* kConfiguration = R"(
ports:
  - {name: outside, mac: "02:00:00:00:00:01", addresses: [198.51.100.2/24]}
  - {name: inside, mac: "02:00:00:00:00:02", addresses: [10.0.0.1/24]}
neighbours:
  - {address: 198.51.100.1, mac: "02:00:00:00:01:01", port: outside}
  - {address: 10.0.0.11, mac: "02:00:00:00:02:11", port: inside}
routes:
  - {to: default, via: 198.51.100.1, port: outside}
services:
  - {name: dns, address: 203.0.113.10, port: 53, protocol: udp, servers: [{address: 10.0.0.11, port: 53}]}
)";

class Files : public test::TemporaryDirectory {
 public:
  Files() {
    std::ofstream(file("c.yaml")) << kConfiguration;
    PcapWriter capture(file("in.pcap"));
    const Endpoint client = test::ep("192.0.2.7", 1000), service = test::ep("203.0.113.10", 53);
    capture.write(1'000'000'000, test::udp(client, service, "q").bytes());
    capture.write(2'000'000'007,
                  test::arp_request(test::ip("198.51.100.1"), test::ip("198.51.100.2")).bytes());
    capture.write(3'000'000'000, test::udp(client, service, "q").bad_ip_checksum().bytes());
    capture.close();
  }
  std::vector<std::string> basic() const {
    return {"--config", file("c.yaml"), "--in", "outside=" + file("in.pcap")};
  }
};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("replay tells what became of every packet", "[replay][program]") {
  const Files files;
  const Output json = run(files.basic() + std::vector<std::string>{"--json", "--verify"});
  CHECK(json.code == 0);
  CHECK(json.out ==
        "{\"received\": 3, \"forwarded\": 1, \"kernel\": 1, \"originated\": 0, "
        "\"dropped\": {\"bad_ip_checksum\": 1}}\n");
  const Output table = run(files.basic() + std::vector<std::string>{"--verbose"});
  CHECK_THAT(table.out, Catch::Contains("192.0.2.7:1000 > 203.0.113.10:53") && Catch::Contains("forwarded") &&
                            Catch::Contains("dropped bad_ip_checksum") &&
                            Catch::Contains("originated answers"));
}

TEST_CASE("what leaves is written with the time of its cause, what the kernel gets too",
          "[replay][program]") {
  const Files files;
  REQUIRE(run(files.basic() + std::vector<std::string>{"--out", "inside=" + files.file("o.pcap"), "--kernel",
                                                       "outside=" + files.file("k.pcap")})
              .code == 0);
  PcapReader out(files.file("o.pcap")), kernel(files.file("k.pcap"));
  const auto sent = out.next(), up = kernel.next();
  REQUIRE(sent);
  REQUIRE(up);
  CHECK(sent->ns == 1'000'000'000);
  CHECK(up->ns == 2'000'000'007);
  CHECK_FALSE(out.next());
}

TEST_CASE("batches of any size count alike", "[replay][program]") {
  const Files files;
  CHECK(run(files.basic() + std::vector<std::string>{"--json", "--batch", "32"}).out ==
        run(files.basic() + std::vector<std::string>{"--json"}).out);
}

TEST_CASE("wrong usage exits with 2 and one line", "[replay][program]") {
  const Files files;
  using Words = std::vector<std::string>;
  const std::vector<Words> wrong{{},
                                 {"--config", "x"},
                                 {"--map", "--config", "x", "--in", "a"},
                                 {"--map=0", "--in", "a"},
                                 {"--map=251", "--in", "a"},
                                 {"--map", "--in", "a", "--batch", "2"},
                                 {"--nonsense"},
                                 files.basic() + Words{"--batch", "33"},
                                 files.basic() + Words{"--out", "file.pcap"},
                                 files.basic() + Words{"--in", "nowhere=a.pcap"}};
  for (const Words& words : wrong) {
    const Output got = run(words);
    CAPTURE(words, got.err);
    CHECK(got.code == 2);
    CHECK(got.out.empty());
    CHECK(std::ranges::count(got.err, '\n') == 1);
  }
}

TEST_CASE("a wrong configuration exits with 1, an unreadable capture with 3", "[replay][program]") {
  const Files files;
  std::ofstream(files.file("bad.yaml")) << "services: 7\n";
  CHECK(run({"--config", files.file("bad.yaml"), "--in", "outside=x"}).code == 1);
  const Output unreadable = run({"--map", "--in", files.file("none.pcap")});
  CHECK(unreadable.code == 3);
  CHECK_THAT(unreadable.err, Catch::Contains("none.pcap"));
  CHECK(run({"--help"}).code == 0);
  CHECK_THAT(run({"--version"}).out, Catch::StartsWith("steelyard-replay "));
}
