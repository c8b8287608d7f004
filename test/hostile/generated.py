#!/usr/bin/env python3
"""Runs generated hostile traffic through steelyard-replay, plain, in whole batches and with --map.

    generated.py STEELYARD-REPLAY HOSTILE-GEN CONFIGURATION"""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import map_count  # noqa: E402

REPLAY, GENERATOR, CONFIGURATION = sys.argv[1:4]


def replay(arguments):
    done = subprocess.run([REPLAY, "--json", *arguments], capture_output=True, text=True, timeout=600, errors="replace")
    print(f"{' '.join(arguments)}\n  exit code {done.returncode} {done.stdout.strip()[:2000]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout) if done.returncode == 0 else None


def main():
    good = True
    with tempfile.TemporaryDirectory(prefix="steelyard-hostile-") as directory:
        for seed in ("1", "2"):
            outside, inside = (f"{directory}/{side}-{seed}.pcap" for side in ("outside", "inside"))
            subprocess.run([GENERATOR, "--outside", outside, "--inside", inside, "--service", "203.0.113.10:80",
                            "--server", "10.0.0.11:8080", "--seed", seed], check=True)
            ports = ["--config", CONFIGURATION, "--in", f"outside={outside}", "--in", f"inside={inside}"]
            counts = replay([*ports, "--verify"])
            # Something must get through, else this tests only the first check.
            good &= counts is not None and counts["forwarded"] > 1000 and len(counts["dropped"]) > 5
            # One server, so that the order of opening decides nothing: batches must make no difference.
            batches = replay([*ports, "--batch", "32"])
            good &= batches is not None and batches["forwarded"] == counts["forwarded"]
            mapped, (least, most) = replay(["--map", "--in", outside, "--verify"]), map_count.forwarded(outside)
            print(f"tshark counts {least} to {most} forwarded under --map")
            good &= mapped is not None and least <= mapped["forwarded"] <= most and most - least < 50
    return 0 if good else 1


sys.exit(main())
