// Captures: pcap and pcapng in, pcap out, Ethernet only. Times are nanoseconds since 1970.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "replay/memory_io.h"

struct pcap;
struct pcap_dumper;

namespace steelyard::replay {

class CaptureError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Captured {
  int64_t ns = 0;
  uint8_t port = 0;          // set by MergedReader
  uint32_t wire_length = 0;  // >= bytes.size(): the capture may have cut the frame
  Bytes bytes;
};

// Reads one file, frame by frame. Throws CaptureError when it cannot be read, is damaged or holds anything
// but Ethernet.
class PcapReader {
 public:
  explicit PcapReader(const std::string& file);
  std::optional<Captured> next();

 private:
  struct Close {
    void operator()(pcap* p) const noexcept;
  };
  std::string file_;
  std::unique_ptr<pcap, Close> pcap_;
};

// Several files as one stream in order of time; frames of the same time in order of the files, frames of one
// file always in the file's order.
class MergedReader {
 public:
  struct Input {
    uint8_t port = 0;
    std::string file;
  };
  explicit MergedReader(std::span<const Input> inputs);
  std::optional<Captured> next();

 private:
  struct Source {
    uint8_t port;
    PcapReader reader;
    std::optional<Captured> head;
  };
  std::vector<Source> sources_;
};

// Writes a pcap with nanosecond times. Throws CaptureError; close() reports what the file system refused.
class PcapWriter {
 public:
  explicit PcapWriter(const std::string& file);
  void write(int64_t ns, std::span<const uint8_t> frame);
  void close();

 private:
  struct Close {
    void operator()(pcap* p) const noexcept;
    void operator()(pcap_dumper* d) const noexcept;
  };
  std::string file_;
  std::unique_ptr<pcap, Close> pcap_;
  std::unique_ptr<pcap_dumper, Close> dumper_;
};

}  // namespace steelyard::replay
