"""A hundred thousand zones of ten records: loading, memory, and a change of one of them."""

import os
import random
import time

from results import Results
from servers import Asker, Failed, Knot, Nsd, Taproot
from trial import Together
from zone_files import replace, small_address, small_zone

TITLE = "A hundred thousand small zones"


def zones_named(count):
    return [f"z{number:06d}.example" for number in range(count)]


def write_zones(folder, zones):
    os.makedirs(folder)
    for number, zone in enumerate(zones):
        with open(os.path.join(folder, f"{zone}.zone"), "w", encoding="ascii") as file:
            file.write(small_zone(zone, number))


def until_all_answer(server, zones, numbers):
    """Moments of the first right answer of any of these zones, and of the last of them.

    They are asked in turn, fifty at once and each until it is right: when the last is, all were.
    A server that is not there yet is asked for one, fifty times a second: whoever answers while
    it loads would pay for the asking, and whoever does not would not.
    """
    waiting = [(f"www.{zones[number]}", small_address(number)) for number in numbers]
    first, deadline, at_once = None, time.perf_counter() + 300, 1
    with Asker(server.port) as asker:
        while waiting:
            right = asker.which_are_right(waiting[:at_once])
            at_once = 50 if right else 1
            if right and first is None:
                first = time.perf_counter()
            waiting = [pair for pair in waiting if pair[0] not in right]
            if not right:
                server.check_alive()
                if time.perf_counter() > deadline:
                    raise Failed(f"{server.name} does not answer for {waiting[0][0]}")
                time.sleep(0.02)
    return first, time.perf_counter()


def sample_of(zones, size=1000):
    """Some by chance, and the last zone."""
    others = random.Random(1).sample(range(len(zones)), min(size, len(zones)))
    return [*others, len(zones) - 1]


def change(server, zone, number, by_name):
    """Seconds from the command until a changed file of one zone is served."""
    address = f"192.0.2.{number}"
    text = small_zone(zone, 0).replace(small_address(0), address)
    text = text.replace("2026010100", str(2026010100 + number))
    in_place = replace(server.file_of(zone), [text.encode("ascii")])
    in_place()
    began = time.perf_counter()
    seen = server.during(server.reload_command(zone if by_name else None),
                         lambda: server.until_right(f"www.{zone}", address))
    server.rest()
    return seen - began


def run(trial):
    results = Results("small", TITLE)
    zones = zones_named(trial.size(100_000, 5_000))
    origin = os.path.join(trial.lab.folder, "small")
    write_zones(origin, zones)
    rounds, changes = trial.rounds(2), 3
    results.facts = {"zones of ten records": len(zones), "rounds": rounds,
                     "changes of each way and round": changes}
    results.show("first answer, s")
    results.show("load until all answer, s")
    results.show("processor time of it, s")
    results.show("memory, octets per zone")
    results.show("change, reload of that zone, ms", "median", "largest")
    results.show("change, reload of what changed, ms", "median", "largest")
    asked = sample_of(zones)
    # Those that are asked for at each load stay as they are.
    to_change = sorted(set(range(len(zones))) - set(asked))
    random.Random(2).shuffle(to_change)

    def load(server):
        began = server.launch()
        first, last = until_all_answer(server, zones, asked)
        results.add(server.kind, "first answer, s", first - began)
        results.add(server.kind, "load until all answer, s", last - began)
        server.rest(60)
        results.add(server.kind, "processor time of it, s", server.cpu())
        results.add(server.kind, "memory, octets per zone", server.memory() / len(zones))

    for turn in range(rounds):
        with Together(trial, results, (Taproot, Knot, Nsd), zones, origin) as all_:
            all_.each(load)
            for number in range(1, 2 * changes + 1):
                zone, by_name = zones[to_change[2 * changes * turn + number]], number % 2 == 1
                figure = ("change, reload of that zone, ms" if by_name
                          else "change, reload of what changed, ms")
                all_.each(lambda server: results.add(
                    server.kind, figure, 1000 * change(server, zone, number, by_name)))
    return results
