#!/usr/bin/env python3
"""Raw frames for dpdk_test.sh: sends some from one interface and says whether they arrive, whole, at another.
    dpdk_frames.py echo IF            frames of EtherType 0x88b5 that must come back to IF, in order
    dpdk_frames.py send IF            a frame of each kind, for `receive`
    dpdk_frames.py receive IF DRIVER  waits for one of each kind; exit 1 after 10 s. The kernel takes out the outer tag
                                      and net_af_packet of DPDK 22.11 puts it back as 0x8100, whatever it was."""
import socket
import struct
import sys

ALL = 3
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 0x10
OUTGOING = 4
# Untagged, tagged, priority-tagged, double-tagged, and the longest that a port of 1500 bytes takes.
KINDS = {
    "plain": bytes.fromhex("88b6") + b"plain" * 10,
    "vlan": bytes.fromhex("81006014" "88b6") + b"vlan" * 20,
    "priority": bytes.fromhex("8100e000" "88b6") + b"priority" * 8,
    "qinq": bytes.fromhex("88a80064" "81000014" "88b6") + b"qinq" * 20,
    "longest": bytes.fromhex("88b6") + bytes(range(250)) * 6,
}


def open_raw(interface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    s.bind((interface, ALL))
    s.setsockopt(263, PACKET_AUXDATA, 1)
    s.settimeout(10)
    return s


def receive(s):
    """The next frame that came in, with the tag that the kernel took out put back."""
    while True:
        data, control, _, address = s.recvmsg(4096, 256)
        if address[2] == OUTGOING:
            continue
        for _, kind, value in control:
            if kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
                if status & TP_STATUS_VLAN_VALID:
                    data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
        return data


def echo(s):
    addresses = bytes.fromhex("020000000001" "020000000002")
    frames = [addresses + bytes.fromhex("88b5") + bytes([n]) * 60 for n in range(200)]
    for begin in range(0, len(frames), 20):
        for frame in frames[begin:begin + 20]:
            s.send(frame)
        for frame in frames[begin:begin + 20]:
            while (got := receive(s))[12:14] != b"\x88\xb5":
                pass
            assert got == frame, (got.hex(), frame.hex())


def main():
    what, interface = sys.argv[1:3]
    addresses = bytes.fromhex("020000000001" "020000000002")
    s = open_raw(interface)
    if what == "echo":
        echo(s)
    elif what == "send":
        for frame in KINDS.values():
            s.send(addresses + frame)
    else:
        missing = {addresses + frame: name for name, frame in KINDS.items()}
        if sys.argv[3] == "net_af_packet":
            missing = {frame.replace(b"\x88\xa8", b"\x81\x00"): name for frame, name in missing.items()}
        print("listening", flush=True)
        while missing:
            try:
                missing.pop(receive(s), None)
            except TimeoutError:
                sys.exit(f"not received, or changed: {', '.join(missing.values())}")


main()
