"""How many packets of a capture `steelyard-replay --map` forwards, counted from what tshark reads, by the rules of
docs/replay.md: written apart from the C++ code, so that each can find the other wrong."""
import functools
import pathlib
import re
import subprocess

FIELDS = ["frame.number", "frame.protocols", "frame.cap_len", "eth.dst", "ip.hdr_len", "ip.len", "ip.flags.mf", "ip.frag_offset",
          "ip.checksum.status", "ip.ttl", "ip.src", "ip.dst", "ip.proto", "tcp.srcport", "tcp.dstport", "tcp.flags",
          "udp.srcport", "udp.dstport", "icmp.type", "icmp.checksum.status", "ip.bogus_ip_length"]
PREFERENCES = ["ip.defragment:FALSE", "ip.check_checksum:TRUE", "ip.tso_support:FALSE", "tcp.desegment_tcp_streams:FALSE",
               "tcp.relative_sequence_numbers:FALSE", "icmp.favor_icmp_mpls:FALSE"]
FIN, SYN, RST, ACK = 1, 2, 4, 16


def tshark(capture):
    """A dict for each packet: field -> list of its values, outermost first."""
    command = ["tshark", "-n", "-r", capture, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for field in FIELDS:
        command += ["-e", field]
    output = subprocess.run(command, capture_output=True, text=True, timeout=120)
    for line in output.stdout.splitlines():
        yield {name: value.split(",") if value else [] for name, value in zip(FIELDS, line.split("|"))}


def number(packet, field, occurrence=0):
    values = packet[field]
    return int(values[occurrence], 0) if occurrence < len(values) else None


def truth(packet, field, occurrence=0):
    return packet[field][occurrence] in ("1", "True") if occurrence < len(packet[field]) else False


@functools.lru_cache(1)
def read_pcap(file):
    """The frames of a little-endian pcap."""
    data, at, frames = pathlib.Path(file).read_bytes(), 24, []
    while at < len(data):
        length = int.from_bytes(data[at + 8:at + 12], "little")
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def tcp_flags(packet, capture):
    """tshark does not show the flags of a header whose length is bogus: then they are read from the file."""
    if packet["tcp.flags"]:
        return number(packet, "tcp.flags")
    frame = read_pcap(capture)[int(packet["frame.number"][0]) - 1]
    link = 14 + 4 * (packet["frame.protocols"][0].count("ethertype") - 1)
    return frame[link + number(packet, "ip.hdr_len") + 13]


def is_unicast(address):
    first = int(address.split(".")[0])
    return 0 < first < 224


def whole_ip(packet):
    """Whether it is a whole, intact, unfragmented IPv4 packet to a single station, behind at most two VLAN tags."""
    match = re.match(r"eth:ethertype:((?:(?:vlan|ieee8021ad):ethertype:)*)ip(:|$)", ",".join(packet["frame.protocols"]))
    if not match or match.group(1).count("ethertype") > 2 or int(packet["eth.dst"][0][:2], 16) & 1:
        return False
    header, length = number(packet, "ip.hdr_len"), number(packet, "ip.len")
    if header is None or length is None or header < 20 or length < header:
        return False
    link = 14 + 4 * match.group(1).count("ethertype")
    if number(packet, "frame.cap_len") < link + length or packet["ip.checksum.status"][0] != "1":
        return False
    return not truth(packet, "ip.flags.mf") and number(packet, "ip.frag_offset") == 0


def flow_of(packet, occurrence=0):
    """(protocol, source, destination) of the outer or of the quoted packet; None: no TCP or UDP."""
    protocol = number(packet, "ip.proto", occurrence)
    name = {6: "tcp", 17: "udp"}.get(protocol)
    if name is None or not packet[f"{name}.srcport"] or not packet[f"{name}.dstport"]:
        return None
    source, destination = packet["ip.src"][occurrence], packet["ip.dst"][occurrence]
    return (protocol, (source, number(packet, f"{name}.srcport")), (destination, number(packet, f"{name}.dstport")))


def transport_of(packet):
    room = number(packet, "ip.len") - number(packet, "ip.hdr_len")
    flow = flow_of(packet)
    return flow if flow and room >= {6: 20, 17: 8}[flow[0]] else None


def quote_of(packet):
    """The flow of the packet that an intact ICMP error quotes."""
    if number(packet, "ip.proto") != 1 or number(packet, "icmp.type") not in (3, 4, 11, 12):
        return None
    if packet["icmp.checksum.status"][:1] != ["1"] or len(packet["ip.src"]) < 2 or number(packet, "ip.frag_offset", 1) != 0:
        return None
    room = number(packet, "ip.len") - number(packet, "ip.hdr_len") - 8
    inner = number(packet, "ip.hdr_len", 1)
    flow = flow_of(packet, 1)
    return flow if flow and inner >= 20 and room >= inner + 8 else None


def key(flow):
    return (flow[0], *sorted(flow[1:]))


def servers(packets, capture):
    """The server's endpoint of each flow: who received its first SYN, else its first packet."""
    server, syn_seen = {}, set()
    for packet in packets:
        flow = whole_ip(packet) and transport_of(packet)
        if not flow or not is_unicast(flow[1][0]) or not is_unicast(flow[2][0]):
            continue
        syn = flow[0] == 6 and tcp_flags(packet, capture) & (SYN | ACK | RST) == SYN
        if key(flow) not in server or (syn and key(flow) not in syn_seen):
            server[key(flow)] = flow[2]
        if syn:
            syn_seen.add(key(flow))
    return server


def fates(capture):
    """For each packet whether it is forwarded; None where tshark cannot tell: it reads nothing of a quoted packet that
    claims to be shorter than its header, of which IPVS and Steelyard need no more than addresses and ports."""
    packets = list(tshark(capture))
    server, opened = servers(packets, capture), set()
    for packet in packets:
        # One whose time to live ends here opens a connection all the same.
        belonging = belongs(packet, capture, server, opened) if whole_ip(packet) else False
        yield belonging if belonging is None else belonging and number(packet, "ip.ttl") > 1


def belongs(packet, capture, server, opened):
    """Whether the packet belongs to a connection; opens it if it may."""
    flow = transport_of(packet)
    if not flow:
        if number(packet, "icmp.type") in (3, 4, 11, 12) and packet["ip.bogus_ip_length"]:
            return None
        quoted = quote_of(packet)
        return bool(quoted) and packet["ip.dst"][0] == quoted[1][0] and key(quoted) in opened
    if key(flow) not in server:
        return False
    reset = flow[0] == 6 and tcp_flags(packet, capture) & RST
    if flow[2] == server[key(flow)] and not reset:
        opened.add(key(flow))
    return key(flow) in opened


def forwarded(capture):
    """At least and at most."""
    all_fates = list(fates(capture))
    return sum(map(bool, all_fates)), sum(f is None or bool(f) for f in all_fates)
