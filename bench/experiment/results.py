"""Turns what the lab measured into results, keeps them in a file, and says what is not as it must be."""
import json
import os

import plan


class Results:
    """The file results.json: `cells`, `concurrency`, `varied`, and what they depend on; or schedulers.json with `slowed`. It is
    written after each job, and jobs that it holds are not done again, unless they were measured with another commit or configuration."""

    def __init__(self, file, facts, parts=plan.PARTS):
        self.file = file
        self.data = {**facts, **{part: [] for part in parts}, "disagreements": []}
        self.outdated = False
        if file.exists():
            old = json.loads(file.read_text())
            if all(old.get(key) == facts[key] for key in ("commit", "configuration", "cpu", "kernel")):
                self.data = {**old, **facts}
            else:
                self.outdated = True

    def has(self, job):
        return any(matches(job, entry) for entry in self.data[part_of(job)])

    def add(self, job, raw):
        convert = {plan.Cell: cell_entry, plan.Slowed: slowed_entry, plan.Held: held_entry, plan.Varied: varied_entry}[type(job)]
        entry = convert(job, raw)
        self.data[part_of(job)].append(entry)
        if isinstance(job, (plan.Cell, plan.Slowed)):
            self.data["disagreements"] += disagreements(job, raw, entry)
        self.write()
        return entry

    def write(self):
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.data, indent=1) + "\n")
        os.replace(part, self.file)


def part_of(job):
    return {plan.Cell: "cells", plan.Slowed: "slowed", plan.Held: "concurrency", plan.Varied: "varied"}[type(job)]


def matches(job, entry):
    keys = {plan.Cell: ("users", "iterations"), plan.Slowed: ("load", "users", "iterations"), plan.Held: ("held",),
            plan.Varied: ("kind", "percent")}[type(job)]
    named = {"held": "requested"}
    return all(entry[named.get(key, key)] == getattr(job, key) for key in (*keys, "director", "scheduler", "servers"))


def outcomes(loads):
    """Each lost connection is one of four: it got no connection, no answer in time, an end too early, or a wrong answer."""
    total = {}
    for load in loads:
        for name, count in load["outcomes"].items():
            total[name] = total.get(name, 0) + count
    if total["no_local_port"]:
        raise RuntimeError(f"the client had no port or socket left for {total['no_local_port']} connections: "
                           "this says nothing about the director")
    return {"refused": total["refused"] + total["unreachable"], "timed_out": total["timed_out"],
            "reset": total["reset"] + total["cut_short"], "wrong_body": total["wrong_body"] + total["bad_status"]}


def by_server(loads, servers):
    return [sum(load["bodies"].get(f"server {i}", 0) for load in loads) for i in range(1, servers + 1)]


def cell_entry(job, raw):
    load = raw["load"]
    return {"director": job.director, "scheduler": job.scheduler, "users": job.users, "iterations": job.iterations,
            "servers": job.servers, "requested": load["requested"], "served": load["served"], **outcomes([load]),
            "per_server": by_server([load], job.servers), "seconds": round(load["seconds"], 3),
            "p50_ms": load["latency_us"]["p50"] / 1000, "p99_ms": load["latency_us"]["p99"] / 1000,
            "director_cpu_seconds": raw["cpu"]}


def slowed_entry(job, raw):
    return {"load": job.load, **cell_entry(job, raw)}


def held_entry(job, raw):
    """`held`: open at once and answered, as the load generators count; `active`: as the director counts at that time;
    `served`: answered again at the end, by the same server, and closed in order."""
    loads = raw["loads"]
    return {"director": job.director, "scheduler": job.scheduler, "servers": job.servers, "requested": job.held,
            "held": sum(load["held"] for load in loads), "active": raw["active"],
            "served": sum(load["served"] for load in loads), **outcomes(loads),
            "per_server": by_server(loads, job.servers), "answers": sum(load["answers"] for load in loads),
            "seconds_to_open": raw["seconds_to_open"], "director_cpu_seconds": raw["cpu"]}


def varied_entry(job, raw):
    loads = {name: {"requested": load["requested"], "served": load["served"], **outcomes([load]),
                    "answers": load["answers"], "seconds": round(load["seconds"], 3),
                    "p50_ms": load["latency_us"]["p50"] / 1000, "p99_ms": load["latency_us"]["p99"] / 1000}
             for name, load in raw["loads"].items()}
    if "upload" in loads:
        loads["upload"]["intact"] = raw["uploads"]
    return {"director": job.director, "scheduler": job.scheduler, "servers": job.servers, "kind": job.kind,
            "percent": job.percent, "loads": loads, "director_cpu_seconds": raw["cpu"]}


def disagreements(job, raw, entry):
    """The web servers and the director must count what the client counts, if nothing was lost."""
    director = [after - before for before, after in zip(raw["director_before"], raw["director_after"])]
    if entry["served"] < entry["requested"] or entry["per_server"] == raw["nginx"] == director:
        return []
    return [f"{job}: the client counts {entry['per_server']}, nginx {raw['nginx']}, the director {director}"]


def job_of(entry):
    same = (entry["users"], entry["iterations"], entry["servers"])
    if "load" in entry:
        return plan.Slowed(entry["load"], entry["scheduler"], *same, entry["director"])
    return plan.Cell(*same, entry["scheduler"], entry["director"])


def complaints(data):
    """Everything that is not as it must be, a line each."""
    out = list(data["disagreements"])
    for entry in [*data.get("cells", []), *data.get("slowed", [])]:
        job = job_of(entry)
        if entry["served"] != entry["requested"]:
            out.append(f"{job}: {entry['served']:,} of {entry['requested']:,} served")
        elif entry["scheduler"] in ("rr", "wrr") and max(entry["per_server"]) - min(entry["per_server"]) > 1:
            out.append(f"{job}: uneven shares {entry['per_server']}")
    for entry in data.get("concurrency", []):
        counts = {name: entry[name] for name in ("held", "active", "served")}
        if set(counts.values()) != {entry["requested"]}:
            out.append(f"{entry['requested']:,} connections held: {counts}")
    for entry in data.get("varied", []):
        for name, load in entry["loads"].items():
            if load["served"] != load["requested"] or load.get("intact", load["served"]) != load["served"]:
                out.append(f"varied load {entry['kind']}: {name}: {load}")
    return out
