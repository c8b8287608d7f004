"""steelyard-bench on captures and on virtual devices: what its own generator writes comes back in as capture and as
device, forwarded whole and right. Also that wrong sources are one clear line.

    sources_test.py STEELYARD_BENCH"""
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
SHORT = ["--no-huge", "--rounds", "1", "--round-packets", "50k"]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)


with tempfile.TemporaryDirectory() as directory:
    out = pathlib.Path(directory)

    def bench(*arguments):
        """Results by contestant."""
        done = run(*SHORT, "--json", out / "result.json", *arguments)
        assert done.returncode == 0, (arguments, done)
        return {r["contestant"]: r for r in json.loads((out / "result.json").read_text())}

    both, outside, inside = out / "both.pcap", out / "outside.pcap", out / "inside.pcap"
    for files in (str(both), f"{outside},{inside}"):
        done = run("--no-huge", "--flows", "1000", "--size", "imix", "--write", files)
        assert done.returncode == 0, done
    assert both.stat().st_size == outside.stat().st_size + inside.stat().st_size - 24

    # As captures: as they are, and mapped with other clients in each copy; spread over two workers, too.
    assert bench("--pcap", both)["nat"]["flows"] >= 1000
    assert bench("--pcap", outside, inside)["nat"]["flows"] >= 1000
    # To --map, a reply that was never asked for is a flow of its own.
    assert bench("--pcap", both, "--map", "--multiply", "3")["nat"]["flows"] == 3 * 2000
    assert bench("--pcap", both, "--workers", "2", "--no-affinity")["nat"]["workers"] == 2

    # As devices: one port, two ports, rings, and a device that brings nothing but zeros.
    for devices in ([f"net_pcap0,rx_pcap={both},infinite_rx=1"],
                    [f"net_pcap0,rx_pcap={outside},infinite_rx=1", f"net_pcap1,rx_pcap={inside},infinite_rx=1"],
                    ["net_ring0"], ["net_ring0", "net_ring1"]):
        results = bench("--flows", "1000", "--device", *devices)
        assert results["nat"]["forwarded"] == 1, (devices, results)
        assert results["macswap"]["ns_per_packet"] > 0
    assert bench("--flows", "1000", "--device", "net_null0")["nat"]["forwarded"] == 0
    # Half of the flows that the device brings are not there.
    assert 0 < bench("--flows", "512", "--device", f"net_pcap0,rx_pcap={both},infinite_rx=1")["nat"]["forwarded"] < 1

    for arguments, word in ((["--pcap", out / "nothing.pcap"], "nothing.pcap"),
                            (["--pcap", __file__], "sources_test.py"),
                            (["--pcap", both, "--map", "--multiply", "100000"], "lower --multiply"),
                            (["--device", "net_pcap0,rx_pcap=nothing.pcap,infinite_rx=1"], "nothing.pcap"),
                            (["--device", "net_nonsense0"], "net_nonsense0"),
                            (["--device", f"net_pcap0,rx_pcap={inside}"], "no packet came")):
        done = run(*SHORT, "--flows", "100", *arguments) if "--pcap" not in arguments else run(*SHORT, *arguments)
        assert done.returncode == 1, (arguments, done)
        assert word in done.stderr, (arguments, done.stderr)
