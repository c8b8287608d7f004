"""What the results mean: differences, and how numbers are written."""
import re


def count(n):
    """1000000 -> 1M"""
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if n >= size and n % size == 0:
            return f"{n // size}{unit}"
    return str(n)


def over_macswap(results):
    """(flows, nat minus macswap) of one run of both."""
    limit = {r["flows"]: r["ns_per_packet"] for r in results if r["contestant"] == "macswap"}
    return [(r["flows"], r["ns_per_packet"] - limit[r["flows"]]) for r in results if r["contestant"] == "nat"]


def over_macswap_in_turn(results):
    """The same of several runs of one number of flows, each macswap, nat."""
    pairs = zip(results[::2], results[1::2])
    return [(nat["flows"], nat["ns_per_packet"] - macswap["ns_per_packet"]) for macswap, nat in pairs]


def ns(r):
    return f"{r['ns_per_packet']:.1f} ± {r['mad']:.1f}"


def schedulers(micro):
    """What each scheduler costs: {scheduler: {(operation, servers): ns}}."""
    found = {}
    for r in micro:
        if r["group"] in ("schedulers", "publication"):
            who, servers, operation = re.fullmatch(r"(.*), (\d+) servers: (.*)", r["name"]).groups()
            found.setdefault(who, {})[operation, int(servers)] = r["ns"]
    return found
