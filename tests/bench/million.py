"""A delegation zone of a million records: loading, memory, and one-record changes by its file."""

from results import Results
from servers import Knot, KnotWhole, Nsd, Taproot
from trial import Together, load, peak_of_reload, reload_large
from zone_files import ZONE, Steps

TITLE = "A delegation zone of a million records"


def run(trial):
    results = Results("million", TITLE)
    origin, text, records, _ = trial.large_zone(trial.size(1_000_000, 20_000))
    rounds = trial.rounds(3)
    results.facts = {"records": records, "rounds": rounds}
    results.show("first load, s")
    results.show("processor time of it, s")
    results.show("memory, octets per record")
    results.show("peak during a reload, octets per record")
    results.show("change by file reload, s", "median", "largest")
    for kind in ("added", "changed", "removed"):
        results.show(f"… a name {kind}, s")
    results.show("pause during a reload, ms", "median", "largest")
    results.show("pause without a reload, ms", "median", "largest")

    def first_load(server):
        results.add(server.kind, "first load, s", load(server))
        server.rest()
        results.add(server.kind, "processor time of it, s", server.cpu())
        results.add(server.kind, "memory, octets per record", server.memory() / records)

    def change(server):
        seconds, seen = reload_large(server, steps)
        results.add(server.kind, "change by file reload, s", seconds)
        results.add(server.kind, f"… a name {steps.kind}, s", seconds)
        results.add(server.kind, "pause during a reload, ms", seen.pause * 1000)
        results.add(server.kind, "pause without a reload, ms", seen.idle_pause * 1000)

    def peak(server):
        results.add(server.kind, "peak during a reload, octets per record",
                    peak_of_reload(server, steps) / records)

    for number in range(rounds):
        steps = Steps(text, seed=number)
        with Together(trial, results, (Taproot, Knot, KnotWhole, Nsd), [ZONE], origin) as all_:
            all_.each(first_load)
            for _ in range(3):
                steps.step()
                all_.each(change)
            for _ in range(2):
                steps.step()
                all_.each(peak)
    return results
