// Persistence templates as entries of the table: who holds them, how long they last, what they survive.
#include "conn/template.h"

#include <catch2/catch.hpp>

#include "table_fixture.h"

using namespace steelyard;
using Outcome = MadeTemplate::Outcome;

namespace {

constexpr Ticks kTimeout = 3 * kTicksPerSecond, kMinute = 60 * kTicksPerSecond, kNow = 10'000;
constexpr ServerSlot kFirst = 5, kSecond = 6;

TemplateKey key(uint32_t network = 0x0a0b0000, uint16_t number = 7) {
  return {Ipv4::from_host(network), Port{number}, kWeb};
}

Ticks never(const Connection&, State, const void*) { return ~Ticks{0} / 2; }

struct Fixture : TableFixture {
  explicit Fixture(uint32_t capacity = 100) : TableFixture(capacity) {}

  Connection* make(Ticks now = kNow, const TemplateKey& k = key()) {
    const MadeTemplate made = make_template(table, 0, k, 1, kFirst, kTimeout, now);
    REQUIRE(made.outcome == Outcome::made);
    return made.entry;
  }
  Connection* find(const TemplateKey& k = key()) {
    return TableFixture::find(inbound({k.network, k.number}, k.endpoint, Protocol::persistence));
  }
  // A connection that takes over a hold.
  Connection* open(Connection& t, uint16_t port, State state = State::established, Ticks seen = kNow) {
    Connection* c = table.allocate(0);
    REQUIRE(c != nullptr);
    fill(*c, endpoint(0x0a0b0001, port), kWeb, kServer1, state, seen);
    c->link = table.link_to(t);
    REQUIRE(table.insert(0, c, table.hash(c->client(), Protocol::tcp)).outcome ==
            ConnectionTable::Inserted::inserted);
    return c;
  }
  uint32_t sweep(Ticks now) { return table.sweep(table.sweep_slots(), now, {never, nullptr, note, this}); }
  static void note(const ConnectionTable::Expired&, void* self) { ++static_cast<Fixture*>(self)->told; }
  int told = 0;
};

}  // namespace

TEST_CASE("A template is found by its network, number and endpoint, and by no packet",
          "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  CHECK(is_template(*t));
  CHECK(holds_of(*t) == 1);
  CHECK(hold_template(f.table, key(), kNow) == t);
  CHECK(holds_of(*t) == 2);
  CHECK(hold_template(f.table, key(0x0a0c0000), kNow) == nullptr);
  CHECK(hold_template(f.table, key(0x0a0b0000, 8), kNow) == nullptr);
  CHECK(make_template(f.table, 0, key(), 1, kSecond, kTimeout, kNow).outcome == Outcome::exists);
  for (const Protocol p : {Protocol::tcp, Protocol::udp, Protocol::none}) {
    CHECK(f.TableFixture::find(inbound({key().network, key().number}, kWeb, p)) == nullptr);
    CHECK(f.TableFixture::find(outbound({key().network, key().number}, kWeb, p)) == nullptr);
  }
}

TEST_CASE("A template ends at its timeout once nobody holds it", "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  let_go(*t, kNow);
  CHECK(f.sweep(kNow + kTimeout) == 0);
  CHECK(f.find() == t);
  CHECK(f.sweep(kNow + kTimeout + 1) == 1);
  CHECK(f.find() == nullptr);
  CHECK(f.told == 0);
}

TEST_CASE("Who comes before the sweep does not meet a template that is over", "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  let_go(*t, kNow);
  CHECK(hold_template(f.table, key(), kNow + kTimeout) == t);
  let_go(*t, kNow + kTimeout);
  restart(*t, kNow);
  CHECK(hold_template(f.table, key(), kNow + kTimeout + 1) == nullptr);
  CHECK(f.find() == nullptr);
  CHECK(f.make(kNow + kTimeout + 1) != t);
}

TEST_CASE("A held template goes on for a minute from each time it would have ended", "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  f.open(*t, 1);
  const bool swept = GENERATE(true, false);  // by the sweep or by who comes next
  const Ticks much_later = kNow + kTimeout + 3 * kMinute + 5;
  if (swept) {
    CHECK(f.sweep(much_later) == 0);
  } else {
    CHECK(hold_template(f.table, key(), much_later) == t);
    CHECK(holds_of(*t) == 2);
  }
  CHECK(timeout_of(*t) == kMinute);
  CHECK(t->last_seen == kNow + kTimeout + 3 * kMinute);
}

TEST_CASE("A connection's end lets its template go once, whoever erases it", "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  Connection* c = f.open(*t, 1);
  uint32_t last = 0;
  SECTION("erased by a worker, twice") {
    CHECK(f.table.erase(c, &last, kNow + 1));
    CHECK_FALSE(f.table.erase(c, &last, kNow + 1));
    CHECK(timeout_of(*t) == kTimeout);
  }
  SECTION("erased after the template's time: the template has begun its minute") {
    CHECK(f.table.erase(c, &last, kNow + kTimeout + 2));
    CHECK(timeout_of(*t) == kMinute);
    CHECK(t->last_seen == kNow + kTimeout);
  }
  SECTION("swept") {
    const auto now = [](const Connection&, State, const void*) { return Ticks{0}; };
    CHECK(f.table.sweep(f.table.sweep_slots(), kNow + 1, {now, nullptr, Fixture::note, &f}) == 1);
    CHECK(f.told == 1);
  }
  CHECK(holds_of(*t) == 0);
  CHECK(f.find() == t);
}

TEST_CASE("A template has one server at a time: who replaces it first wins", "[conn][persistence]") {
  Fixture f;
  Connection* t = f.make();
  assure(*t);
  CHECK(is_assured(*t));
  CHECK(replace_server(*t, kFirst, kSecond, 2 * kTimeout));
  CHECK_FALSE(replace_server(*t, kFirst, kFirst, kTimeout));
  CHECK(t->server == kSecond);
  CHECK(timeout_of(*t) == 2 * kTimeout);
  CHECK_FALSE(is_assured(*t));
}

TEST_CASE("Under pressure a template goes with its last half-open connection, unless assured",
          "[conn][persistence]") {
  Fixture f(100);
  const bool assured = GENERATE(false, true);
  for (uint32_t i = 0; i < 48; ++i) {
    Connection* t = f.make(kNow, key(0x0a0b0000 + i));
    if (assured) assure(*t);
    f.open(*t, static_cast<uint16_t>(1 + i), State::syn_recv);
  }
  const uint32_t before = f.table.size();
  CHECK(before == 96);
  const uint32_t erased = f.table.relieve(kNow + 8, {never, nullptr, Fixture::note, &f});
  CHECK(erased == 6);
  f.settle();
  CHECK(before - f.table.size() == (assured ? 6 : 12));
}
