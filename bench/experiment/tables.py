"""The results as Markdown."""
import plan
import study

NAMES = {"small": "small pages (4 kB), a connection each", "keepalive": "small pages, 100 on each connection",
         "download": "downloads of 4 MB", "upload": "uploads of 4 MB", "dns": "DNS over UDP"}


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + \
           ["| " + " | ".join(map(str, row)) + " |" for row in rows] + [""]


def percent(part, whole):
    """Never rounds a loss away."""
    if part == whole:
        return "100 %"
    return f"{min(99.99, 100 * part / whole):.2f} %"


def shares(entry):
    """The counts of the real servers; one number where they are equal."""
    counts = entry["per_server"]
    if len(counts) > 1 and len(set(counts)) == 1:
        return f"{len(counts)} x {counts[0]:,}"
    return " + ".join(f"{count:,}" for count in counts)


def cpu(entry):
    return "" if entry["director_cpu_seconds"] is None else f"{entry['director_cpu_seconds']:.2f}"


def several(cells):
    """Columns that only differ if there is more than one director or scheduler."""
    return [name for name in ("director", "scheduler") if len({cell[name] for cell in cells}) > 1]


def cell_row(cell, more):
    found = study.printed(cell["users"], cell["iterations"], cell["servers"]) if cell["director"] == "steelyard" else None
    return [*(cell[name] for name in more), cell["servers"], cell["iterations"], f"{cell['requested']:,}",
            percent(cell["served"], cell["requested"]), found[1] if found else "", shares(cell),
            f"{cell['served'] / max(cell['seconds'], 0.001):,.0f}", f"{cell['p50_ms']:.2f}", f"{cell['p99_ms']:.2f}",
            cpu(cell)]


def cell_tables(cells):
    more = several(cells)
    head = [*more, "servers", "iterations", "requested", "served", "study", "share per server", "connections/s",
            "p50 ms", "p99 ms", "director's CPU s"]
    out = []
    for users in sorted({cell["users"] for cell in cells}):
        rows = sorted((cell for cell in cells if cell["users"] == users),
                      key=lambda cell: (*(cell[name] for name in more), cell["servers"], cell["iterations"]))
        past = "" if users in plan.USERS else ", past the study"
        out += [f"## {users} users{past}", "", *table(head, [cell_row(cell, more) for cell in rows])]
    return out


def held_table(entries):
    rows = [[f"{e['requested']:,}", f"{e['held']:,}", f"{e['active']:,}", f"{e['served']:,}", shares(e),
             e["seconds_to_open"], cpu(e)] for e in entries]
    return ["## Connections held at once", "",
            *table(["asked for", "open at once", "active in the director", "answered again at the end", "share per server",
                    "s to open", "director's CPU s"], rows)]


def varied_table(entries):
    rows = []
    for entry in entries:
        for name, load in entry["loads"].items():
            all_at_once = "all at once: " if entry["kind"] == "mix" else ""
            seconds = max(load["seconds"], 0.001)
            rows.append([all_at_once + NAMES[name], f"{load['requested']:,}", percent(load["served"], load["requested"]),
                         f"{load['answers']:,}", f"{load['answers'] / seconds:,.0f}", f"{load['p50_ms']:.2f}",
                         f"{load['p99_ms']:.2f}"])
    return ["## Varied load", "", *table(["load", "connections", "served", "answers", "answers/s", "p50 ms", "p99 ms"],
                                         rows)]


LOADS = {"ramp": "The study's ramp: the next step begins when all of the last have ended",
         "users": "Users who go on alone", "wire": "Users who go on alone, and a slow wire instead of a slow server"}


def slowed_summary(data):
    slow = data["configuration"]["slow server"]
    lines = ["# Schedulers with one slow server of four, measured", "",
             f"{data['machine']}; commit {data['commit']}, {data['date']}. Server {slow['number']} answers "
             f"{slow['requests a second']} requests a second, or has a wire of {slow['wire']}/s.", ""]
    for load, title in LOADS.items():
        rows = [[e["scheduler"], percent(e["served"], e["requested"]), *(f"{count:,}" for count in e["per_server"]),
                 f"{100 * e['per_server'][slow['number'] - 1] / max(e['served'], 1):.1f} %",
                 f"{e['served'] / max(e['seconds'], 0.001):,.0f}", f"{e['p50_ms']:.2f}", f"{e['p99_ms']:.2f}", cpu(e)]
                for e in data["slowed"] if e["load"] == load]
        head = ["scheduler", "served", *(f"server {i + 1}" for i in range(4)), "slow server's share", "connections/s",
                "p50 ms", "p99 ms", "director's CPU s"]
        requested = {e["requested"] for e in data["slowed"] if e["load"] == load}
        if rows:
            lines += [f"## {title}", "", f"{max(requested):,} connections each.", "", *table(head, rows)]
    return "\n".join(lines)


def totals(cells):
    requested, served = sum(c["requested"] for c in cells), sum(c["served"] for c in cells)
    return [f"{len(cells)} cells, {requested:,} connections asked for, {served:,} served, {requested - served:,} lost.", ""]


def summary(data):
    lines = ["# The published experiment, measured", "", f"{data['machine']}; commit {data['commit']}, {data['date']}.", ""]
    if data["cells"]:
        lines += totals(data["cells"])
    if data["concurrency"]:
        lines += held_table(data["concurrency"])
    if data["varied"]:
        lines += varied_table(data["varied"])
    lines += cell_tables(data["cells"])
    return "\n".join(lines)
