#include "admin/block_reader.h"

#include <catch2/catch.hpp>

#include "capture/pcapng.h"

using namespace steelyard;
using admin::BlockReader;

namespace {

std::string packet(std::size_t length, uint64_t lost, std::string_view comment = "") {
  const std::vector<uint8_t> bytes(length, 0xaa);
  std::string out;
  capture::append_packet(out, {.lost = lost, .comment = comment, .bytes = bytes});
  return out;
}

std::string head() {
  std::string out;
  capture::append_section(out, "steelyard", "");
  capture::append_interface(out, {"outside", "", {}, 65535});
  return out;
}

}  // namespace

TEST_CASE("blocks come whole, however the bytes come", "[admin][capture]") {
  const std::string all = head() + packet(61, 0) + packet(1500, 12, "dropped") + packet(0, 3);
  const std::size_t size = GENERATE(1u, 3u, 7u, 100u, 5000u);
  BlockReader reader;
  std::string got;
  for (std::size_t at = 0; at < all.size(); at += size) {
    const std::string_view whole = reader.take(std::string_view(all).substr(at, size));
    got += whole;
  }
  CHECK(got == all);
  CHECK(reader.packets() == 3);
  CHECK(reader.lost() == 15);
}

TEST_CASE("a block that is not complete is held back", "[admin][capture]") {
  const std::string first = head(), last = packet(100, 0);
  BlockReader reader;
  CHECK(reader.take(first + last.substr(0, last.size() - 1)) == first);
  CHECK(reader.take("") == "");
  CHECK(reader.take(last.substr(last.size() - 1)) == last);
}

TEST_CASE("what is no pcapng is refused", "[admin][capture]") {
  CHECK_THROWS_AS(BlockReader().take("{\"error\": \"something else\"}"), admin::NotPcapng);
  CHECK_THROWS_AS(BlockReader().take(std::string(12, '\0')), admin::NotPcapng);
  std::string damaged = packet(8, 1);
  damaged[20] = '\x7f';  // its frame would end far outside of it
  CHECK_NOTHROW(BlockReader().take(damaged));
}
