"""Killed and started again: how soon it answers rightly, for one large zone and for many small."""

import os
import signal

from results import Results
from servers import Knot, Nsd, Taproot
from small import until_all_answer, write_zones, zones_named
from trial import Together, load, reload_large
from zone_files import ZONE, Steps

TITLE = "Killed and started again"


def run(trial):
    results = Results("restart", TITLE)
    origin, text, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    rounds = trial.rounds(3)
    results.facts = {"records of the large zone": records, "restarts of each": rounds}
    for figure in ("large zone: first right answer, ms", "1,000 zones: first right answer, ms",
                   "1,000 zones: all answer, ms"):
        results.show(figure)
    large(trial, results, origin, text, rounds)
    many(trial, results, rounds)
    return results


def again(server):
    """Kills it at once, and starts it; the moment of its start."""
    server.stop(signal.SIGKILL)
    return server.launch()


def large(trial, results, origin, text, rounds):
    """The right answer is that of the last change before the crash, not of the first file."""
    steps = Steps(text, seed=7)

    def crash(server):
        reload_large(server, steps)
        began = again(server)
        seconds = server.until_right(f"{steps.owner}.{ZONE}", steps.address) - began
        results.add(server.kind, "large zone: first right answer, ms", seconds * 1000)
        server.rest()

    with Together(trial, results, (Taproot, Knot, Nsd), [ZONE], origin) as all_:
        all_.each(load)
        all_.each(lambda server: server.rest())
        for _ in range(rounds):
            steps.step()
            all_.each(crash)


def many(trial, results, rounds):
    zones = zones_named(1000)
    folder = os.path.join(trial.lab.folder, "thousand")
    write_zones(folder, zones)

    def first_load(server):
        server.launch()
        until_all_answer(server, zones, range(len(zones)))
        server.rest()

    def crash(server):
        began = again(server)
        first, last = until_all_answer(server, zones, range(len(zones)))
        results.add(server.kind, "1,000 zones: first right answer, ms", 1000 * (first - began))
        results.add(server.kind, "1,000 zones: all answer, ms", 1000 * (last - began))
        server.rest()

    with Together(trial, results, (Taproot, Knot, Nsd), zones, folder) as all_:
        all_.each(first_load)
        for _ in range(rounds):
            all_.each(crash)
