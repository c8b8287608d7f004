#include "conn/tcp_track.h"

#include <array>

#include "net/headers.h"

namespace steelyard {
namespace {

// What a packet says: RST before SYN before FIN before ACK.
enum Event : uint8_t { reset, syn, fin, ack, nothing, kEvents };

constexpr Event event_of(unsigned tcp_flags) noexcept {
  if ((tcp_flags & kRst) != 0) return reset;
  if ((tcp_flags & kSyn) != 0) return syn;
  if ((tcp_flags & kFin) != 0) return fin;
  return (tcp_flags & kAck) != 0 ? ack : nothing;
}

constexpr std::size_t kTcpStates = 16;  // a power of two, at least kStates
static_assert(kStates <= kTcpStates);

using S = State;

struct Rule {
  State from;
  State on[kEvents];  // by Event
};

// clang-format off
//   from              reset            syn              fin              ack              nothing
constexpr Rule kClient[] = {
    {S::none,        {S::close,        S::syn_recv,     S::close,        S::established,  S::close}},
    {S::established, {S::close,        S::established,  S::close_wait,   S::established,  S::close}},
    {S::syn_sent,    {S::close,        S::established,  S::syn_sent,     S::syn_sent,     S::close}},
    {S::syn_recv,    {S::syn_recv,     S::syn_recv,     S::time_wait,    S::established,  S::close}},
    {S::fin_wait,    {S::close,        S::syn_recv,     S::time_wait,    S::fin_wait,     S::close}},
    {S::time_wait,   {S::close,        S::syn_recv,     S::time_wait,    S::time_wait,    S::close}},
    {S::close,       {S::close,        S::syn_recv,     S::close,        S::close,        S::close}},
    {S::close_wait,  {S::close,        S::syn_recv,     S::close_wait,   S::close_wait,   S::close}},
};
constexpr Rule kServer[] = {
    {S::none,        {S::close,        S::syn_sent,     S::time_wait,    S::established,  S::close}},
    {S::established, {S::close,        S::established,  S::fin_wait,     S::established,  S::close}},
    {S::syn_sent,    {S::syn_sent,     S::syn_sent,     S::syn_sent,     S::syn_sent,     S::close}},
    {S::syn_recv,    {S::close,        S::syn_recv,     S::time_wait,    S::established,  S::close}},
    {S::fin_wait,    {S::close,        S::syn_sent,     S::fin_wait,     S::fin_wait,     S::close}},
    {S::time_wait,   {S::time_wait,    S::syn_sent,     S::time_wait,    S::time_wait,    S::close}},
    {S::close,       {S::close,        S::syn_sent,     S::close,        S::close,        S::close}},
    {S::close_wait,  {S::close,        S::syn_sent,     S::time_wait,    S::close_wait,   S::close}},
};
// clang-format on

constexpr unsigned kFlagBits = kFin | kSyn | kRst | kPsh | kAck;
static_assert(kFlagBits == 0x1f);

// [direction][flags][state]; a state without rules keeps to itself.
using Table = std::array<std::array<std::array<State, kTcpStates>, kFlagBits + 1>, 2>;

constexpr Table make_table() noexcept {
  Table table{};
  for (auto& direction : table)
    for (auto& flags : direction)
      for (std::size_t s = 0; s < kTcpStates; ++s) flags[s] = static_cast<State>(s);
  for (unsigned flags = 0; flags <= kFlagBits; ++flags) {
    for (const Rule& r : kClient) table[0][flags][static_cast<std::size_t>(r.from)] = r.on[event_of(flags)];
    for (const Rule& r : kServer) table[1][flags][static_cast<std::size_t>(r.from)] = r.on[event_of(flags)];
  }
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

State tcp_transition(State from, Direction direction, uint8_t tcp_flags) noexcept {
  return kTable[static_cast<std::size_t>(direction)][tcp_flags & kFlagBits]
               [static_cast<std::size_t>(from) % kTcpStates];
}

namespace {

// One attempt; `word` is what was seen, and what is there if it failed.
bool try_state(Connection& c, uint32_t& word, State to, Change& change) noexcept {
  const bool was_inactive = (word >> 8 & kInactive) != 0, inactive = !is_active(to);
  const uint32_t kept = word & ~(uint32_t{0xff} | uint32_t{kInactive} << 8);
  const uint32_t next = kept | state_word(to, inactive ? uint8_t{kInactive} : uint8_t{0});
  // Relaxed: a state orders nothing else; the one order that matters, with an eraser's exchange, is that of
  // this word alone.
  if (!c.state_word.compare_exchange_weak(word, next, std::memory_order_relaxed)) return false;
  const int delta = static_cast<int>(was_inactive) - static_cast<int>(inactive);
  change = {static_cast<int8_t>(delta), static_cast<int8_t>(-delta), to == State::established};
  return true;
}

}  // namespace

bool set_state(Connection& c, State to, Change& change) noexcept {
  change = {};
  uint32_t word = c.state_word.load(std::memory_order_relaxed);
  while (state_in(word) != State::dead)
    if (try_state(c, word, to, change)) return true;
  return false;
}

Change track_tcp(Connection& c, Direction direction, uint8_t tcp_flags) noexcept {
  Change change;
  uint32_t word = c.state_word.load(std::memory_order_relaxed);
  for (;;) {
    const State from = state_in(word), to = tcp_transition(from, direction, tcp_flags);
    if (from == State::dead || to == from || try_state(c, word, to, change)) return change;
  }
}

}  // namespace steelyard
