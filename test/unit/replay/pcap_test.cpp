#include "replay/pcap.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "temporary_directory.h"

using namespace steelyard::replay;

namespace {

void write(const std::string& file, const std::vector<std::pair<int64_t, Bytes>>& frames) {
  PcapWriter writer(file);
  for (const auto& [ns, bytes] : frames) writer.write(ns, bytes);
  writer.close();
}

// A classic little-endian pcap header.
void write_header(const std::string& file, uint32_t link_type) {
  const std::array<uint32_t, 6> header{0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, link_type};
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(header.data()), sizeof(header));
}

}  // namespace

TEST_CASE("a capture keeps frames and nanoseconds", "[replay]") {
  const steelyard::test::TemporaryDirectory dir;
  write(dir.file("a.pcap"), {{1'600'000'000'123'456'789, {1, 2, 3}}, {1'600'000'000'123'456'790, {}}});
  PcapReader reader(dir.file("a.pcap"));
  const auto first = reader.next(), second = reader.next();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->ns == 1'600'000'000'123'456'789);
  CHECK(first->bytes == Bytes{1, 2, 3});
  CHECK(first->wire_length == 3);
  CHECK(second->ns == 1'600'000'000'123'456'790);
  CHECK(second->bytes.empty());
  CHECK_FALSE(reader.next());
}

TEST_CASE("several captures are merged by time, ties in the order of the files", "[replay]") {
  const steelyard::test::TemporaryDirectory dir;
  write(dir.file("a.pcap"), {{100, {1}}, {300, {2}}, {200, {3}}});
  write(dir.file("b.pcap"), {{100, {4}}, {250, {5}}});
  const std::vector<MergedReader::Input> inputs = {{0, dir.file("a.pcap")}, {1, dir.file("b.pcap")}};
  MergedReader reader(inputs);
  std::vector<std::pair<int, int>> seen;
  while (const auto c = reader.next()) seen.emplace_back(c->port, c->bytes.at(0));
  CHECK(seen == std::vector<std::pair<int, int>>{{0, 1}, {1, 4}, {1, 5}, {0, 2}, {0, 3}});
}

TEST_CASE("what is no Ethernet capture is refused with a reason", "[replay]") {
  const steelyard::test::TemporaryDirectory dir;
  write_header(dir.file("ppp.pcap"), 9);
  std::ofstream(dir.file("text.pcap")) << "this is no capture, whatever its name says";
  CHECK_THROWS_WITH(PcapReader(dir.file("none.pcap")), Catch::Contains("none.pcap"));
  CHECK_THROWS_WITH(PcapReader(dir.file("text.pcap")), Catch::Contains("text.pcap"));
  CHECK_THROWS_WITH(PcapReader(dir.file("ppp.pcap")), Catch::Contains("PPP") && Catch::Contains("Ethernet"));
}

TEST_CASE("a capture that ends within a frame is an error", "[replay]") {
  const steelyard::test::TemporaryDirectory dir;
  write(dir.file("a.pcap"), {{1, {1, 2, 3, 4}}});
  std::filesystem::resize_file(dir.file("a.pcap"), std::filesystem::file_size(dir.file("a.pcap")) - 2);
  PcapReader reader(dir.file("a.pcap"));
  CHECK_THROWS_AS(reader.next(), CaptureError);
}
