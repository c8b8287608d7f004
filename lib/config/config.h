// The configuration file as plain structs. All validation happens here: whatever load() returns is
// consistent. Read once at start by the control core; the file format is documented in docs/configuration.md.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/types.h"
#include "net/verdict.h"
#include "sched/scheduler.h"
#include "service/snapshot.h"

namespace steelyard::config {

// A place in the file; lines and columns count from 1.
struct Place {
  int line = 0, column = 0;
};

struct InterfaceAddress {
  Ipv4 address;        // with its host bits
  uint8_t length = 0;  // of the prefix
  Place at;
};

struct Vlan {
  uint16_t id = 0;
  std::vector<InterfaceAddress> addresses;
  Place at;
};

struct Port {
  std::string name;
  std::string interface;  // in the kernel: the name, behind that of the instance if it has one
  std::string
      device;  // PCI address, or a vdev such as net_af_xdp0,iface=eth1; may be empty where `mac` is set
  std::vector<InterfaceAddress> addresses;
  std::vector<Vlan> vlans;
  std::optional<uint16_t> mtu;  // default: the device's
  std::optional<Mac> mac;       // only for replay, where no device has one
  Place at;
};

// Static neighbour: {address, mac, port[, vlan]}.
struct Neighbour {
  Ipv4 address;
  Mac mac;
  std::string port;
  uint16_t vlan = 0;
  Place at;
};

// Static route: {to, via, port}; needed only where no kernel answers, as in replay.
struct Route {
  Prefix to;
  Ipv4 via;
  std::string port;
  uint16_t vlan = 0;
  Place at;
};

// A TCP handshake.
struct TcpCheck {
  friend auto operator<=>(const TcpCheck&, const TcpCheck&) = default;
};

// One HTTP/1.1 request over a connection of its own.
struct HttpCheck {
  std::string method = "GET";            // GET, HEAD or OPTIONS
  std::string path = "/";                // visible ASCII
  std::string host;                      // visible ASCII; empty: the server's address and port
  std::vector<uint16_t> status = {200};  // what counts as success, sorted
  std::string body;                      // must stand in the answer's body; empty: whatever it is
  friend auto operator<=>(const HttpCheck&, const HttpCheck&) = default;
};

// How a real server is checked.
struct HealthCheck {
  std::variant<TcpCheck, HttpCheck> kind;
  std::chrono::milliseconds interval{2000}, timeout{1000};
  std::optional<std::chrono::milliseconds> jitter;  // at most half the interval; none: a tenth of it
  unsigned rise = 2, fall = 3;
  std::optional<steelyard::Port> port;  // none: the server's own
  friend auto operator<=>(const HealthCheck&, const HealthCheck&) = default;
};

struct Server {
  Endpoint address;     // port 0, in all servers of a service of port 0: the one that the client asked for
  uint32_t weight = 1;  // 0: quiesced; at most 65535
  Place at;
  std::optional<HealthCheck> health = std::nullopt;  // with jitter and port set; none: never checked
};

// What becomes of new connections once every server has failed its checks.
enum class WhenAllDown : uint8_t { reject, use_all };

// A client's next connections go to the server of the last one.
struct Persistence {
  std::chrono::milliseconds timeout{300000};  // from its last connection on
  uint8_t prefix = 32;                        // clients whose addresses have so many bits in common are one
  std::string group;                          // services of one name share it; "": this service alone
  Place at;
};

// IPVS's defaults (service/tcp_state.h).
std::array<std::chrono::milliseconds, kStates> default_service_timeouts();

struct Service {
  std::string name;
  Endpoint address;  // port 0, only with persistence: all ports that no other service has
  Protocol protocol = Protocol::tcp;
  std::string scheduler = "wrr";            // a name of schedulers()
  SchedulerOptions scheduler_options = {};  // of those that this scheduler has
  std::array<std::chrono::milliseconds, kStates> timeouts = default_service_timeouts();  // by State
  NoConnection no_connection = NoConnection::reset;
  bool sloppy_tcp = false;
  std::optional<HealthCheck> health = std::nullopt;  // what servers go by that say nothing else
  WhenAllDown when_all_down = WhenAllDown::reject;
  std::vector<Server> servers;  // in YAML order, which is scheduling order
  Place at;
  std::optional<Persistence> persistence = std::nullopt;
  bool one_packet =
      false;  // UDP: each datagram of a client is scheduled by itself; no server of another UDP service
};

enum class Idle : uint8_t { poll, sleep };

// "/run/steelyard/blue.sock" of the instance "blue", "/run/steelyard/steelyard.sock" of none.
std::string default_admin_socket(std::string_view instance);

// By KernelClass, packets a second over all workers; std::nullopt: unlimited. Each class has a budget of its
// own, so that no flood of one can starve another.
inline constexpr std::array<std::optional<uint32_t>, kKernelClasses> kDefaultKernelRates{
    1000, 1000, 10000, 1000, 10000, std::nullopt, 1000};

struct Director {
  std::string instance;  // "": the only director of the machine, or the first
  unsigned control_core = 0;
  std::vector<unsigned> worker_cores = {1};  // one worker each, at least one
  uint32_t connections = 1'000'000;          // capacity of the table
  Idle idle = Idle::poll;
  std::vector<std::string> eal;  // passed to the EAL as they are
  std::string admin_socket = default_admin_socket("");
  std::string admin_group;  // of users that may use it; "": the director's own group
  std::array<std::optional<uint32_t>, kKernelClasses> kernel_rates = kDefaultKernelRates;
  // Answers of our own a second over all workers; std::nullopt: unlimited.
  std::optional<uint32_t> icmp_error_rate = 1000, reset_rate = 10000;
};

struct Config {
  std::string file;
  Director director;
  std::vector<Port> ports;
  std::vector<Neighbour> neighbours;
  std::vector<Route> routes;
  std::vector<Service> services;
};

// `file:line:column: what is wrong and what is allowed`, one line. Line 0: the file as a whole.
struct Message {
  std::string file;
  Place at;
  std::string text;
  std::string format() const;
  std::string format_warning() const;  // the same, with "warning: " before the text
};

class Error : public std::runtime_error {
 public:
  explicit Error(std::vector<Message> messages);
  const std::vector<Message>& messages() const noexcept { return messages_; }

 private:
  std::vector<Message> messages_;
};

// Reads and validates the file. Throws Error with all errors of the file at once, in its order, and nothing
// else (but std::bad_alloc). What is only doubtful is appended to `warnings`, also when it throws.
// load_text() is the same for a text, `file` names it in messages.
Config load(const std::string& file, std::vector<Message>& warnings);
Config load_text(std::string_view text, const std::string& file, std::vector<Message>& warnings);

}  // namespace steelyard::config
