"""What one change costs in zones of 1,000 to 1,000,000 records: by an edit, and by the zone's file."""

from edit import Moments
from plot import log_log
from results import Results
from servers import Bind, Knot, Nsd, Taproot
from trial import Together, load, reload_large
from zone_files import ZONE, Steps

TITLE = "The cost of one change and the size of its zone"
KINDS = (Taproot, Knot, Nsd, Bind)
COLOURS = {"taproot": "#0072b2", "knot": "#d55e00", "nsd": "#009e73", "bind": "#cc79a7"}


def edit_figure(size):
    return f"edit until served, {size:,} records, ms"


def reload_figure(size):
    return f"file reload until served, {size:,} records, ms"


def run(trial):
    results = Results("curve", TITLE)
    sizes = [10 ** exponent for exponent in range(3, trial.size(7, 5))]
    edits = trial.size(60, 12)
    results.facts = {"records": f"{sizes[0]:,} to {sizes[-1]:,}", "edits of each size": edits,
                     "reloads of each size": "6, of the largest 3"}
    for size in sizes:
        results.show(edit_figure(size))
    for size in sizes:
        results.show(reload_figure(size))
    for size in sizes:
        one_size(trial, results, size, edits)
    return results


def one_size(trial, results, size, edits):
    origin, text, _, _ = trial.large_zone(size)
    steps = Steps(text, seed=size)
    moments = {}

    def prepare(server):
        load(server)
        server.rest()

    def reload(server):
        if server.kind != "bind":  # it takes no files for a zone that takes updates
            seconds, _ = reload_large(server, steps)
            results.add(server.kind, reload_figure(size), seconds * 1000)

    def edit(server):
        if server.kind == "nsd":  # it takes no updates
            return
        if server.kind not in moments:
            moments[server.kind] = Moments(server)
        for seen in moments[server.kind].row(range(turn, turn + 6)):
            results.add(server.kind, edit_figure(size), seen.served * 1000)

    with Together(trial, results, KINDS, [ZONE], origin) as all_:
        all_.each(prepare)
        for _ in range(6 if size < 1_000_000 else 3):
            steps.step()
            all_.each(reload)
        for turn in range(0, edits, 6):
            all_.each(edit)
        for one in moments.values():
            one.close()


def drawing(results):
    """The plot: solid lines for edits, dashed ones for reloads."""
    sizes = [10 ** exponent for exponent in range(3, 7)]
    series = []
    for label, figure, dashed in (("edit", edit_figure, False), ("file reload", reload_figure, True)):
        for server in results.servers:
            values = [(size, results.value(figure(size), server)) for size in sizes]
            line = [(size, value) for size, value in values if value]
            if line:
                series.append((f"{server}: {label}", COLOURS[server], dashed, line))
    return log_log("One change until it is served", "records of the zone", "milliseconds", series)
