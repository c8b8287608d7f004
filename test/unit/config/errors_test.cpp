#include <catch2/catch.hpp>

#include "told.h"

using namespace steelyard::config;

namespace {
struct Row {
  const char* name;
  std::string text;
  std::vector<std::string> errors;
};

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Told told = tell(row.text);
    CHECK(told.errors == row.errors);
    CHECK_FALSE(told.loaded);
  }
}

// A file whose line 2 is `line`, in a map of the director, of a port or of a service, after a right one.
std::string director(const std::string& line) {
  return "director:\n  " + line + "\nports: [{name: a, device: net_null0}]\n";
}
std::string port(const std::string& rest) { return "ports:\n- {name: a, " + rest + "}\n"; }
std::string network(const std::string& line) {
  return "ports: [{name: inside, device: net_null0, vlans: [{id: 5}]}]\n" + line + "\n";
}
std::string service(const std::string& rest) {
  return "ports: [{name: a, device: net_null0}]\nservices: [{name: web, address: 203.0.113.1, port: 80, " +
         rest + "}]\n";
}
const std::string kPorts = "ports: [{name: a, device: net_null0}]\n";
}  // namespace

TEST_CASE("errors of the file's frame point at their place", "[config]") {
  check_rows({
      {"empty", "", {"1:1: the file is empty; allowed: a map with director, ports and services"}},
      {"only a comment",
       "# nothing\n",
       {"1:1: the file is empty; allowed: a map with director, ports and services"}},
      {"a list",
       "- a\n",
       {"1:1: the file is a list; allowed: a map with the keys director, ports, neighbours, routes, "
        "services"}},
      {"a text",
       "hello",
       {"1:1: the file is \"hello\"; allowed: a map with the keys director, ports, neighbours, routes, "
        "services"}},
      {"no ports", "services: []\n", {"1:1: the file lacks the key \"ports\""}},
      {"empty ports", "ports: []\n", {"1:8: ports is empty; allowed: 1 to 64 ports"}},
      {"ports of nothing", "ports:\n", {"1:1: ports is nothing; allowed: a list"}},
      {"unknown key",
       kPorts + "nonsense: 1\n",
       {"2:1: unknown key \"nonsense\" in the file; allowed: director, ports, neighbours, routes, services"}},
      {"nearest key",
       kPorts + "route: []\n",
       {"2:1: unknown key \"route\" in the file; did you mean \"routes\"? allowed: director, ports, "
        "neighbours, routes, services"}},
      {"duplicate key",
       kPorts + "routes: []\nroutes: []\n",
       {"3:1: the key \"routes\" stands already in line 2; allowed: once in the file"}},
      {"a key that is a list",
       kPorts + "? [a]\n: 1\n",
       {"2:3: a list is no key; allowed in the file: director, ports, neighbours, routes, services"}},
      {"two documents",
       kPorts + "---\n" + kPorts,
       {"2:1: a second YAML document begins; allowed: one document a file"}},
  });
}

TEST_CASE("YAML syntax errors have the same form", "[config]") {
  check_rows({
      {"unclosed list", "ports: [\n", {"2:1: not valid YAML: end of sequence flow not found"}},
      {"tab", "ports:\n\t- a\n", {"2:2: not valid YAML: illegal block entry"}},
      {"unknown alias", "ports: *x\n", {"1:8: not valid YAML: the referenced anchor is not defined"}},
      {"bare @", "ports: @\n", {"1:8: not valid YAML: unknown token"}},
      {"control character", "ports:\n- \x01\n", {"2:3: the byte 0x01 is no text; allowed: YAML in UTF-8"}},
      {"zero byte", std::string("ports\0", 6), {"1:6: the byte 0x00 is no text; allowed: YAML in UTF-8"}},
      {"not UTF-8", "# \xff\n", {"1:3: the byte 0xff is no text; allowed: YAML in UTF-8"}},
      {"UTF-16", "\xff\xfep", {"1:1: the byte 0xff is no text; allowed: YAML in UTF-8"}},
  });
}

TEST_CASE("errors of the director point at their place", "[config]") {
  const std::string core = "a whole number from 0 to 1023",
                    rate = "packets a second from 1 to 1G, or unlimited";
  check_rows({
      {"no map",
       "director: [1]\n" + kPorts,
       {"1:11: director is a list; allowed: a map with the keys instance, control_core, worker_cores, "
        "connections, "
        "idle, eal, admin_socket, admin_group, kernel_path, icmp_errors_per_second, resets_per_second"}},
      {"core not a number",
       director("control_core: first"),
       {"2:17: control_core is \"first\"; allowed: " + core}},
      {"core in quotes", director("control_core: \"0\""), {"2:17: control_core is \"0\"; allowed: " + core}},
      {"core too high", director("control_core: 1024"), {"2:17: control_core is \"1024\"; allowed: " + core}},
      {"core negative", director("control_core: -1"), {"2:17: control_core is \"-1\"; allowed: " + core}},
      {"core octal", director("control_core: 010"), {"2:17: control_core is \"010\"; allowed: " + core}},
      {"core a list", director("control_core: [0]"), {"2:17: control_core is a list; allowed: " + core}},
      {"core nothing", director("control_core:"), {"2:3: control_core is nothing; allowed: " + core}},
      {"no workers", director("worker_cores: []"), {"2:17: worker_cores is empty; allowed: 1 to 64 cores"}},
      {"workers no list", director("worker_cores: 1"), {"2:17: worker_cores is \"1\"; allowed: a list"}},
      {"a worker that is no core",
       director("worker_cores: [1, x, ]"),
       {"2:21: an entry of worker_cores is \"x\"; allowed: " + core}},
      {"a worker twice",
       director("worker_cores: [1, 2, 1]"),
       {"2:24: worker core 1 is already used in line 2"}},
      {"control core works",
       director("worker_cores: [1, 0]"),
       {"2:21: core 0 is the control core too; allowed: another core, or idle: sleep"}},
      {"control core is the default worker",
       director("control_core: 1"),
       {"2:17: core 1 is the control core too; allowed: another core, or idle: sleep"}},
      {"connections too few",
       director("connections: 999"),
       {"2:16: connections is \"999\"; allowed: a number from 1k to 1G, such as 500k or 10M"}},
      {"connections too many",
       director("connections: 2G"),
       {"2:16: connections is \"2G\"; allowed: a number from 1k to 1G, such as 500k or 10M"}},
      {"connections in a wrong unit",
       director("connections: 10m"),
       {"2:16: connections is \"10m\"; allowed: a number from 1k to 1G, such as 500k or 10M"}},
      {"idle unknown",
       director("idle: slep"),
       {"2:9: idle is \"slep\"; did you mean \"sleep\"? allowed: poll, sleep"}},
      {"eal names cores",
       director("eal: [-l, '0,1', --lcores=0, -c3, --main-lcore, --legacy-mem]"),
       {"2:9: \"-l\" in eal; allowed: cores by control_core and worker_cores only",
        "2:20: \"--lcores=0\" in eal; allowed: cores by control_core and worker_cores only",
        "2:32: \"-c3\" in eal; allowed: cores by control_core and worker_cores only",
        "2:37: \"--main-lcore\" in eal; allowed: cores by control_core and worker_cores only"}},
      {"eal with a list",
       director("eal: [[a]]"),
       {"2:9: an entry of eal is a list; allowed: a text of 1 to 1024 printable characters"}},
      {"socket path too long",
       director("admin_socket: /" + std::string(107, 'a')),
       {"2:17: admin_socket is \"/" + std::string(59, 'a') +
        "...\"; allowed: a text of 1 to 107 printable characters"}},
      {"group that can be none",
       director("admin_group: 'net admins'"),
       {"2:16: admin_group is \"net admins\"; allowed: 1 to 32 letters, digits, '.', '_' and '-', "
        "beginning with a letter, a digit or '_'"}},
      {"rate of zero", director("kernel_path: {icmp: 0}"), {"2:23: icmp is \"0\"; allowed: " + rate}},
      {"rate of a wrong word",
       director("resets_per_second: none"),
       {"2:22: resets_per_second is \"none\"; allowed: " + rate}},
      {"rate too high",
       director("icmp_errors_per_second: 2G"),
       {"2:27: icmp_errors_per_second is \"2G\"; allowed: " + rate}},
      {"unknown class",
       director("kernel_path: {arp: 5}"),
       {"2:17: unknown key \"arp\" in kernel_path; allowed: neighbour, routing, health, icmp, local, "
        "transit, other"}},
  });
}

TEST_CASE("errors of ports point at their place", "[config]") {
  const std::string name =
      "1 to 15 letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_'";
  const std::string address = "the IPv4 address of a host with its prefix length, such as 192.0.2.1/24";
  check_rows({
      {"no map",
       "ports: [eth0]\n",
       {"1:9: an entry of ports is \"eth0\"; allowed: a map with the keys name, device, addresses, vlans, "
        "mtu, mac"}},
      {"nothing",
       "ports:\n-\n- {name: a, device: net_null0}\n",
       {"2:1: an entry of ports is nothing; allowed: a map with the keys name, device, addresses, vlans, "
        "mtu, mac"}},
      {"no name", "ports:\n- device: net_null0\n", {"2:3: a port lacks the key \"name\""}},
      {"no device",
       "ports:\n- name: a\n",
       {"2:3: a port lacks the key \"device\"; only one with a \"mac\", for replay, needs none"}},
      {"long name",
       "ports:\n- {name: sixteen-letters., device: net_null0}\n",
       {"2:10: name is \"sixteen-letters.\"; allowed: " + name}},
      {"name with a slash",
       "ports:\n- {name: a/b, device: net_null0}\n",
       {"2:10: name is \"a/b\"; allowed: " + name}},
      {"name with a format",
       "ports:\n- {name: \"tap%d\", device: net_null0}\n",
       {"2:10: name is \"tap%d\"; allowed: " + name}},
      {"name of dots",
       "ports:\n- {name: .., device: net_null0}\n",
       {"2:10: name is \"..\"; allowed: " + name}},
      {"reserved name",
       "ports:\n- {name: all, device: net_null0}\n",
       {"2:10: name is \"all\", which Linux keeps for itself; allowed: any other interface name"}},
      {"duplicate name",
       "ports:\n- {name: a, device: net_null0}\n- {name: a, device: net_null1}\n",
       {"3:10: the interface name \"a\" is already used in line 2"}},
      {"duplicate device",
       "ports:\n- {name: a, device: net_null0}\n- {name: b, device: \"net_null0,x=1\"}\n",
       {"3:21: the device \"net_null0\" is already used in line 2"}},
      {"device with a space",
       port("device: \"net_null0, x=1\""),
       {"2:21: device is \"net_null0, x=1\"; allowed: no spaces"}},
      {"device drives a port's name",
       "ports:\n- {name: a, device: \"net_af_packet0,iface=a,qpairs=1\"}\n",
       {"2:3: device drives the interface \"a\", which a port's own interface is named; allowed: another "
        "name"}},
      {"an instance's interface too long",
       "director: {instance: blue}\nports:\n- {name: outside-east, device: net_null0}\n",
       {"3:10: port \"outside-east\" of instance \"blue\" would be the interface \"blue-outside-east\"; "
        "allowed: 15 characters, so a shorter name of the port or the instance"}},
      {"an instance's VLAN interface too long",
       "ports:\n- {name: outside, device: net_null0, vlans: [{id: 1234}]}\ndirector: {instance: blue}\n",
       {"2:51: VLAN 1234 would be the interface \"blue-outside.1234\"; allowed: 15 characters, so a shorter "
        "port name or instance"}},
      {"device drives an instance's interface",
       "director: {instance: b}\nports:\n- {name: a, device: \"net_af_packet0,iface=b-a\"}\n",
       {"3:3: device drives the interface \"b-a\", which a port's own interface is named; allowed: another "
        "name"}},
      {"instance's name",
       "director: {instance: a/b}\nports:\n- {name: a, device: net_null0}\n",
       {"1:22: instance is \"a/b\"; allowed: 1 to 13 letters, digits, '.', '_' and '-', beginning with a "
        "letter, a digit or '_'"}},
      {"address without length",
       port("device: net_null0, addresses: [10.0.0.1]"),
       {"2:44: an entry of addresses is \"10.0.0.1\"; allowed: " + address}},
      {"length too large",
       port("device: net_null0, addresses: [10.0.0.1/33]"),
       {"2:44: an entry of addresses is \"10.0.0.1/33\"; allowed: " + address}},
      {"length zero",
       port("device: net_null0, addresses: [10.0.0.1/0]"),
       {"2:44: an entry of addresses is \"10.0.0.1/0\"; allowed: " + address}},
      {"multicast",
       port("device: net_null0, addresses: [224.0.0.1/24]"),
       {"2:44: an entry of addresses is \"224.0.0.1/24\"; allowed: " + address}},
      {"loopback",
       port("device: net_null0, addresses: [127.0.0.1/8]"),
       {"2:44: an entry of addresses is \"127.0.0.1/8\"; allowed: " + address}},
      {"network and broadcast",
       port("device: net_null0, addresses: [10.0.0.0/24, 10.0.0.255/24]"),
       {"2:44: an entry of addresses is \"10.0.0.0/24\"; allowed: a host's address, not the first or the "
        "last one of its network",
        "2:57: an entry of addresses is \"10.0.0.255/24\"; allowed: a host's address, not the first or the "
        "last one of its network"}},
      {"duplicate address",
       port("device: net_null0, addresses: [10.0.0.1/24], vlans: [{id: 1, addresses: [10.0.0.1/25]}]"),
       {"2:86: the address 10.0.0.1 is already used in line 2"}},
      {"VLAN without id", port("device: net_null0, vlans: [{}]"), {"2:40: a VLAN lacks the key \"id\""}},
      {"VLAN id too high",
       port("device: net_null0, vlans: [{id: 4095}, {id: 0}]"),
       {"2:45: id is \"4095\"; allowed: a whole number from 1 to 4094",
        "2:57: id is \"0\"; allowed: a whole number from 1 to 4094"}},
      {"duplicate VLAN",
       port("device: net_null0, vlans: [{id: 7}, {id: 7}]"),
       {"2:54: VLAN id 7 is already used in line 2"}},
      {"VLAN interface's name",
       "ports:\n- {name: a.7, device: net_null0}\n- {name: a, device: net_null1, vlans: [{id: 7}]}\n",
       {"3:45: the interface name \"a.7\" is already used in line 2"}},
      {"VLAN interface's name too long",
       "ports:\n- {name: outside-east, device: net_null0, vlans: [{id: 1234}]}\n",
       {"2:56: VLAN 1234 would be the interface \"outside-east.1234\"; allowed: 15 characters, so a shorter "
        "port name"}},
      {"MTU",
       port("device: net_null0, mtu: 67"),
       {"2:37: mtu is \"67\"; allowed: a whole number from 68 to 9600"}},
      {"MAC of a group",
       port("mac: 01:00:5e:00:00:01"),
       {"2:18: mac is \"01:00:5e:00:00:01\"; allowed: the MAC address of one interface, such as "
        "02:00:00:00:00:01"}},
  });
  std::string many = "ports:\n";
  for (int i = 0; i < 65; ++i)
    many += "- {name: p" + std::to_string(i) + ", device: net_null" + std::to_string(i) + "}\n";
  CHECK(tell(many).errors.at(0) == "2:1: ports has 65 entries; allowed: at most 64");
}

TEST_CASE("errors of neighbours and routes point at their place", "[config]") {
  check_rows({
      {"unknown port",
       network("neighbours: [{address: 10.0.0.2, mac: 02:00:00:00:00:02, port: insid}]"),
       {"2:64: port is \"insid\"; did you mean \"inside\"? allowed: inside"}},
      {"unknown VLAN",
       network("neighbours: [{address: 10.0.0.2, mac: 02:00:00:00:00:02, port: inside, vlan: 6}]"),
       {"2:78: vlan is 6; allowed: a VLAN of the port \"inside\""}},
      {"missing keys",
       network("neighbours: [{}]"),
       {"2:14: a neighbour lacks the key \"address\"", "2:14: a neighbour lacks the key \"mac\"",
        "2:14: a neighbour lacks the key \"port\""}},
      {"no MAC",
       network("neighbours: [{address: 10.0.0.2, mac: 00:00:00:00:00:00, port: inside}]"),
       {"2:39: mac is \"00:00:00:00:00:00\"; allowed: the MAC address of one interface, such as "
        "02:00:00:00:00:01"}},
      {"duplicate neighbour",
       network("neighbours:\n- {address: 10.0.0.2, mac: 02:00:00:00:00:02, port: inside}\n- {address: "
               "10.0.0.2, mac: 02:00:00:00:00:02, port: inside, vlan: 5}\n- {address: 10.0.0.2, mac: "
               "02:00:00:00:00:03, port: inside}"),
       {"5:13: the neighbour 10.0.0.2 is already used in line 3"}},
      {"host bits",
       network("routes: [{to: 10.0.0.1/8, via: 10.0.0.2, port: inside}]"),
       {"2:15: to is \"10.0.0.1/8\"; allowed: a network without host bits, here 10.0.0.0/8"}},
      {"no network",
       network("routes: [{to: everywhere, via: 10.0.0.2, port: inside}]"),
       {"2:15: to is \"everywhere\"; allowed: a network such as 10.0.0.0/8, or default"}},
      {"duplicate route",
       network("routes:\n- {to: default, via: 10.0.0.2, port: inside}\n- {to: 0.0.0.0/0, via: 10.0.0.3, "
               "port: inside}"),
       {"4:8: the route to 0.0.0.0/0 is already used in line 3"}},
      {"no gateway",
       network("routes: [{to: default, via: 255.255.255.255, port: inside}]"),
       {"2:29: via is \"255.255.255.255\"; allowed: the IPv4 address of a host, such as 192.0.2.1"}},
  });
}

TEST_CASE("errors of services point at their place", "[config]") {
  const std::string time = "a time with its unit (ms, s, m, h) from 250ms to 720h";
  const std::string schedulers = "rr, wrr, lc, wlc, sed, nq, twos, lrt, fo, ovf, sh, dh, mh, conhash";
  check_rows({
      {"missing keys",
       kPorts + "services:\n  - protocol: tcp\n",
       {"3:5: a service lacks the key \"name\"", "3:5: a service lacks the key \"address\"",
        "3:5: a service lacks the key \"port\""}},
      {"name with a space",
       kPorts + "services: [{name: a b, address: 203.0.113.1, port: 80}]",
       {"2:19: name is \"a b\"; allowed: 1 to 63 letters, digits, '.', '_' and '-', beginning with a letter, "
        "a digit or '_'"}},
      {"address",
       kPorts + "services: [{name: a, address: 203.0.113, port: 80}]",
       {"2:31: address is \"203.0.113\"; allowed: the IPv4 address of a host, such as 192.0.2.1"}},
      {"port zero",
       kPorts + "services: [{name: a, address: 203.0.113.1, port: 0}]",
       {"2:50: port 0 stands for all ports and needs persistence; allowed: 1 to 65535, or 0 in a service "
        "with the "
        "key \"persistence\""}},
      {"protocol", service("protocol: sctp"), {"2:66: protocol is \"sctp\"; allowed: tcp, udp"}},
      {"scheduler",
       service("scheduler: wr"),
       {"2:67: scheduler is \"wr\"; did you mean \"rr\"? allowed: " + schedulers}},
      {"scheduler of another world",
       service("scheduler: random"),
       {"2:67: scheduler is \"random\"; allowed: " + schedulers}},
      {"options of a scheduler without any",
       service("scheduler: rr, scheduler_options: [mh-port]"),
       {"2:90: the scheduler rr has no options"}},
      {"options of another scheduler",
       service("scheduler: sh, scheduler_options: [mh-port]"),
       {"2:91: an entry of scheduler_options is \"mh-port\"; allowed: sh-fallback, sh-port"}},
      {"an option's number",
       service("scheduler: conhash, scheduler_options: [bounded-load=100]"),
       {"2:96: an entry of scheduler_options is \"bounded-load=100\"; allowed: bounded-load, "
        "bounded-load=N with N from 101 to 1000"}},
      {"time without unit", service("timeouts: {fin: 120}"), {"2:72: fin is \"120\"; allowed: " + time}},
      {"time too short", service("timeouts: {udp: 249ms}"), {"2:72: udp is \"249ms\"; allowed: " + time}},
      {"time too long", service("timeouts: {udp: 721h}"), {"2:72: udp is \"721h\"; allowed: " + time}},
      {"timeout of another state",
       service("timeouts: {syn_recv: 1s}"),
       {"2:67: unknown key \"syn_recv\" in timeouts; allowed: established, fin, udp"}},
      {"not a boolean", service("sloppy_tcp: yes"), {"2:68: sloppy_tcp is \"yes\"; allowed: true or false"}},
      {"a quoted boolean",
       service("sloppy_tcp: 'true'"),
       {"2:68: sloppy_tcp is \"true\"; allowed: true or false"}},
      {"no_connection",
       service("no_connection: rst"),
       {"2:71: no_connection is \"rst\"; allowed: reset, drop"}},
      {"duplicate name",
       kPorts + "services:\n- {name: a, address: 203.0.113.1, port: 80}\n- {name: a, address: 203.0.113.1, "
                "port: 81}\n",
       {"4:10: the service name \"a\" is already used in line 3"}},
      {"overlap",
       kPorts + "services:\n- {name: a, address: 203.0.113.1, port: 80}\n- {name: b, address: 203.0.113.1, "
                "port: 80, protocol: udp}\n- {name: c, address: 203.0.113.1, port: 80, protocol: tcp}\n",
       {"5:22: tcp 203.0.113.1:80 is already the service in line 3; allowed: one service for an address, "
        "port and protocol"}},
      {"server no map",
       service("servers: [10.0.0.1:80]"),
       {"2:66: an entry of servers is \"10.0.0.1:80\"; allowed: a map with the keys address, port, weight, "
        "health"}},
      {"server without port",
       service("servers: [{address: 10.0.0.1}]"),
       {"2:66: a server lacks the key \"port\""}},
      {"weight too large",
       service("servers: [{address: 10.0.0.1, port: 80, weight: 65536}]"),
       {"2:104: weight is \"65536\"; allowed: a whole number from 0 to 65535"}},
      {"duplicate server",
       service("servers: [{address: 10.0.0.1, port: 80}, {address: 10.0.0.1, port: 81}, {address: 10.0.0.1, "
               "port: 80}]"),
       {"2:128: the server 10.0.0.1:80 is already used in line 2"}},
      {"a server that is a service",
       service("servers: [{address: 203.0.113.1, port: 80}]"),
       {"2:66: the server 203.0.113.1:80 is itself the service in line 2; allowed: a real server"}},
  });
}

TEST_CASE("errors of health checks point at their place", "[config]") {
  check_rows({
      {"neither",
       service("health: {interval: 1s}"),
       {"2:64: health has neither of http and tcp; allowed: exactly one of them"}},
      {"both",
       service("health: {tcp: {}, http: {path: /}}"),
       {"2:64: health has both http and tcp; allowed: exactly one of them"}},
      {"a word",
       service("health: tcp"),
       {"2:64: health is \"tcp\"; allowed: none, or a map with http or tcp"}},
      {"path",
       service("health: {http: {path: x}}"),
       {"2:78: path is \"x\"; allowed: visible ASCII characters that begin with /"}},
      {"path with a space",
       service("health: {http: {path: /a b}}"),
       {"2:78: path is \"/a b\"; allowed: visible ASCII characters that begin with /"}},
      {"host",
       service("health: {http: {host: \"a b\"}}"),
       {"2:78: host is \"a b\"; allowed: visible ASCII characters"}},
      {"method",
       service("health: {http: {method: POST}}"),
       {"2:80: method is \"POST\"; allowed: GET, HEAD, OPTIONS"}},
      {"a body for HEAD",
       service("health: {http: {method: HEAD, body: fine}}"),
       {"2:92: body is given with the method HEAD, whose answers have none; allowed: GET, OPTIONS"}},
      {"no status",
       service("health: {http: {status: []}}"),
       {"2:80: status is empty; allowed: 1 to 500 numbers from 100 to 599"}},
      {"status",
       service("health: {http: {status: [200, 600]}}"),
       {"2:86: an entry of status is \"600\"; allowed: a whole number from 100 to 599"}},
      {"status no list",
       service("health: {http: {status: 200}}"),
       {"2:80: status is \"200\"; allowed: a list"}},
      {"tcp takes nothing",
       service("health: {tcp: {port: 80}}"),
       {"2:71: unknown key \"port\" in tcp; allowed: none"}},
      {"rise",
       service("health: {tcp: {}, rise: 0}"),
       {"2:80: rise is \"0\"; allowed: a whole number from 1 to 100"}},
      {"interval",
       service("health: {tcp: {}, interval: 2}"),
       {"2:84: interval is \"2\"; allowed: a time with its unit (ms, s, m, h) from 100ms to 1h"}},
      {"jitter",
       service("health: {tcp: {}, interval: 2s, jitter: 1500ms}"),
       {"2:96: jitter is 1500ms; allowed: at most half the interval of 2s"}},
      {"port",
       service("health: {tcp: {}, port: 0}"),
       {"2:80: port is \"0\"; allowed: a whole number from 1 to 65535"}},
      {"when_all_down",
       service("when_all_down: use"),
       {"2:71: when_all_down is \"use\"; allowed: reject, use_all"}},
      {"a server's, where the service has none",
       service("servers: [{address: 10.0.0.1, port: 80, health: {rise: 3}}]"),
       {"2:104: health has neither of http and tcp; allowed: exactly one of them"}},
      {"a server's has both",
       service("health: {tcp: {}}, servers: [{address: 10.0.0.1, port: 80, health: {tcp: {}, http: {}}}]"),
       {"2:123: health has both http and tcp; allowed: exactly one of them"}},
      {"a server's jitter against the service's interval",
       service(
           "health: {tcp: {}, interval: 1s}, servers: [{address: 10.0.0.1, port: 80, health: {jitter: 2s}}]"),
       {"2:146: jitter is 2s; allowed: at most half the interval of 1s"}},
  });
}

TEST_CASE("all errors of a file are told at once, in its order", "[config]") {
  const Told told = tell(R"(director:
  worker_core: [1]
  connections: many
ports:
  - {name: a, device: net_null0, addresses: [10.0.0.1/24, 10.0.0.1/24]}
services:
  - name: web
    address: 203.0.113.10
    port: 99999
    servers:
      - {address: 10.0.0.11, port: 0}
      - {adress: 10.0.0.12, port: 80}
neighbours: 5
)");
  CHECK(told.errors ==
        std::vector<std::string>{
            "2:3: unknown key \"worker_core\" in director; did you mean \"worker_cores\"? allowed: "
            "instance, control_core, "
            "worker_cores, connections, idle, eal, admin_socket, admin_group, kernel_path, "
            "icmp_errors_per_second, resets_per_second",
            "3:16: connections is \"many\"; allowed: a number from 1k to 1G, such as 500k or 10M",
            "5:59: the address 10.0.0.1 is already used in line 5",
            "9:11: port is \"99999\"; allowed: a whole number from 0 to 65535",
            "11:36: port is \"0\"; allowed: a whole number from 1 to 65535",
            "12:9: a server lacks the key \"address\"",
            "12:10: unknown key \"adress\" in a server; did you mean \"address\"? allowed: address, port, "
            "weight, health",
            "13:13: neighbours is \"5\"; allowed: a list",
        });
}
