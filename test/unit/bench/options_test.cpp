#include "datapath/options.h"

#include <catch2/catch.hpp>

using namespace steelyard::bench;

namespace {

Options parse(std::vector<const char*> words) {
  words.insert(words.begin(), "steelyard-bench");
  return parse_options(static_cast<int>(words.size()), words.data());
}

}  // namespace

TEST_CASE("Without options: the harness, the limit and the datapath", "[bench]") {
  const Options o = parse({});
  CHECK(o.contestants == std::vector<std::string>{"source", "macswap", "nat"});
  CHECK(o.flows == std::vector<uint32_t>{1000, 100'000, 1'000'000});
  CHECK(o.workers == std::vector<unsigned>{1});
  CHECK(o.affinity);
  CHECK(o.huge_pages);
  CHECK(o.rounds == 9);
  CHECK(o.sizes.fixed == 60);
}

TEST_CASE("Options choose contestants, numbers and frames", "[bench]") {
  const Options o = parse({"--contestants", "nat,miss", "--flows", "32,10k,200M", "--workers", "1,2",
                           "--no-affinity", "--order", "zipf", "--size", "imix", "--rounds", "3",
                           "--round-packets", "1M", "--no-huge", "--json", "out.json"});
  CHECK(o.contestants == std::vector<std::string>{"nat", "miss"});
  CHECK(o.flows == std::vector<uint32_t>{32, 10'000, 200'000'000});
  CHECK(o.workers == std::vector<unsigned>{1, 2});
  CHECK_FALSE(o.affinity);
  CHECK(o.order == Order::zipf);
  CHECK(o.sizes.imix);
  CHECK(o.rounds == 3);
  CHECK(o.round_packets == 1'000'000);
  CHECK_FALSE(o.huge_pages);
  CHECK(o.json == "out.json");
  CHECK(parse({"--size", "64"}).sizes.fixed == 60);
  CHECK(parse({"--size", "1518"}).sizes.fixed == 1514);
  CHECK(parse({"--order", "sequential"}).order == Order::sequential);
}

TEST_CASE("Options that make no sense are refused by name", "[bench]") {
  const auto [option, value] =
      GENERATE(table<const char*, const char*>({{"--contestants", "fast"},
                                                {"--contestants", ""},
                                                {"--flows", "31"},
                                                {"--flows", "201M"},
                                                {"--flows", "18446744073709552k"},  // 384 beyond 2^64
                                                {"--flows", "1000,"},
                                                {"--flows", "-5"},
                                                {"--flows", "1K"},
                                                {"--flows", "10kk"},
                                                {"--workers", "0"},
                                                {"--workers", "17"},
                                                {"--order", "backwards"},
                                                {"--size", "63"},
                                                {"--size", "1519"},
                                                {"--ratio", "1"},
                                                {"--ratio", "0:0"},
                                                {"--ratio", "1:x"},
                                                {"--latency", "10"},
                                                {"--rounds", "0"},
                                                {"--round-packets", "31"}}));
  CAPTURE(option, value);
  CHECK_THROWS_AS(parse({option, value}), UsageError);
  CHECK_THROWS_WITH(parse({option, value}), Catch::StartsWith(option));
}

TEST_CASE("Captures, devices and what is measured are options, too", "[bench]") {
  const Options o = parse({"--pcap", "a.pcap", "b.pcapng", "--map=8", "--multiply", "100", "--device",
                           "net_pcap0,rx_pcap=f,infinite_rx=1"});
  CHECK(o.pcap == std::vector<std::string>{"a.pcap", "b.pcapng"});
  CHECK(o.map);
  CHECK(o.map_servers == 8);
  CHECK(o.multiply == 100);
  CHECK(o.devices == std::vector<std::string>{"net_pcap0,rx_pcap=f,infinite_rx=1"});
  CHECK(parse({"--pcap", "a", "--map"}).map_servers == 4);
  CHECK(parse({"--write", "a,b"}).write == std::vector<std::string>{"a", "b"});
  CHECK(parse({"--latency", "10M"}).latency == 10'000'000);
  CHECK(parse({"--ratio", "3:1"}).ratio.requests == 3);
}

TEST_CASE("Options that do not go together are refused", "[bench]") {
  using Words = std::vector<const char*>;
  const auto words = GENERATE(values<Words>({{"--map"},
                                             {"--pcap", "a", "--map=251"},
                                             {"--pcap", "a", "--multiply", "2"},
                                             {"--pcap", "a", "--flows", "1000"},
                                             {"--pcap", "a", "--order", "zipf"},
                                             {"--pcap", "a", "--contestants", "churn"},
                                             {"--device", "a", "--contestants", "miss"},
                                             {"--device", "a", "b", "c"},
                                             {"--device", "a", "--workers", "2"},
                                             {"--latency", "1M", "--workers", "2"},
                                             {"--latency", "1M", "--pcap", "a"},
                                             {"--write", "a,b,c"}}));
  CAPTURE(words);
  CHECK_THROWS_AS(parse(words), UsageError);
}

TEST_CASE("Unknown words are refused", "[bench]") {
  CHECK_THROWS_AS(parse({"--fast"}), UsageError);
  CHECK_THROWS_AS(parse({"nat"}), UsageError);
  CHECK_THROWS_AS(parse({"--json"}), UsageError);
}

TEST_CASE("The help names every contestant", "[bench]") {
  const std::string help = help_text();
  for (const ContestantKind& k : contestants())
    CHECK_THAT(help, Catch::Contains("  " + std::string(k.name) + " "));
}
