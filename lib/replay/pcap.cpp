#include "replay/pcap.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <pcap/pcap.h>

namespace steelyard::replay {

namespace {
constexpr int64_t kSecond = 1'000'000'000;
constexpr int kSnapLength = 262144;
}  // namespace

void PcapReader::Close::operator()(pcap* p) const noexcept { pcap_close(p); }

PcapReader::PcapReader(const std::string& file) : file_(file) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_.reset(
      pcap_open_offline_with_tstamp_precision(file.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data()));
  if (!pcap_) throw CaptureError(fmt::format("{}: {}", file, error.data()));
  const int type = pcap_datalink(pcap_.get());
  if (type == DLT_EN10MB) return;
  const char* name = pcap_datalink_val_to_name(type);
  throw CaptureError(fmt::format("{}: link type {} ({}); only Ethernet (EN10MB) can be replayed", file,
                                 name != nullptr ? name : "unknown", type));
}

std::optional<Captured> PcapReader::next() {
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  const int result = pcap_next_ex(pcap_.get(), &header, &data);
  if (result == PCAP_ERROR_BREAK) return std::nullopt;
  if (result != 1) throw CaptureError(fmt::format("{}: {}", file_, pcap_geterr(pcap_.get())));
  // Asked for nanoseconds, libpcap puts them where microseconds would stand.
  return Captured{int64_t{header->ts.tv_sec} * kSecond + header->ts.tv_usec, 0, header->len,
                  Bytes(data, data + header->caplen)};
}

MergedReader::MergedReader(std::span<const Input> inputs) {
  for (const Input& i : inputs) {
    sources_.push_back({i.port, PcapReader(i.file), std::nullopt});
    sources_.back().head = sources_.back().reader.next();
  }
}

std::optional<Captured> MergedReader::next() {
  Source* first = nullptr;
  for (Source& s : sources_)
    if (s.head && (first == nullptr || s.head->ns < first->head->ns)) first = &s;
  if (first == nullptr) return std::nullopt;
  std::optional<Captured> out = std::exchange(first->head, first->reader.next());
  out->port = first->port;
  return out;
}

void PcapWriter::Close::operator()(pcap* p) const noexcept { pcap_close(p); }
void PcapWriter::Close::operator()(pcap_dumper* d) const noexcept { pcap_dump_close(d); }

PcapWriter::PcapWriter(const std::string& file)
    : file_(file),
      pcap_(pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kSnapLength, PCAP_TSTAMP_PRECISION_NANO)) {
  dumper_.reset(pcap_dump_open(pcap_.get(), file.c_str()));
  if (!dumper_) throw CaptureError(pcap_geterr(pcap_.get()));
}

void PcapWriter::write(int64_t ns, std::span<const uint8_t> frame) {
  pcap_pkthdr header{};
  header.ts.tv_sec = ns / kSecond;
  header.ts.tv_usec = ns % kSecond;
  header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
  pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, frame.data());
}

void PcapWriter::close() {
  const bool failed = pcap_dump_flush(dumper_.get()) != 0 || std::ferror(pcap_dump_file(dumper_.get())) != 0;
  dumper_.reset();
  if (failed) throw CaptureError(fmt::format("{}: cannot be written", file_));
}

}  // namespace steelyard::replay
