"""Queries answered for the large zone, per second and per second of the server's processor time."""

import os
import random
import subprocess

from results import Results
from servers import Failed, Knot, Nsd, Taproot
from trial import Together, load
from zone_files import ZONE

TITLE = "Queries"


def write_queries(path, children):
    """80 % ask for children, 20 % for names below them, a tenth of both for what is not there."""
    chosen = random.Random(1)
    with open(path, "w", encoding="ascii") as file:
        for _ in range(100_000):
            child = chosen.choice(children)
            prefix = "" if chosen.random() < 0.8 else "www."
            suffix = "" if chosen.random() < 0.9 else "x"
            file.write(f"{prefix}{child}{suffix}.{ZONE} A\n")


def ask(port, path, seconds):
    """(completed, lost, per second) of dnsperf with 8 sockets."""
    done = subprocess.run(
        ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", path, "-l", str(seconds),
         "-c", "8", "-q", "200", "-T", "1"],
        capture_output=True, text=True, check=False, timeout=seconds + 60)
    found = {}
    for line in done.stdout.splitlines():
        for what in ("Queries completed:", "Queries lost:", "Queries per second:"):
            if what in line:
                found[what] = float(line.split(":")[1].split()[0])
    if done.returncode != 0 or len(found) != 3:
        raise Failed(f"dnsperf: exit {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return found["Queries completed:"], found["Queries lost:"], found["Queries per second:"]


def run(trial):
    results = Results("queries", TITLE)
    origin, _, records, children = trial.large_zone(trial.size(1_000_000, 20_000))
    rounds, seconds = trial.rounds(3), trial.size(4, 2)
    results.facts = {"records": records, "rounds": rounds, "seconds each": seconds}
    for figure in ("queries per second of processor time", "queries per second", "queries lost"):
        results.show(figure)
    path = os.path.join(trial.lab.folder, "queries")
    write_queries(path, children)

    def warm(server):
        load(server)
        server.rest()

    def measure(server):
        before = server.cpu()
        completed, lost, rate = ask(server.port, path, seconds)
        results.add(server.kind, "queries per second of processor time",
                    completed / max(server.cpu() - before, 0.01))
        results.add(server.kind, "queries per second", rate)
        results.add(server.kind, "queries lost", lost)

    with Together(trial, results, (Taproot, Knot, Nsd), [ZONE], origin) as all_:
        all_.each(warm)
        for _ in range(rounds):
            all_.each(measure)
    return results
