"""Tables and verdicts from results, as Markdown."""

import re


def figure(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.095 else f"{value:.3f}"


def table(results):
    """A Markdown table: one row per figure, one column per server, then ratios to each other one."""
    servers = results.servers
    others = [server for server in servers if server != "taproot"]
    lines = ["| | " + " | ".join(servers + [f"/{other}" for other in others]) + " |",
             "|---|" + "---:|" * (len(servers) + len(others))]
    for name, statistic in results.rows:
        values = {server: results.value(name, server, statistic) for server in servers}
        if not any(value is not None for value in values.values()):
            continue
        cells = ["failed" if values[server] is None and server in results.failures
                 else figure(values[server]) for server in servers]
        ours = values.get("taproot")
        for other in others:
            theirs = values[other]
            # The ratio of a figure near nothing, or below it, says nothing.
            shown = ours is not None and theirs is not None and ours >= 0 and theirs > 0
            cells.append(figure(ours / theirs) if shown else "-")
        label = name if statistic == "median" else f"{name}, {statistic}"
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def section(results):
    """A subject's table with what it must be read with."""
    facts = ", ".join(f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
                      for name, value in results.facts.items())
    text = f"{facts[:1].upper()}{facts[1:]}.\n\n{table(results)}\n" if facts else table(results) + "\n"
    for server, why in results.failures.items():
        text += f"\n{server} failed: {why}\n"
    return text


# What is promised: (subject, promise, what is measured, at most)
def _ratio(name, other, statistic="median"):
    def measured(results):
        ours = results.value(name, "taproot", statistic)
        theirs = results.value(name, other, statistic)
        return None if ours is None or not theirs else ours / theirs
    return measured


def _own(name, statistic="median"):
    return lambda results: results.value(name, "taproot", statistic)


def _own_ratio(name, base):
    def measured(results):
        value, of = results.value(name, "taproot"), results.value(base, "taproot")
        return None if value is None or not of else value / of
    return measured


def _across(name, other_name, other):
    """Taproot's figure, of another server's figure of another name."""
    def measured(results):
        ours, theirs = results.value(name, "taproot"), results.value(other_name, other)
        return None if ours is None or not theirs else ours / theirs
    return measured


def _of_the_better(name, others, us="taproot"):
    def measured(results):
        ours = results.value(name, us)
        theirs = [value for other in others if (value := results.value(name, other))]
        return None if ours is None or not theirs else ours / min(theirs)
    return measured


def _follow():
    """What is promised of one change until a secondary answers with it."""
    for secondary in ("knot", "nsd", "bind"):
        yield ("follow", f"taproot's share until {secondary} as secondary answers with a change, ms",
               _own(f"{secondary} as secondary: the primary's share, ms"), 5)
        yield ("follow", f"the whole until {secondary} as secondary answers, of knot to knot",
               _across(f"{secondary} as secondary: whole, ms",
                       "knot as secondary: whole, ms", "knot"), 0.5)


def _growth(results):
    sizes = results.facts["records"].split(" to ")
    small, large = (f"edit until served, {size} records, ms" for size in sizes)
    return _own_ratio(large, small)(results)


PROMISES = (
    ("million", "memory per record, of knot's", _ratio("memory, octets per record", "knot"), 0.5),
    ("million", "peak during a reload, of memory at rest",
     _own_ratio("peak during a reload, octets per record", "memory, octets per record"), 1.3),
    ("million", "first load, of knot's", _ratio("first load, s", "knot"), 0.5),
    ("million", "one-record change by file reload, of knot's",
     _ratio("change by file reload, s", "knot"), 0.25),
    ("million", "longest pause in answering meanwhile, ms",
     _own("pause during a reload, ms", "largest"), 10),
    ("edit", "served after the acknowledgement, ms", _own("acknowledged to served, ms"), 2),
    ("edit", "NOTIFY after the acknowledgement, ms", _own("acknowledged to NOTIFY, ms"), 2),
    ("edit", "edit acknowledged, of bind's dynamic update", _ratio("acknowledged, ms", "bind"), 1),
    ("edit", "edit served, of bind's dynamic update", _ratio("served, ms", "bind"), 1),
    *_follow(),
    ("crowd", "memory with 200 secondaries at its largest, of that at the start",
     _own_ratio("memory at its largest, MB", "memory at the start, MB"), 1.5),
    ("crowd", "processor time with 200 secondaries, share of a core",
     _own("share of a core", "largest"), 1),
    ("small", "load, of knot's", _ratio("load until all answer, s", "knot"), 1),
    ("small", "load, of nsd's", _ratio("load until all answer, s", "nsd"), 1),
    ("small", "memory, of knot's", _ratio("memory, octets per zone", "knot"), 1),
    ("small", "memory, of nsd's", _ratio("memory, octets per zone", "nsd"), 1),
    ("small", "one-zone change, of knot's", _ratio("change, reload of that zone, ms", "knot"), 1),
    ("small", "one-zone change, of nsd's", _ratio("change, reload of that zone, ms", "nsd"), 1),
    ("curve", "an edit of the largest zone, of the smallest's", _growth, 1.25),
    ("axfr", "AXFR, time of the better of knot and nsd", _of_the_better("AXFR, s", ("knot", "nsd")),
     0.65),
    ("axfr", "AXFR, processor time of the better of knot and nsd",
     _of_the_better("processor time of it, s", ("knot", "nsd")), 0.65),
    ("axfr", "AXFR for a first secondary, time of the better of knot and nsd",
     _of_the_better("AXFR, s", ("knot", "nsd"), "taproot, first"), 0.65),
    ("axfr", "AXFR for a first secondary, processor time of the better of knot and nsd",
     _of_the_better("processor time of it, s", ("knot", "nsd"), "taproot, first"), 0.65),
    ("restart", "first right answer after a crash, 1,000 zones, ms",
     _own("1,000 zones: first right answer, ms"), 100),
    ("restart", "first right answer after a crash, a million records, ms",
     _own("large zone: first right answer, ms"), 1000),
)


def promises(subjects):
    """A table of what was promised and what was measured, for the subjects that were."""
    lines = ["| promised | at most | measured | |", "|---|---:|---:|---|"]
    for subject, promise, measured, limit in PROMISES:
        if subject not in subjects:
            continue
        value = measured(subjects[subject])
        verdict = "-" if value is None else "kept" if value <= limit else "**missed**"
        lines.append(f"| {promise} | {figure(limit)} | {figure(value)} | {verdict} |")
    return "\n".join(lines) + "\n"


def whole(document, subjects):
    """Everything that was measured, one section per subject."""
    parts = [conditions(document)]
    if len(subjects) > 0:
        parts.append("## Promises\n\n" + promises(subjects))
    parts += [f"## {results.title}\n\n{section(results)}" for results in subjects.values()]
    return "\n".join(parts)


def conditions(document):
    """When, on what and with which versions it was measured."""
    versions = "; ".join(f"{name}: {version}" for name, version in document["versions"].items())
    warning = "" if not document["quick"] else " **Small sizes (`--quick`): the figures mean little.**"
    return (f"Measured {document['when']} on {document['cores']} cores ({document['processor']}), "
            f"{document['system']}. {versions}. One synced write of 4 KiB takes "
            f"{figure(document['sync ms'])} ms there. Medians, unless a row says otherwise; a column "
            f"`/knot` is taproot's figure divided by knot's.{warning}\n")


def insert(text, document, subjects, plots):
    """The text of docs/performance.md with what stands between its markers replaced:
    <!-- bench: NAME --> … <!-- end -->, NAME being `conditions`, `promises` or a subject. `plots`
    are the paths of subjects' plots as the text names them."""
    def fresh(match):
        name = match.group(1)
        if name == "conditions":
            body = conditions(document)
        elif name == "promises":
            body = promises(subjects)
        elif name in subjects:
            body = section(subjects[name])
            if name in plots:
                body = f"![{subjects[name].title}]({plots[name]})\n\n{body}"
        else:
            return match.group(0)
        return f"<!-- bench: {name} -->\n{body}<!-- end -->"
    return re.sub(r"<!-- bench: (\w+) -->\n.*?<!-- end -->", fresh, text, flags=re.DOTALL)
