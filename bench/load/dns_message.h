// The DNS messages of a load (RFC 1035): a question for a name's TXT record, and the answer to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::load {

// Throws std::invalid_argument for what is no domain name.
std::string dns_query(uint16_t id, std::string_view name);

struct DnsAnswer {
  enum class State {
    other,      // no answer to this id: not for us
    malformed,  // an answer without a TXT record that can be read
    failed,     // a response code other than 0
    text,
  };
  State state = State::malformed;
  std::string text;  // of the first TXT record, its strings joined
};

DnsAnswer read_dns_answer(std::string_view packet, uint16_t id);

}  // namespace steelyard::load
