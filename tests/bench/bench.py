#!/usr/bin/env python3
"""taproot beside Knot, NSD and BIND: the same zones, one worker each, in the same run.

Servers alternate within every round; medians and ratios are printed as Markdown and kept as JSON.
Everything happens on loopback and in a temporary folder (TMPDIR chooses the disk).
"""

import argparse
import datetime
import importlib
import json
import os
import platform
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import Bind, Knot, Nsd, Taproot  # noqa: E402
from lab import Failed, Lab  # noqa: E402
from results import Results  # noqa: E402
from trial import Trial  # noqa: E402
import report  # noqa: E402

# The name on the command line and the file that measures it, in the order of a full run.
SUBJECTS = {"million": "million", "edit": "edit", "follow": "follow",
            "crowd": "crowd", "small": "small", "curve": "curve", "axfr": "transfers",
            "queries": "queries", "restart": "restart"}


def synced_write(folder):
    """Milliseconds of one synced write of 4 KiB: what no durable change can be faster than."""
    path, times = os.path.join(folder, "sync"), []
    with open(path, "wb") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    os.unlink(path)
    return sorted(times)[len(times) // 2] * 1000


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def system():
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")


def measure(options):
    """Runs the subjects; the document with all samples."""
    with Lab(options.taproot) as lab:
        trial = Trial(lab, options.quick, options.rounds)
        document = {
            "when": datetime.date.today().isoformat(), "cores": os.cpu_count(),
            "processor": processor(), "system": system(), "quick": options.quick,
            "versions": {"taproot": Taproot.version_of([lab.binary, "--version"]),
                         **{kind.kind: kind.version_of(kind.version_command)
                            for kind in (Knot, Nsd, Bind)}},
            "sync ms": synced_write(lab.folder), "subjects": []}
        for subject in options.subjects or SUBJECTS:
            began = time.monotonic()
            print(f"bench: {subject} …", file=sys.stderr, flush=True)
            results = importlib.import_module(SUBJECTS[subject]).run(trial)
            results.seconds = round(time.monotonic() - began)
            print(f"bench: {subject} took {results.seconds} s", file=sys.stderr, flush=True)
            for server, why in results.failures.items():
                print(f"bench: {server} failed: {why}", file=sys.stderr, flush=True)
            document["subjects"].append(results.to_json())
            save(options, document)
        return document


def save(options, document):
    os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT",
                        help=f"what to measure: {', '.join(SUBJECTS)}; all of them if none is named")
    parser.add_argument("--taproot", default="build/release/server/taproot", metavar="BINARY")
    parser.add_argument("--quick", action="store_true",
                        help="small zones and few rounds: does it work, not how fast is it")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of each subject's own")
    parser.add_argument("--json", default="build/bench/bench.json", metavar="FILE",
                        help="where the samples go (%(default)s)")
    parser.add_argument("--markdown", metavar="FILE.json",
                        help="measure nothing: print the tables of an earlier run")
    parser.add_argument("--into", metavar="FILE.md", help="with --markdown: put the tables and the "
                        "plot into this file instead, between its markers")
    options = parser.parse_args(arguments)
    for subject in options.subjects:
        if subject not in SUBJECTS:
            parser.error(f"no subject {subject}: {', '.join(SUBJECTS)}")
    return options


# The subjects that have a plot; its module has drawing(results).
PLOTS = ("curve", "crowd")


def draw(subjects, folder):
    """The plots of those subjects that have one."""
    for subject in PLOTS:
        if subject in subjects:
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, f"{subject}.svg")
            with open(path, "w", encoding="utf-8") as file:
                file.write(importlib.import_module(subject).drawing(subjects[subject]))
            print(f"bench: {path}", file=sys.stderr)


def main():
    options = parsed(sys.argv[1:])
    if options.markdown:
        with open(options.markdown, encoding="utf-8") as file:
            document = json.load(file)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers end with us
        document = measure(options)
    subjects = {entry["subject"]: Results.from_json(entry) for entry in document["subjects"]}
    if options.markdown and options.into:
        with open(options.into, encoding="utf-8") as file:
            text = file.read()
        with open(options.into, "w", encoding="utf-8") as file:
            file.write(report.insert(text, document, subjects,
                                     {subject: f"plots/{subject}.svg" for subject in PLOTS}))
        draw(subjects, os.path.join(os.path.dirname(options.into), "plots"))
        return 0
    print(report.whole(document, subjects))
    draw(subjects, os.path.dirname(os.path.abspath(options.json)))
    return 1 if any(results.failures for results in subjects.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
