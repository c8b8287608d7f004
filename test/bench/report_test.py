"""bench/report --quick writes every run's JSON, every plot in both formats and a summary.

    report_test.py STEELYARD_BENCH"""
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

with tempfile.TemporaryDirectory() as directory:
    out = pathlib.Path(directory)
    subprocess.run([ROOT / "bench/report", "--quick", "--program", sys.argv[1], "--out", out], check=True)

    measured = set()
    for name in ("established", "connect", "churn", "miss", "affinity", "no-affinity"):
        for r in json.loads((out / f"{name}.json").read_text()):
            assert r["ns_per_packet"] > 0 and r["mpps"] > 0, r
            measured.add((r["contestant"], r["flows"], r["workers"], r.get("affinity")))
    for flows in (1000, 10_000):
        assert {(c, flows, 1, None) for c in ("source", "macswap", "nat", "connect")} <= measured, measured
    assert {("churn", 10_000, 1, None), ("miss", 10_000, 1, None), ("nat", 10_000, 2, True),
            ("nat", 10_000, 2, False)} <= measured, measured

    latency = {r["contestant"]: r for r in json.loads((out / "latency.json").read_text())}
    assert latency["churn"]["batches"] + latency["churn"]["set_aside"] == 20_000, latency
    assert latency["macswap"]["max_ns"] >= latency["macswap"]["p50_ns"] > 0, latency
    assert {"64 bytes, random", "IMIX"} <= {r["traffic"] for r in json.loads((out / "traffic.json").read_text())}
    assert json.loads((out / "testpmd.json").read_text())[0]["ratio"] > 0
    micro = {r["name"] for r in json.loads((out / "micro.json").read_text())}
    assert {"rr, 1000 servers: pick", "lrt, 4 servers: pick", "wlc, 1000 servers: publish after a change", "ipv4_checksum_ok"} <= micro, micro

    for name in ("flows", "connections", "scaling", "memory", "latency", "traffic", "picks", "testpmd"):
        text = "".join(xml.parse(out / f"{name}.svg").getroot().itertext())
        assert "quick run" in text, f"{name}.svg has no title"
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "| 10,000 | " in (out / "summary.md").read_text()
    facts = json.loads((out / "machine.json").read_text())
    assert facts["cpu"] and {"established", "traffic", "latency", "testpmd", "micro"} <= set(facts["runs"]), facts

    # What is there is not measured again, unless it is named.
    times = {name: (out / f"{name}.json").stat().st_mtime_ns for name in ("churn", "miss")}
    again = subprocess.run([ROOT / "bench/report", "--quick", "--program", sys.argv[1], "--out", out, "--only", "miss"],
                           capture_output=True, text=True, check=True)
    assert "churn" not in again.stdout and (out / "churn.json").stat().st_mtime_ns == times["churn"], again.stdout
    assert (out / "miss.json").stat().st_mtime_ns > times["miss"]
    again = subprocess.run([ROOT / "bench/report", "--quick", "--program", sys.argv[1], "--out", out], capture_output=True, text=True, check=True)
    assert again.stdout.count("measured already") == len(facts["runs"]), again.stdout

    bad = subprocess.run([ROOT / "bench/report", "--quick", "--program", "/bin/false", "--out", out],
                         capture_output=True, text=True, check=False)
    assert bad.returncode == 1 and "false failed (1)" in bad.stderr, bad
    assert "| 10,000 | " in (out / "summary.md").read_text(), "a run that failed took away what was there"
