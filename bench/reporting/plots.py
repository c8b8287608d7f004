"""The results as plots, drawn by gnuplot as SVG and PNG."""
import re
import subprocess

from reporting import figures


def block(name, rows):
    """Inline data for gnuplot."""
    return f"${name} << EOD\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "EOD\n"


def flows_plot(results):
    data, curves = "", []
    for contestant in ("source", "macswap", "nat"):
        data += block(contestant, [(r["flows"], r["ns_per_packet"], r["mad"]) for r in results["established"]
                                   if r["contestant"] == contestant])
        curves.append(f"${contestant} using 1:2:3 with yerrorlines title '{contestant}'")
    data += block("over", figures.over_macswap(results["established"]))
    curves.append("$over using 1:2 with linespoints dashtype 2 title 'nat over macswap'")
    return data + ("set title \"Time per packet\\n{/*0.7 @MACHINE@}\"\n"
                   "set xlabel 'established connections'\nset ylabel 'CPU time of one worker (ns per packet)'\n"
                   "set logscale x\nset format x '%.0s%c'\nset key top left reverse Left\n"
                   f"plot [*:*] [0:*] {', '.join(curves)}\n")


def bars_plot(title, ylabel, rows, more=""):
    """`rows`: (label, height)."""
    data = block("bars", [(i, height, f'"{label}"') for i, (label, height) in enumerate(rows)])
    return data + (f"set title \"{title}\\n{{/*0.7 @MACHINE@}}\"\nset ylabel '{ylabel}'\nset style fill solid 0.7\n"
                   f"set boxwidth 0.6\nunset key\n{more}"
                   f"plot [-0.6:{len(rows) - 0.4}] [0:{1.12 * max(height for _, height in rows)}] $bars using 1:2:xtic(3) with boxes, "
                   "$bars using 1:2:(sprintf('%.1f', $2)) with labels offset 0,0.7\n")


def connections_plot(results):
    rows = [(f"{r['contestant']}, {figures.count(r['flows'])}", r["connections_per_second"] / 1e6)
            for name in ("connect", "churn") for r in results[name]]
    return bars_plot("New connections by one worker", "million connections per second", rows,
                     "set xlabel 'contestant, connections at the end of a round'\n")


def scaling_plot(results):
    rows = []
    for name, what in (("affinity", "flows kept\\ntogether"), ("no-affinity", "packets spread\\nat random")):
        rows += [(f"{r['contestant']}\\n" + (f"{r['workers']} workers\\n{what}" if r["workers"] > 1 else "1 worker"),
                  r["mpps"]) for r in results[name]]
    rows.sort(key=lambda row: row[0].split("\\n")[0])
    return bars_plot(f"Scaling by workers, {figures.count(results['affinity'][0]['flows'])} connections",
                     "million packets per second", rows, "set xlabel 'contestant and workers' offset 0,-3\nset bmargin 8\n")


def memory_plot(results):
    rows = [(f"{figures.count(r['flows'])}", r["bytes_per_connection"]) for r in results["connect"]]
    return bars_plot("Memory per connection, all tables and caches", "bytes per connection", rows,
                     "set xlabel 'connections that the table is made for'\n")


def latency_plot(results):
    """Columns by percentile, a group for each contestant, on a logarithmic axis."""
    keys = [("p50_ns", "median"), ("p99_ns", "99 %"), ("p999_ns", "99.9 %"), ("max_ns", "worst")]
    data = block("latency", [[f'"{label}"'] + [r[key] / 1000 for r in results["latency"]] for key, label in keys])
    columns = ", ".join(f"$latency using {i + 2}:xtic(1) title '{r['contestant']}', $latency using ($0{'+' if i else '-'}0.2):{i + 2}:"
                        f"(sprintf('%.1f', ${i + 2})) with labels offset 0,0.7 notitle" for i, r in enumerate(results["latency"]))
    batches = min(r["batches"] for r in results["latency"])
    return data + (f"set title \"From receive to send, batches of 32 packets, a snapshot every millisecond\\n{{/*0.7 @MACHINE@}}\"\n"
                   f"set xlabel 'share of {batches:,} batches that took no longer'\nset ylabel 'time of a batch (us)'\nset logscale y\n"
                   f"set style data histograms\nset style histogram clustered gap 1\nset style fill solid 0.7\nset key top left reverse Left\n"
                   f"plot [*:*] [0.1:{2.5 * max(r['max_ns'] for r in results['latency']) / 1000}] {columns}\n")


def testpmd_plot(results):
    rows = results["testpmd"]
    data = block("peer", [(f'"{figures.count(r["flows"])}"', r["testpmd_ns"], r["nat_ns"], r["ratio"]) for r in rows])
    return data + ("set title \"Steelyard's NAT and testpmd's macswap on one virtual device (net\\\\_pcap)\\n{/*0.7 @MACHINE@}\"\n"
                   "set xlabel 'established connections'\nset ylabel 'CPU time of one core (ns per packet)'\n"
                   "set style data histograms\nset style histogram clustered gap 1\nset style fill solid 0.7\nset key top left reverse Left\n"
                   f"plot [*:*] [0:{1.15 * max(r['nat_ns'] for r in rows)}] $peer using 2:xtic(1) title 'testpmd, macswap', $peer using 3 title 'steelyard, nat', "
                   "$peer using ($0-0.17):2:(sprintf('%.0f', $2)) with labels offset 0,0.7 notitle, "
                   "$peer using ($0+0.17):3:(sprintf('%.0f', $3)) with labels offset 0,0.7 notitle\n")


def traffic_plot(results):
    rows = [(f"{r['traffic']}".replace(", ", "\\n").replace(" to ", "\\nto "), over)
            for r, (_, over) in zip([r for r in results["traffic"] if r["contestant"] == "nat"], figures.over_macswap_in_turn(results["traffic"]))]
    return bars_plot(f"Cost over macswap by traffic, {figures.count(results['traffic'][0]['flows'])} connections", "ns per packet over macswap", rows,
                     "set xlabel 'traffic' offset 0,-1\nset bmargin 6\n")


def picks_plot(results):
    """A worker's pick by scheduler, a column for each number of servers."""
    rows = [(f'"{who}"', costs["pick", 4], costs["pick", 1000]) for who, costs in figures.schedulers(results["micro"]).items()]
    data = block("picks", rows)
    labels = ", ".join(f"$picks using ($0{sign}0.17):{n}:(sprintf('%.0f', ${n})) with labels font ',9' offset 0,0.6 notitle"
                       for n, sign in ((2, "-"), (3, "+")))
    return data + (f"set title \"A worker's pick of a server for a new connection\\n{{/*0.7 @MACHINE@}}\"\n"
                   "set xlabel 'scheduler'\nset ylabel 'ns per pick'\nset style data histograms\n"
                   "set style histogram clustered gap 1\nset style fill solid 0.7\nset key top left reverse Left\n"
                   f"plot [-0.7:{len(rows) - 0.3}] [0:{1.3 * max(max(row[1:]) for row in rows)}] "
                   f"$picks using 2:xtic(1) title '4 servers', $picks using 3 title '1000 servers', {labels}\n")


COLOURS = "".join(f"set linetype {i} linecolor rgb '{colour}' linewidth 1.5\n"
                  for i, colour in enumerate(("#2b6ca3", "#e0913a", "#4f9d5b", "#9a6fb0"), 1))

# name -> the runs that it shows, how
PLOTS = {"flows": (("established",), flows_plot), "connections": (("connect", "churn"), connections_plot),
         "scaling": (("affinity", "no-affinity"), scaling_plot), "memory": (("connect",), memory_plot),
         "latency": (("latency",), latency_plot), "traffic": (("traffic",), traffic_plot), "picks": (("micro",), picks_plot),
         "testpmd": (("testpmd",), testpmd_plot)}


def draw(out, facts, results):
    """Those plots that there are results for; raises CalledProcessError if gnuplot does not take a script."""
    where = f"{facts['cpu']}, {facts['cpus']} CPUs, Linux {facts['kernel']}, commit {facts['commit']}"
    where = re.sub(r"[^\w ().,:+-]", "", where).replace("_", "\\\\_")
    if facts["quick"]:
        where += ": quick run, figures say nothing"
    for name, (needed, plot) in PLOTS.items():
        if not all(results.get(run) for run in needed):
            continue
        script = plot(results).replace("@MACHINE@", where)
        for terminal, ending in (("svg size 900,560 font 'sans,13' background 'white'", "svg"),
                                 ("pngcairo size 900,560 font 'sans,11'", "png")):
            head = f"set encoding utf8\nset terminal {terminal}\nset output '{name}.{ending}'\nset grid y\n{COLOURS}"
            subprocess.run(["gnuplot", "-"], input=head + script, text=True, cwd=out, check=True)
