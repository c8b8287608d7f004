// A connection table of its own for each test, with shorthands.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "conn/table.h"

namespace steelyard {

inline Endpoint endpoint(uint32_t host, uint16_t port) {
  return {Ipv4::from_host(host), Port::from_host(port)};
}

inline FlowKey inbound(Endpoint client, Endpoint to, Protocol protocol = Protocol::tcp) {
  return {client, to, protocol, Direction::inbound};
}
inline FlowKey outbound(Endpoint client, Endpoint server, Protocol protocol = Protocol::tcp) {
  return {client, server, protocol, Direction::outbound};
}

inline const Endpoint kWeb = endpoint(0xcb00710a, 80), kServer1 = endpoint(0x0a00000b, 8080),
                      kServer2 = endpoint(0x0a00000c, 8080);

struct TableFixture {
  explicit TableFixture(uint32_t capacity = 1000, std::array<uint64_t, 2> seed = {1, 2}, unsigned threads = 1)
      : online(threads), grace(threads + 1), table(options(capacity, seed, threads), grace) {
    for (unsigned t = 0; t < threads; ++t) {
      grace.register_thread(t);
      grace.online(t);
    }
  }
  static ConnectionTable::Options options(uint32_t capacity, std::array<uint64_t, 2> seed, unsigned threads) {
    ConnectionTable::Options o;
    o.capacity = capacity;
    o.hash_seed = seed;
    o.threads = threads;
    return o;
  }

  static void fill(Connection& c, Endpoint client, Endpoint to, Endpoint server, State state, Ticks seen,
                   Protocol protocol = Protocol::tcp) {
    c.client_address = client.address, c.client_port = client.port;
    c.protocol = protocol;
    c.half[0].address = to.address, c.half[0].port = to.port;
    c.half[1].address = server.address, c.half[1].port = server.port;
    c.last_seen.store(seen, std::memory_order_relaxed);
    c.state_word.store(state_word(state, is_active(state) ? 0 : kInactive), std::memory_order_relaxed);
  }

  // Nothing if the table is full.
  std::optional<ConnectionTable::InsertResult> insert(Endpoint client, Endpoint to = kWeb,
                                                      Endpoint server = kServer1,
                                                      State state = State::established, Ticks seen = 0) {
    Connection* c = table.allocate(0);
    if (c == nullptr) return std::nullopt;
    fill(*c, client, to, server, state, seen);
    return table.insert(0, c, table.hash(client, Protocol::tcp));
  }
  ConnectionTable::Inserted outcome(Endpoint client, Endpoint to = kWeb, Endpoint server = kServer1) {
    return insert(client, to, server).value().outcome;
  }
  Connection* find(const FlowKey& key) { return table.find(key, table.hash(key.client, key.protocol)); }
  bool erase(Endpoint client, Endpoint to = kWeb) {
    uint32_t last = 0;
    Connection* c = find(inbound(client, to));
    return c != nullptr && table.erase(c, &last, 0);
  }
  // All readers have moved on, and what was erased is free again.
  void settle() {
    table.reclaim();
    for (unsigned t = 0; t < online; ++t) grace.quiescent(t);
    table.reclaim();
  }

  unsigned online;
  GracePeriods grace;
  ConnectionTable table;
};

}  // namespace steelyard
