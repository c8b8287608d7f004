#!/usr/bin/env python3
"""Runs the tests of the given builds and counts them: every Catch2 test case, packet directory, stress program, short
benchmark and end-to-end script is one test. The last line is `N passed, N failed` (with `, N skipped` if any); exit 1
if one failed.

    test/run.py [--only SUBSTRING] BUILD:SUITE[,SUITE...] ...      e.g. build:lint,unit,packet,e2e build-asan:unit

A test that exits with 77 is skipped; its last line says why. With CI=true a skip that test/allowed-skips does not list
is a failure."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = {"unit": 600, "packet": 120, "stress": 900, "hostile": 900, "e2e": 600, "lint": 120,
         "bench": 900}  # seconds: a hang, not a verdict


def execute(command, limit, environment):
    """Runs a command in a process group of its own, in the build directory, which the paths that Meson gives start from;
    returns exit code (None: took too long) and output."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=environment["STEELYARD_BUILD"], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env=environment, start_new_session=True)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            code = None
        output.seek(0)
        return code, output.read().decode(errors="replace")


def verdict(name, code, output):
    if code == 0:
        return name, "passed", ""
    if code == 77:
        lines = output.strip().splitlines()
        return name, "skipped", lines[-1] if lines else "no reason given"
    return name, "failed", ("took too long\n" if code is None else f"exit code {code}\n") + output


def run_single(name, suite, command, environment):
    code, output = execute(command, LIMIT[suite], environment)
    return [verdict(name, code, output)]


def run_shown(name, suite, command, environment):
    """A benchmark: its figures are worth reading, though only its exit code decides."""
    code, output = execute(command, LIMIT[suite], environment)
    if code == 0:
        print(f"{name}\n{output.rstrip()}", flush=True)
    return [verdict(name, code, output)]


def run_catch2(name, suite, command, environment):
    """One result per test case, read from Catch2's XML; a program that dies adds a failure of its own."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        code, output = execute([*command, "-r", "xml", "-o", report.name], LIMIT[suite], environment)
        results = []
        try:
            for case in xml.parse(report.name).getroot().iter("TestCase"):
                overall = case.find("OverallResult")
                good = overall is not None and overall.get("success") == "true"
                details = "" if good else xml.tostring(case, encoding="unicode") + output
                results.append((f"{name}: {case.get('name')}", "passed" if good else "failed", details))
        except xml.ParseError:
            pass  # died in the middle
    if not results or (code != 0 and all(r[1] == "passed" for r in results)):
        results.append(verdict(name, code or None, output))
    return results


def collect(build, suite, environment):
    """(name, suite, function, command) of every test of a suite."""
    if suite == "lint":
        return [("lint: module order", suite, run_single, [str(ROOT / "scripts/check-deps")]),
                ("lint: layout", suite, run_single, [str(ROOT / "scripts/check-format")])]
    if suite == "e2e":
        return [(f"e2e: {script.stem}", suite, run_single, ["bash", str(script)])
                for script in sorted((ROOT / "test/e2e").glob("*_test.sh"))]
    listing = subprocess.run(["meson", "introspect", "--tests", build], cwd=ROOT, check=True, capture_output=True)
    found = []
    for test in json.loads(listing.stdout):
        if any(s.split(":")[-1] == suite for s in test["suite"]):
            run = {"unit": run_catch2, "bench": run_shown}.get(suite, run_single)
            found.append((f"{build} {suite}: {test['name']}", suite, run, test["cmd"]))
            environment.update(test["env"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("what", nargs="+", metavar="BUILD:SUITES")
    options = parser.parse_args()
    allowed = [line.split("#")[0].strip() for line in (ROOT / "test/allowed-skips").read_text().splitlines()]
    strict = os.environ.get("CI") == "true"
    count = {"passed": 0, "failed": 0, "skipped": 0}

    def record(results):
        for name, outcome, details in results:
            if outcome == "skipped" and strict and not any(a and re.fullmatch(a, name) for a in allowed):
                outcome, details = "failed", f"skipped, which test/allowed-skips does not allow: {details}"
            count[outcome] += 1
            if outcome == "failed":
                print(f"FAILED  {name}\n{details[-6000:]}", flush=True)
            elif outcome == "skipped":
                print(f"skipped {name}: {details}", flush=True)

    for what in options.what:
        build, _, suites = what.partition(":")
        for suite in suites.split(","):
            environment = dict(os.environ, STEELYARD_BUILD=str(ROOT / build), STEELYARD_ROOT=str(ROOT))
            tests = [t for t in collect(build, suite, environment) if options.only in t[0]]
            before, began = sum(count.values()), time.monotonic()
            # These want the machine for themselves.
            with concurrent.futures.ThreadPoolExecutor(1 if suite in {"e2e", "stress", "bench"} else os.cpu_count()) as pool:
                jobs = [pool.submit(run, name, kind, command, environment) for name, kind, run, command in tests]
                for job in concurrent.futures.as_completed(jobs):
                    record(job.result())
            print(f"{build} {suite}: {sum(count.values()) - before} tests in {time.monotonic() - began:.0f} s", flush=True)

    print(f"{count['passed']} passed, {count['failed']} failed" +
          (f", {count['skipped']} skipped" if count["skipped"] else ""))
    sys.exit(1 if count["failed"] or not count["passed"] else 0)


main()
