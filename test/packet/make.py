#!/usr/bin/env python3
"""Makes captures from text, so that packet tests can be read and reviewed.

    make.py packets.txt DIRECTORY      writes send-PORT.pcap, expect-PORT.pcap, kernel-PORT.pcap

A line is a frame; `#` starts a comment, a line that starts with white space goes on the one before.

    port outside mac=02:00:00:00:00:01 peer=02:00:00:00:01:01     the director's MAC and that of its neighbour there
    send outside   PACKET     the director receives it by port outside, from the peer
    expect inside  PACKET     it leaves by port inside, to the peer
    kernel outside PACKET     it goes to the kernel interface of port outside (as it came: from the peer)

A PACKET is one of
    tcp 192.0.2.1:1000 > 203.0.113.10:80 [FLAGS] [seq=N] [ack=N] [win=N] [WORD...]    FLAGS of F S R P A U, or -
    udp 192.0.2.1:1000 > 203.0.113.10:53 [nosum] [WORD...]
    icmp 192.0.2.1 > 203.0.113.10 type=N code=N [rest=HEX] [WORD...] [{ PACKET }] quotes PACKET, its first cut=N bytes
    ip 192.0.2.1 > 203.0.113.10 proto=N [WORD...]
    arp SOURCE > TARGET                  who-has
    frame HEX                            the bytes behind the MACs
and a WORD one of
    data=TEXT hex=HEX size=N    payload; size: that many bytes x
    ttl=N tos=N id=N df         IPv4 fields; defaults: 64, 0, 1, not set
    opts=HEX                    IPv4 options, a multiple of four bytes
    badsum badipsum             a wrong transport or header checksum (by one)
    part=A:B                    the fragment with the bytes A to B of the IP payload
    short=N                     the frame without its last N bytes
    pad=N                       N zero bytes behind the packet
    vlan=ID[,ID]                802.1Q tags, the outer first
    eth=SOURCE>DESTINATION      other MACs
    t=SECONDS                   time; default: a millisecond after the frame before
"""
import pathlib
import shlex
import socket
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_aton(text)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def endpoint(text):
    host, port = text.split(":")
    return address(host), int(port)


def payload(words):
    if "size" in words:
        return b"x" * int(words["size"])
    return bytes.fromhex(words["hex"]) if "hex" in words else words.get("data", "").encode()


def with_checksum(segment, at, protocol, source, destination, words):
    pseudo = source + destination + struct.pack("!BBH", 0, protocol, len(segment))
    value = checksum(pseudo + segment) or (0xFFFF if protocol == 17 else 0)
    if "badsum" in words:
        value ^= 1
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def tcp(source, destination, words, _):
    (a, sport), (b, dport) = endpoint(source), endpoint(destination)
    flags = sum(1 << "FSRPAU".index(letter) for letter in words.get("flags", "-") if letter != "-")
    header = struct.pack("!HHIIBBHHH", sport, dport, int(words.get("seq", 0)), int(words.get("ack", 0)), 5 << 4, flags,
                         int(words.get("win", 65535)), 0, 0)
    return 6, a, b, with_checksum(header + payload(words), 16, 6, a, b, words)


def udp(source, destination, words, _):
    (a, sport), (b, dport) = endpoint(source), endpoint(destination)
    data = payload(words)
    segment = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    return 17, a, b, segment if "nosum" in words else with_checksum(segment, 6, 17, a, b, words)


def icmp(source, destination, words, quoted):
    body = quoted[:int(words.get("cut", len(quoted)))] if quoted else payload(words)
    message = struct.pack("!BBHI", int(words["type"]), int(words["code"]), 0, int(words.get("rest", "0"), 16)) + body
    value = checksum(message) ^ ("badsum" in words)
    return 1, address(source), address(destination), message[:2] + struct.pack("!H", value) + message[4:]


def other_ip(source, destination, words, _):
    return int(words["proto"]), address(source), address(destination), payload(words)


def ip_packet(kind, source, destination, words, quoted):
    protocol, a, b, body = kind(source, destination, words, quoted)
    fragment = 0x4000 if "df" in words else 0
    if "part" in words:
        first, last = (int(n) for n in words["part"].split(":"))
        fragment |= first // 8 | (0x2000 if last < len(body) else 0)
        body = body[first:last]
    options = bytes.fromhex(words.get("opts", ""))
    length = 20 + len(options)
    header = struct.pack("!BBHHHBBH4s4s", 0x40 | length // 4, int(words.get("tos", 0)), length + len(body),
                         int(words.get("id", 1)), fragment, int(words.get("ttl", 64)), protocol, 0, a, b) + options
    value = checksum(header) ^ ("badipsum" in words)
    return header[:10] + struct.pack("!H", value) + header[12:] + body


WORDS = set("seq ack win flags nosum type code rest cut proto data hex size ttl tos id df opts badsum badipsum part short pad "
            "vlan eth t mac peer".split())
KINDS = {"tcp": tcp, "udp": udp, "icmp": icmp, "ip": other_ip}


def split_quote(tokens):
    """The tokens without { ... }, and what stands between the braces."""
    if "{" not in tokens:
        return tokens, []
    begin, end = tokens.index("{"), len(tokens) - 1 - tokens[::-1].index("}")
    return tokens[:begin] + tokens[end + 1:], tokens[begin + 1:end]


def parse_words(tokens):
    words = {}
    for token in tokens:
        name, equals, value = token.partition("=")
        if not equals and set(token) <= set("FSRPAU-"):
            name, value = "flags", token
        if name not in WORDS:
            raise ValueError(f"unknown word {token}")
        words[name] = value
    return words


def ip_from_tokens(tokens):
    tokens, inner = split_quote(tokens)
    if len(tokens) < 4 or tokens[2] != ">":
        raise ValueError(f"KIND SOURCE > DESTINATION expected: {' '.join(tokens)}")
    words = parse_words(tokens[4:])
    quoted = ip_from_tokens(inner)[0] if inner else b""
    return ip_packet(KINDS[tokens[0]], tokens[1], tokens[3], words, quoted), words


def frame_from_tokens(tokens, source, destination):
    if tokens[0] == "frame":
        return destination + source + bytes.fromhex(tokens[1]), parse_words(tokens[2:])
    if tokens[0] == "arp":
        body = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, source, address(tokens[1]), bytes(6), address(tokens[3]))
        return b"\xff" * 6 + source + b"\x08\x06" + body, parse_words(tokens[4:])
    packet, words = ip_from_tokens(tokens)
    if "eth" in words:
        source, destination = (mac(m) for m in words["eth"].split(">"))
    tags = b"".join(struct.pack("!HH", 0x8100, int(v)) for v in words.get("vlan", "").split(",") if v)
    frame = destination + source + tags + b"\x08\x00" + packet + bytes(int(words.get("pad", 0)))
    return frame[:len(frame) - int(words.get("short", 0))], words


def logical_lines(text):
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#")[0].rstrip()
        if not bare:
            continue
        if bare[0].isspace() and lines:
            lines[-1] = (lines[-1][0], lines[-1][1] + bare)
        else:
            lines.append((number, bare))
    return lines


def read(file):
    """{(send|expect|kernel, port): [(nanoseconds, frame)]}"""
    ports, captures, now = {}, {}, 1_000_000_000_000_000_000
    for number, line in logical_lines(pathlib.Path(file).read_text()):
        try:
            verb, port, *tokens = shlex.split(line)
            if verb == "port":
                ports[port] = {k: mac(v) for k, v in parse_words(tokens).items()}
                continue
            ours, peer = ports[port]["mac"], ports[port]["peer"]
            source, destination = (ours, peer) if verb == "expect" else (peer, ours)
            frame, words = frame_from_tokens(tokens, source, destination)
            now = 1_000_000_000_000_000_000 + int(float(words["t"]) * 1e9) if "t" in words else now + 1_000_000
            if verb not in ("send", "expect", "kernel"):
                raise ValueError(f"unknown verb {verb}")
            captures.setdefault((verb, port), []).append((now, frame))
        except (KeyError, ValueError, IndexError, struct.error, OSError) as error:
            sys.exit(f"{file}:{number}: {type(error).__name__}: {error}")
    return captures, list(ports)


def write_pcap(file, frames):
    with open(file, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for ns, frame in frames:
            out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)


def main():
    captures, _ = read(sys.argv[1])
    for (verb, port), frames in captures.items():
        write_pcap(pathlib.Path(sys.argv[2]) / f"{verb}-{port}.pcap", frames)


if __name__ == "__main__":
    main()
