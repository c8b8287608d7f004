"""The results as plots in the shape of the study's figures, drawn by gnuplot as SVG and PNG."""
import re
import subprocess

import plan
import study

COLOURS = ("#2b6ca3", "#e0913a", "#4f9d5b", "#9a6fb0")
LIMIT = "linewidth 2 dashtype 2 linecolor rgb '#b3261e'"  # the study's, a line
PRINTED = "pointtype 7 pointsize 1.1 linecolor rgb 'black'"  # points


def block(name, rows):
    """Inline data for gnuplot."""
    return f"${name} << EOD\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "EOD\n"


def text(words):
    """As gnuplot's enhanced text takes it."""
    return re.sub(r"[^\w ().,:+-]", "", words).replace("_", "\\\\_")


def panel_data(name, cells):
    """Rows of iterations, what each server served; and what the study printed."""
    ours = [(cell["iterations"], *cell["per_server"]) for cell in cells]
    theirs = [(i, found[0]) for i, cell in enumerate(cells)
              if (found := study.printed(cell["users"], cell["iterations"], cell["servers"]))]
    return block(name, ours) + block(f"{name}s", theirs), bool(theirs)


def panel(name, cells, servers, first):
    """Columns of what each server served, one on the other; the study's figures and its limit over them."""
    data, printed = panel_data(name, cells)
    curves = [f"${name} using {i + 2}{':xtic(1)' if i == 0 else ''} linecolor rgb '{COLOURS[i]}'" for i in range(servers)]
    if printed:
        curves.append(f"${name}s using 1:2 with points {PRINTED}")
    highest = max(cell["requested"] for cell in cells)
    if highest > study.LIMIT / 4:  # drawn over smaller columns it would only flatten them
        curves.append(f"{study.LIMIT} with lines {LIMIT}")
        highest = max(highest, study.LIMIT)
    return (f"{data}set title '{plan.plural(servers, 'server')}'\nset xlabel 'iterations'\n"
            f"set ylabel '{'connections served' if first else ''}'\n"
            f"plot [-0.6:{len(cells) - 0.4}] [0:{1.05 * highest}] {', '.join(curves)}\n")


def legend():
    """A panel of its own, as wide as the picture."""
    curves = [f"NaN with boxes linecolor rgb '{colour}' title 'server {i}'" for i, colour in enumerate(COLOURS, 1)]
    curves += [f"NaN with points {PRINTED} title 'printed in the study'",
               f"NaN with lines {LIMIT} title '4000: the study\u2019s director refuses'"]
    return ("set lmargin at screen 0.02\nset rmargin at screen 0.98\nset bmargin at screen 0.01\n"
            "set tmargin at screen 0.12\nunset border\nunset tics\nunset title\nunset xlabel\nunset ylabel\n"
            f"set key center center horizontal maxrows 1\nplot [0:1] [0:1] {', '.join(curves)}\n")


def users_plot(cells, users, where):
    """As the study's figures 7 to 10: connections served by each server against iterations. None without results."""
    panels = []
    for servers in plan.SERVERS:
        mine = sorted((c for c in cells if c["users"] == users and c["servers"] == servers),
                      key=lambda c: c["iterations"])
        if mine:
            panels.append((servers, mine))
    if not panels:
        return None
    script = (f"set multiplot title \"{users} users: connections served by each server\\n{{/*0.7 {where}}}\"\n"
              "set style data histograms\nset style histogram rowstacked\nset style fill solid 0.85 border -1\n"
              "set boxwidth 0.75\nset format y '%.0f'\nset grid y\nunset key\n"
              "set bmargin at screen 0.24\nset tmargin at screen 0.80\n")
    width = 0.97 / len(panels)
    for n, (servers, mine) in enumerate(panels):
        left = 0.02 + n * width
        script += f"set lmargin at screen {left + 0.055}\nset rmargin at screen {left + width - 0.01}\n"
        script += panel(f"p{servers}", mine, servers, n == 0)
    return script + legend() + "unset multiplot\n"


def served_plot(cells, where):
    """Every cell in one picture: served against requested, with what the study printed."""
    ours = sorted({(c["requested"], c["served"]) for c in cells})
    theirs = sorted({(c["requested"], found[0]) for c in cells
                     if (found := study.printed(c["users"], c["iterations"], c["servers"]))})
    return (block("ours", ours) + block("theirs", theirs) +
            f"set title \"Connections served, of those asked for: all cells\\n{{/*0.7 {where}}}\"\n"
            "set xlabel 'connections asked for'\nset ylabel 'connections served'\nset logscale xy\n"
            "set format '%.0f'\nset grid\nset key top left\n"
            "plot [30:100000] [30:100000] "
            "$ours using 1:2 with linespoints pointtype 6 pointsize 1.4 linewidth 1.5 linecolor rgb '#2b6ca3' "
            "title 'Steelyard, 1, 2 and 4 servers', "
            "$theirs using 1:2 with points pointtype 7 pointsize 0.9 linecolor rgb 'black' title 'printed in the study', "
            f"{study.LIMIT} with lines {LIMIT} "
            "title '4000: the study’s director refuses'\n")


def held_plot(entries, where):
    """Connections held at once beside the study's wall."""
    best = max(entries, key=lambda e: e["served"])
    rows = [(0, study.LIMIT, '"the study:\\nrefused past about"'), (1, best["held"], '"Steelyard:\\nopen at once"'),
            (2, best["served"], '"Steelyard:\\nanswered at the end"')]
    return (block("bars", rows) + f"set title \"Connections held at once\\n{{/*0.7 {where}}}\"\n"
            "set ylabel 'connections'\nset style fill solid 0.85\nset boxwidth 0.5\nunset key\nset grid y\n"
            "set format y '%.0f'\nset bmargin 4\n"
            f"plot [-0.6:2.6] [0:{1.15 * max(best['held'], study.LIMIT)}] $bars using 1:2:xtic(3) with boxes linecolor rgb "
            "'#2b6ca3', $bars using 1:2:(sprintf('%.0f', $2)) with labels offset 0,0.8\n")


def bars(name, rows, title, ylabel, column, more=""):
    return (f"set title '{title}'\nset ylabel '{ylabel}'\n{more}"
            f"plot [-0.6:{len(rows) - 0.4}] ${name} using {column}:xtic(1) linecolor rgb '#2b6ca3', "
            f"${name} using 0:{column}:(sprintf('%.0f', ${column})) with labels font ',9' offset 0,0.6\n")


def slowed_plot(entries, slow, title, where):
    """Served a second, latencies and shares by scheduler."""
    rows = [(e["scheduler"], e["served"] / max(e["seconds"], 0.001), max(e["p50_ms"], 0.1), max(e["p99_ms"], 0.1),
             *(100 * count / max(e["served"], 1) for count in e["per_server"])) for e in entries]
    rates, times = [row[1] for row in rows], [time for row in rows for time in row[2:4]]
    margin = "set lmargin at screen {}\nset rmargin at screen {}\n"
    legend = "set key at graph 0.5,1.01 center bottom horizontal maxrows 1 samplen 1 width -1 font ',10'\n"
    shares = ", ".join(f"$s using {i + 5}:xtic(1) linecolor rgb '{COLOURS[i]}' title '{i + 1}{' (slow)' if i + 1 == slow else ''}'"
                       for i in range(4))
    return (block("s", rows) + f"set multiplot title \"{title}\\n{{/*0.7 {where}}}\"\n"
            "set style data histograms\nset style histogram clustered gap 1\nset style fill solid 0.85\nset xlabel 'scheduler'\n"
            "set grid y\nunset key\nset bmargin at screen 0.13\nset tmargin at screen 0.78\nset title offset 0,1.2\n"
            "set xtics nomirror\n" + margin.format(0.07, 0.33) +
            bars("s", rows, "connections served a second", "connections / s", 2, f"set yrange [0:{1.15 * max(rates)}]\n") +
            margin.format(0.40, 0.665) + legend +
            "set title 'time of a connection'\nset ylabel 'ms'\nset logscale y\n"
            f"set yrange [{min(times) / 2}:{max(times) * 2}]\n"
            "plot $s using 3:xtic(1) linecolor rgb '#2b6ca3' title 'median', $s using 4 linecolor rgb '#e0913a' title '99 %', "
            "$s using ($0-0.17):3:($3 < 10 ? sprintf('%.1f', $3) : sprintf('%.0f', $3)) with labels font ',8' offset 0,0.5 notitle, "
            "$s using ($0+0.17):4:(sprintf('%.0f', $4)) with labels font ',8' offset 0,0.5 notitle\n"
            "unset logscale y\n" + margin.format(0.73, 0.985) +
            "set title 'share of each server'\nset ylabel '% of the connections'\nset yrange [0:100]\n"
            f"set style histogram rowstacked\nset boxwidth 0.75\nplot [-0.6:{len(rows) - 0.4}] {shares}\nunset multiplot\n")


TITLES = {"ramp": "the study\u2019s ramp", "users": "users who go on alone", "wire": "users who go on alone, a slow wire"}


def draw_slowed(data, out):
    """schedulers-LOAD.svg and .png of each load that there are results for."""
    where = text(f"{data['machine']}, commit {data['commit']}")
    slow = data["configuration"]["slow server"]["number"]
    for load, what in TITLES.items():
        entries = [e for e in data["slowed"] if e["load"] == load]
        if entries:
            users = entries[0]["users"]
            title = f"One slow server of four, {users} users, {entries[0]['requested']} connections: {what}"
            draw_one(f"schedulers-{load}", 1200, slowed_plot(entries, slow, title, where), out)


def plots(data):
    """(name, width, script) of each plot that there are results for."""
    where = text(f"{data['machine']}, commit {data['commit']}")
    cells = [c for c in data["cells"] if (c["director"], c["scheduler"]) == ("steelyard", "rr")]
    found = [(f"users-{users}", 1200, users_plot(cells, users, where)) for users in plan.USERS]
    if cells:
        found.append(("served", 900, served_plot(cells, where)))
    if data["concurrency"]:
        found.append(("held", 900, held_plot(data["concurrency"], where)))
    return [(name, width, script) for name, width, script in found if script]


def draw(data, out):
    """Writes NAME.svg and NAME.png into `out`; raises CalledProcessError if gnuplot does not take a script."""
    for name, width, script in plots(data):
        draw_one(name, width, script, out)


def draw_one(name, width, script, out):
    for terminal, ending in ((f"svg size {width},520 font 'sans,13' background 'white'", "svg"),
                             (f"pngcairo size {width},520 font 'sans,11'", "png")):
        head = f"set encoding utf8\nset terminal {terminal}\nset output '{name}.{ending}'\n"
        subprocess.run(["gnuplot", "-"], input=head + script, text=True, cwd=out, check=True)
