"""What the experiment consists of: cells of the study and beyond it, held connections, varied load."""
import dataclasses
import fnmatch

USERS = (8, 16, 32, 64)
ITERATIONS = (1, 5, 10, 15, 20, 25, 30)
SERVERS = (1, 2, 4)
BEYOND = (128, 256)  # users, with one iteration
QUICK_ITERATIONS = 5
KINDS = ("small", "keepalive", "download", "upload", "dns", "mix")
HELD, QUICK_HELD = 200_000, 2_000
QUICK_PERCENT = 4
PARTS = ("cells", "concurrency", "varied")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "sed", "nq", "mh", "lrt")
LOADS = ("ramp", "users", "wire")
SLOW_SERVER = 2  # not the first, which gets the connection where servers are equal
SLOW_REQUESTS = 200  # that it answers a second; three others together answered 8,000, on two CPUs
SLOW_WIRE = "700kbit"  # that takes about as many small answers


@dataclasses.dataclass(frozen=True)
class Cell:
    """A ramp: in each of n iterations, steps of 1 to m connections."""
    users: int
    iterations: int
    servers: int
    scheduler: str = "rr"
    director: str = "steelyard"

    @property
    def connections(self):
        return self.iterations * self.users * (self.users + 1) // 2

    @property
    def name(self):
        return f"{self.users}x{self.iterations}x{self.servers}"

    def __str__(self):
        return f"{self.users} users x {self.iterations}, {plural(self.servers, 'server')}, {self.scheduler}"

    def line(self):
        return f"ramp {self.director} {self.scheduler} {self.servers} {self.users} {self.iterations}"


@dataclasses.dataclass(frozen=True)
class Held:
    """Connections held open at once."""
    held: int
    servers: int = 4
    scheduler: str = "rr"
    director: str = "steelyard"

    @property
    def connections(self):
        return self.held * 2  # two answers on each

    def __str__(self):
        return f"{self.held:,} connections held, {plural(self.servers, 'server')}, {self.scheduler}"

    def line(self):
        return f"hold {self.director} {self.scheduler} {self.servers} {self.held}"


@dataclasses.dataclass(frozen=True)
class Varied:
    """A load of one kind, or all kinds at once; `percent` of its full size."""
    kind: str
    percent: int = 100
    servers: int = 4
    scheduler: str = "rr"
    director: str = "steelyard"

    @property
    def connections(self):
        """In connections of a cell that take about as long."""
        return (150_000 if self.kind == "mix" else 30_000) * self.percent // 100

    def __str__(self):
        return f"varied load: {self.kind}, {plural(self.servers, 'server')}, {self.scheduler}"

    def line(self):
        return f"varied {self.director} {self.scheduler} {self.servers} {self.kind} {self.percent}"


@dataclasses.dataclass(frozen=True)
class Slowed:
    """A cell with one server slowed. `load`: `ramp` is the study's; in `users` each of as many users goes on alone, until as
    many connections were made; `wire` is the same, with a slow wire instead of a slow server."""
    load: str
    scheduler: str
    users: int = 64
    iterations: int = 10
    servers: int = 4
    director: str = "steelyard"

    @property
    def connections(self):
        return self.iterations * self.users * (self.users + 1) // 2

    def __str__(self):
        return f"one slow server: {self.load}, {self.users} users x {self.iterations}, {self.scheduler}"

    def line(self):
        return f"slowed {self.director} {self.scheduler} {self.servers} {self.load} {self.users} {self.iterations}"


def plural(number, noun):
    return f"{number} {noun}" + ("" if number == 1 else "s")


def cells(quick=False):
    """Ordered so that a director goes on as long as it can."""
    for servers in SERVERS:
        for users in USERS:
            for iterations in (QUICK_ITERATIONS,) if quick else ITERATIONS:
                yield Cell(users, iterations, servers)
        for users in BEYOND:
            yield Cell(users, 1, servers)


def slowed(schedulers, quick=False):
    """Raises ValueError for a scheduler that is not of the experiment."""
    if unknown := [name for name in schedulers if name not in SCHEDULERS]:
        raise ValueError(f"--schedulers {','.join(unknown)}: it takes {', '.join(SCHEDULERS)}")
    size = {"users": 16, "iterations": 1} if quick else {}
    return [Slowed(load, scheduler, **size) for load in LOADS for scheduler in schedulers]


def jobs(parts=PARTS, patterns=(), quick=False):
    """Everything that is asked for. `patterns`: of cells' names, USERSxITERATIONSxSERVERS, with * and ?; they leave out
    the other parts. Raises ValueError for a pattern that no cell has."""
    found = list(cells(quick))
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(cell.name, pattern) for cell in found):
            raise ValueError(f"--cells {pattern}: no cell has such a name; they are USERSxITERATIONSxSERVERS, "
                             f"such as {found[0].name}, {found[-1].name} or 64x*x4")
    if patterns:
        return [cell for cell in found if any(fnmatch.fnmatchcase(cell.name, pattern) for pattern in patterns)]
    out = found if "cells" in parts else []
    if "concurrency" in parts:
        out.append(Held(QUICK_HELD if quick else HELD))
    if "varied" in parts:
        out += [Varied(kind, QUICK_PERCENT if quick else 100) for kind in KINDS]
    return out
