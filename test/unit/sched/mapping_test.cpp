// sh, dh, mh and conhash: who gets which client, and who moves when servers come and go. That they are IPVS's
// is tested in test/unit/golden.
#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fill.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

constexpr uint32_t kClients = 100'000;

// The share of the table that each of `slots` servers has.
std::vector<double> shares(const Schedule& s, std::size_t slots) {
  std::vector<double> share(slots);
  for (const uint32_t server : s.picks) share.at(server) += 1.0 / static_cast<double>(s.picks.size());
  return share;
}

// The greatest distance of a share from what the weights say, in percent of that.
double imbalance(const Schedule& s, const std::vector<Candidate>& all) {
  double sum = 0, worst = 0;
  for (const Candidate& c : all) sum += c.weight;
  const std::vector<double> share = shares(s, all.size());
  for (const Candidate& c : all) {
    const double wanted = c.weight / sum;
    worst = std::max(worst, std::abs(share[c.server] - wanted) / wanted * 100);
  }
  return worst;
}

struct Moved {
  double of_others = 0;   // clients that changed their server though it is still there, of all
  double to_stayers = 0;  // clients that went to a server that had been there before, of all
};

// What becomes of clients when a schedule is replaced. `gone` has left or `joined` has come.
Moved moved(const Schedule& before, const Schedule& after, uint32_t gone, uint32_t joined) {
  uint32_t others = 0, to_stayers = 0;
  for (const Arrival& client : clients(kClients)) {
    const uint32_t from = chosen(before, client), to = chosen(after, client);
    if (from == to) continue;
    others += from != gone;
    to_stayers += to != joined;
  }
  return {others * 1.0 / kClients, to_stayers * 1.0 / kClients};
}

constexpr uint32_t kNone = Schedule::kNobody;

std::vector<Candidate> mixed(uint32_t n) {
  std::vector<Candidate> all = servers(n);
  for (Candidate& c : all) c.weight = 1 + c.server % 5;
  return all;
}

}  // namespace

TEST_CASE("siphash is SipHash-1-3", "[sched]") {
  // As an independent implementation gives it.
  CHECK(siphash(0x0a0b0101, kSiphashKey) == 0x52244aa0);
  CHECK(siphash(0x0a0b0101, kSecondSiphashKey) == 0xfc4366ae);
}

TEST_CASE("places are shared out by weight", "[sched]") {
  struct Row {
    const char* scheduler;
    uint32_t servers;
    bool mixed;
    double most;  // percent off
  };
  const Row row = GENERATE(Row{"mh", 4, false, 0.2}, Row{"mh", 16, true, 2}, Row{"mh", 100, false, 3},
                           Row{"conhash", 4, false, 2}, Row{"conhash", 16, true, 9},
                           Row{"conhash", 100, false, 12}, Row{"conhash", 1000, false, 40});
  const auto all = row.mixed ? mixed(row.servers) : servers(row.servers);
  const double got = imbalance(fill(row.scheduler, all), all);
  WARN(fmt::format("{} with {} servers{}: shares at most {:.2f} % off", row.scheduler, row.servers,
                   row.mixed ? " of weights 1 to 5" : "", got));
  CHECK(got <= row.most);
}

TEST_CASE("a server that leaves or joins moves hardly anybody else", "[sched]") {
  struct Row {
    const char* scheduler;
    double most;  // of all clients
  };
  const Row row = GENERATE(Row{"mh", 0.06}, Row{"conhash", 0});
  const uint32_t n = GENERATE(3u, 10u, 50u);
  const auto all = mixed(n);
  for (uint32_t gone = 0; gone < n; gone += 1 + n / 5) {
    auto rest = all;
    rest.erase(rest.begin() + gone);
    auto down = all;
    down[gone].weight = 0, down[gone].weight_up = all[gone].weight;
    const Schedule with = fill(row.scheduler, all), without = fill(row.scheduler, rest);
    CAPTURE(row.scheduler, n, gone);
    CHECK((fill(row.scheduler, down).picks == without.picks));  // down is gone
    CHECK(moved(with, without, gone, kNone).of_others <= row.most);
    CHECK(moved(without, with, kNone, gone).to_stayers <= row.most);
  }
}

TEST_CASE("a weight that changes moves clients only to or from its server under conhash", "[sched]") {
  const auto before = mixed(10);
  auto after = before;
  after[3].weight = 9;
  const Schedule low = fill("conhash", before), high = fill("conhash", after);
  CHECK(moved(low, high, kNone, 3).to_stayers == 0);
  CHECK(moved(high, low, 3, kNone).of_others == 0);
}

TEST_CASE("the order of servers means nothing to conhash", "[sched]") {
  const auto all = mixed(20);
  auto shuffled = all;
  std::ranges::reverse(shuffled);
  std::swap(shuffled[3], shuffled[11]);
  CHECK((fill("conhash", all).picks == fill("conhash", shuffled).picks));
}

TEST_CASE("only what counts decides", "[sched]") {
  const auto all = servers(7);
  const Arrival one{{Ipv4::from_host(0x0a0b0101), Port::from_host(1)}, Ipv4::from_host(0xcb00710a)};
  for (const char* name : {"sh", "mh", "conhash", "dh"}) {
    const Schedule by_address = fill(name, all);
    const Schedule by_port = fill(name, all, {.servers = {}, .options = {.port = 1}});
    std::vector<uint32_t> address_only, with_port;
    for (uint16_t port = 1; port < 200; ++port) {
      Arrival arrival = one;
      arrival.client.port = Port::from_host(port);
      address_only.push_back(chosen(by_address, arrival));
      with_port.push_back(chosen(by_port, arrival));
    }
    CAPTURE(name);
    const auto differs = [](const auto& v) {
      return std::ranges::adjacent_find(v, std::not_equal_to{}) != v.end();
    };
    CHECK_FALSE(differs(address_only));
    CHECK(differs(with_port) == (std::string(name) == "sh" || std::string(name) == "mh"));
  }
}

TEST_CASE("who would get an unusable server is refused by sh and dh, or falls back", "[sched]") {
  auto all = servers(4, 2);
  all[1].weight = 0;  // quiesced
  const Schedule refusing = fill("sh", all);
  CHECK(std::ranges::count(refusing.picks, Schedule::kNobody) > 30);
  CHECK(std::ranges::count(fill("dh", all).picks, Schedule::kNobody) == 64);
  const Schedule falling_back = fill("sh", all, {.servers = {}, .options = {.fallback = 1}});
  CHECK(std::ranges::count(falling_back.picks, Schedule::kNobody) == 0);
  for (std::size_t i = 0; i < refusing.picks.size(); ++i)
    if (refusing.picks[i] != Schedule::kNobody) CHECK(refusing.picks[i] == falling_back.picks[i]);
}

TEST_CASE("a server that is down leaves sh and dh to the others, with sh-fallback nobody else moves",
          "[sched]") {
  const auto all = servers(4, 2);
  auto one_down = all;
  one_down[1].weight = 0, one_down[1].weight_up = 2;
  const auto three = std::vector{all[0], all[2], all[3]};
  for (const char* name : {"sh", "dh"}) CHECK(fill(name, one_down).picks == fill(name, three).picks);
  const Situation fallback{.servers = {}, .options = {.fallback = 1}};
  const Schedule before = fill("sh", all, fallback), after = fill("sh", one_down, fallback);
  for (std::size_t i = 0; i < before.picks.size(); ++i) {
    if (before.picks[i] == 1)
      CHECK((after.picks[i] != 1 && after.picks[i] != Schedule::kNobody));
    else
      CHECK(after.picks[i] == before.picks[i]);
  }
}

TEST_CASE("bounded load sends a full server's clients to others, and only those", "[sched]") {
  Situation bounded{.servers = {}, .options = {.bounded_load = 125}};
  auto all = servers(8);
  for (Candidate& c : all) c.active = 100;
  const Schedule level = fill("conhash", all, bounded);
  CHECK(level.follows_load);
  CHECK((level.picks == fill("conhash", all).picks));
  all[2].active = 200;  // of 900 + 1: its bound is 141
  bounded.previous = &level;
  const Schedule full = fill("conhash", all, bounded);
  CHECK((full.owners == level.owners));
  std::vector<uint32_t> got(8);
  for (std::size_t i = 0; i < full.picks.size(); ++i) {
    if (level.picks[i] == 2)
      ++got[full.picks[i]];
    else if (full.picks[i] != level.picks[i])
      FAIL("place " << i << " moved");
  }
  CHECK(got[2] == 0);
  for (const uint32_t other : {0u, 1u, 3u, 4u, 5u, 6u, 7u}) CHECK(got[other] > 900);  // of about 8,190 / 7
  all[2].active = 127;                                                                // of 827 + 1: 130
  CHECK((fill("conhash", all, bounded).picks == level.picks));
}

TEST_CASE("a mapping without usable servers refuses", "[sched]") {
  for (const char* name : {"sh", "dh", "mh", "conhash"}) {
    for (const auto& none : {std::vector<Candidate>{}, servers(3, 0)}) {
      const Schedule s = fill(name, none);
      CAPTURE(name);
      CHECK(chosen(s, {}) == Schedule::kNobody);
    }
  }
}

TEST_CASE("great and unequal weights end", "[sched]") {
  std::vector<Candidate> all{server(0, 65535), server(1, 1), server(2, 65534)};
  for (const Scheduler& s : schedulers()) {
    CAPTURE(s.name);
    CHECK_FALSE(fill(std::string(s.name).c_str(), all).picks.empty());
  }
  CHECK(shares(fill("conhash", all), 3)[1] < 0.001);
}
