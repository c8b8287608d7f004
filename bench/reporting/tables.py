"""The results as Markdown: a summary, and the part of README.md."""
import re

from reporting import figures


def table(head, rows):
    """Of Markdown."""
    return ["| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]]


def established_table(results):
    by = {(r["contestant"], r["flows"]): figures.ns(r) for r in results["established"]}
    rows = [(f"{flows:,}", by["source", flows], by["macswap", flows], by["nat", flows], f"{over:.1f}")
            for flows, over in figures.over_macswap(results["established"])]
    if results.get("hundred-million"):
        macswap, nat = results["hundred-million"]
        rows.append((f"{nat['flows']:,}", "", figures.ns(macswap), figures.ns(nat), f"{nat['ns_per_packet'] - macswap['ns_per_packet']:.1f}"))
    return table(["connections", "source", "macswap", "nat", "nat over macswap"], rows)


def other_table(results):
    rows = []
    for name in ("connect", "churn", "miss", "affinity", "no-affinity", "hundred-million"):
        for r in results.get(name, []):
            workers = str(r["workers"]) + ("" if r.get("affinity", True) else ", flows spread at random")
            per_second = f"{r['connections_per_second'] / 1e6:.2f}" if "connections_per_second" in r else ""
            # Fixed costs count for nothing where there are many connections; other rows say the same as these.
            size = f"{r['bytes_per_connection']:.1f}" if name in ("connect", "hundred-million") and "bytes_per_connection" in r else ""
            opened = f"{r['seconds_to_open']:.1f}" if name == "hundred-million" and "seconds_to_open" in r else ""
            rows.append((r["contestant"], f"{r['flows']:,}", workers, figures.ns(r), f"{r['mpps']:.1f}", per_second, size, opened))
    return table(["contestant", "connections", "workers", "ns per packet", "million packets/s", "million connections/s",
                  "bytes per connection", "seconds to open all"], rows)


def latency_table(results):
    rows = [(r["contestant"], f"{r['batches']:,}", *(f"{r[key] / 1000:.2f}" for key in ("p50_ns", "p99_ns", "p999_ns", "max_ns")), f"{r['set_aside']:,}")
            for r in results["latency"]]
    return table(["contestant", "batches", "median us", "99 % us", "99.9 % us", "worst us", "set aside"], rows)


def scheduler_table(micro):
    """ns of a worker's pick; us of the control core's work."""
    rows = []
    for who, costs in figures.schedulers(micro).items():
        us = [f"{costs[what, n] / 1000:,.1f}" if (what, n) in costs else ""
              for n in (4, 1000) for what in ("publish after a change", "1,000 picks and publish")]
        rows.append((who, f"{costs['pick', 4]:.1f}", f"{costs['pick', 1000]:.1f}", *us))
    return table(["scheduler", "pick, 4 servers, ns", "1,000 servers, ns", "publication after a change, 4 servers, us",
                  "after 1,000 picks, us", "after a change, 1,000 servers, us", "after 1,000 picks, us"], rows)


def operations_table(micro):
    """What is not of one scheduler."""
    rows = []
    for r in micro:
        if r["group"] not in ("schedulers", "publication"):
            # How many are done at once stands first in the name: packets, connections, slots, services.
            many = re.search(r"\d[\d,]*\d(?= (TCP packets|requests|connections|of a million|slots|services)\b)", r["name"])
            each = f"{r['ns'] / int(many.group().replace(',', '')):,.1f}" if many else ""
            rows.append((r["name"], f"{r['ns']:,.1f}", each))
    return table(["operation", "ns", "ns each, of many"], rows)


def traffic_table(results):
    pairs = zip(results["traffic"][::2], results["traffic"][1::2])
    return table(["traffic", "macswap", "nat", "nat over macswap"],
                 [(n["traffic"], figures.ns(m), figures.ns(n), f"{n['ns_per_packet'] - m['ns_per_packet']:.1f}") for m, n in pairs])


def testpmd_table(results):
    return table(["connections", "testpmd macswap", "nat", "rate"],
                 [(f"{r['flows']:,}", f"{r['testpmd_ns']:.1f}", f"{r['nat_ns']:.1f}", f"{r['ratio']:.2f}") for r in results["testpmd"]])


def summary(facts, results):
    """All there are results for, as Markdown."""
    lines = [f"{facts['cpu']}, {facts['cpus']} CPUs, {facts['memory_gb']} GB, Linux {facts['kernel']}; commit "
             f"{facts['commit']}, {facts['date']}." + (" A quick run: the figures say nothing." if facts["quick"] else "")]

    def part(run, title, make):
        if results.get(run):
            lines.extend(["", title, "", *make(results)])

    part("established", "CPU time of one worker, ns per packet, median ± median absolute deviation:", established_table)
    lines += ["", *other_table(results)]
    part("traffic", f"Other traffic, {(results.get('traffic') or [{'flows': 0}])[0]['flows']:,} connections:", traffic_table)
    part("latency", "From receive to send, batches of 32 packets of short connections, a snapshot published every millisecond; set "
         "aside are batches during which the thread lost its CPU:", latency_table)
    part("testpmd", "On one net_pcap device with infinite_rx=1, in turns with dpdk-testpmd's macswap; rate: nat's as a share of testpmd's:",
         testpmd_table)
    part("micro", "Schedulers (steelyard-micro, mean): a worker's pick, and the control core's time to publish a schedule, after a change "
         "and, where schedules follow loads, after 1,000 connections (with their picks):", lambda r: scheduler_table(r["micro"]))
    part("micro", "Other single operations (steelyard-micro, mean):", lambda r: operations_table(r["micro"]))
    return "\n".join(lines) + "\n"


README_BEGIN, README_END = "<!-- bench/report writes from here -->\n", "<!-- to here -->\n"


def update_readme(file, facts, results):
    """The figures that README.md shows, with the machine named."""
    before, _, rest = file.read_text().partition(README_BEGIN)
    _, _, after = rest.partition(README_END)
    lines = [f"One worker on {facts['cpu']} ({facts['cpus']} virtual CPUs, Linux {facts['kernel']}), 64-byte TCP frames of both directions in random "
             f"order; ns of CPU time per packet, median ± median absolute deviation; {facts['date']}, commit {facts['commit']}. "
             "`macswap` only exchanges two addresses. More in [bench/results/summary.md](bench/results/summary.md).", "",
             *established_table(results), "",
             "![time per packet](bench/results/flows.svg)", "", "![new connections](bench/results/connections.svg)", "",
             "What a scheduler costs a worker for each new connection, with 4 and with 1,000 real servers:", "",
             "![a pick by scheduler](bench/results/picks.svg)", "",
             "The same as figures, and the control core's time to publish a schedule:", "", *scheduler_table(results["micro"]), "",
             "Single operations, mean of many:", "", *operations_table(results["micro"])]
    if before != file.read_text():
        file.write_text(before + README_BEGIN + "\n".join(lines) + "\n" + README_END + after)
