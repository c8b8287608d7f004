#!/usr/bin/env python3
"""Runs every capture of a directory through steelyard-replay, plain and with --map, and compares the number forwarded
under --map with what an independent count over tshark's output says (map_count.py).

    captures.py STEELYARD-REPLAY CONFIGURATION [DIRECTORY]

DIRECTORY: else the environment's STEELYARD_CAPTURES, else ../shared/captures beside the project. Exit 77 without it."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import map_count  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What libpcap or steelyard-replay refuses to read, and says so.
REFUSED = ("only Ethernet", "truncated dump file", "different from the snapshot length of the first interface")


def captures_directory():
    if len(sys.argv) > 3:
        return pathlib.Path(sys.argv[3])
    if "STEELYARD_CAPTURES" in os.environ:
        return pathlib.Path(os.environ["STEELYARD_CAPTURES"])
    # A work tree may stand a directory deeper than the clone itself.
    for beside in (ROOT.parent, ROOT.parent.parent):
        if (beside / "shared/captures").is_dir():
            return beside / "shared/captures"
    return ROOT.parent / "shared/captures"


def replay(arguments, problems):
    """The counts, or None if the capture is refused."""
    done = subprocess.run([sys.argv[1], "--json", *arguments], capture_output=True, text=True, timeout=300, errors="replace")
    if done.returncode == 3 and any(r in done.stderr for r in REFUSED):
        return None
    if done.returncode != 0:
        problems.append(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout[-500:]}{done.stderr[-3000:]}")
        return None
    counts = json.loads(done.stdout)
    if counts["received"] != counts["forwarded"] + counts["kernel"] + sum(counts["dropped"].values()):
        problems.append(f"{' '.join(arguments)}: sums do not agree: {counts}")
    return counts


def run(capture):
    problems, file = [], str(capture)
    ports = ["--config", sys.argv[2], "--in", f"outside={file}", "--in", f"inside={file}"]
    replay([*ports, "--verify"], problems)
    replay([*ports, "--batch", "32"], problems)
    counts = replay(["--map", "--in", file, "--verify"], problems)
    if counts is None:
        return 0, 0, not problems, problems
    least, most = map_count.forwarded(file)
    if not least <= counts["forwarded"] <= most or least != most:
        problems.append(f"{file}: --map forwarded {counts['forwarded']}, tshark counts {least} to {most}: {counts}")
    return counts["received"], counts["forwarded"], False, problems


def main():
    directory = captures_directory()
    files = sorted(f for f in directory.glob("*") if f.suffix in (".pcap", ".pcapng", ".trace")) if directory.is_dir() else []
    if not files:
        print(f"skipped: no captures in {directory}")
        return 77
    received = forwarded = refused = 0
    problems = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for r, f, no, p in pool.map(run, files):
            received, forwarded, refused, problems = received + r, forwarded + f, refused + no, problems + p
    print("\n".join(problems))
    print(f"{len(files)} captures ({refused} unreadable: of another link type or damaged), {received} packets, "
          f"{forwarded} forwarded under --map, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
