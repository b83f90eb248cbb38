"""What the subjects have in common: sizes, zones, servers side by side, and one timed reload."""

import os
import shutil
import subprocess
import time

from servers import Failed
from watch import PeakMemory, Watcher
from zone_files import LAST, LAST_ADDRESS, ZONE, delegation_zone, replace


class Trial:
    """The laboratory and the sizes of one run of the benchmark."""

    def __init__(self, lab, quick, rounds):
        self.lab, self.quick, self.asked_rounds = lab, quick, rounds
        self.count = 0
        self.large_zones = {}

    def rounds(self, full):
        return self.asked_rounds or (min(full, 2) if self.quick else full)

    def size(self, full, quick):
        return quick if self.quick else full

    def large_zone(self, records):
        """(folder, text, records, children) of a delegation zone, written once."""
        if records not in self.large_zones:
            folder = os.path.join(self.lab.folder, f"origin-{records}")
            os.makedirs(folder)
            text, count, children = delegation_zone(records)
            with open(os.path.join(folder, f"{ZONE}.zone"), "w", encoding="ascii") as file:
                file.write(text)
            self.large_zones[records] = folder, text, count, children
        return self.large_zones[records]

    def folder_for(self, kind, zones, origin):
        """A folder of the zones' files for one kind of server.

        It holds hard links to the files in `origin`: a change replaces the link, and so is seen by
        this kind alone. A single zone's file is as it was at first; many are linked once, since that
        takes its time, and some of them have been changed by what was measured before.
        """
        folder = f"{origin}-for-{kind.kind.replace(' ', '-')}"
        if len(zones) == 1:
            shutil.rmtree(folder, ignore_errors=True)
        if not os.path.isdir(folder):
            os.makedirs(folder)
            for zone in zones:
                os.link(os.path.join(origin, f"{zone}.zone"), os.path.join(folder, f"{zone}.zone"))
        return folder

    def server(self, kind, zones, origin, notify=None):
        """A server with a folder of its own that has never run."""
        self.count += 1
        return self.lab.add(kind(self.lab, zones, self.folder_for(kind, zones, origin),
                                 label=f"-{self.count}", notify=notify))


class Together:
    """Servers of several kinds at the same time; one that fails is dropped, and the rest go on.

    An idle name server takes no processor time, so one can be measured while the others wait. This
    lets changes alternate between servers, and a busy moment of the machine meets all of them.
    """

    def __init__(self, trial, results, kinds, zones, origin, notify=None):
        self.results = results
        self.servers = []
        for kind in kinds:
            if kind.kind not in results.servers:
                results.servers.append(kind.kind)
            if kind.kind not in results.failures:
                port = notify[kind.kind] if notify else None
                self.servers.append(trial.server(kind, zones, origin, notify=port))

    def each(self, action):
        """action(server) for each in turn."""
        for server in list(self.servers):
            try:
                action(server)
            except (Failed, OSError, subprocess.SubprocessError) as error:
                self.results.fail(server.kind, error)
                server.stop()
                self.servers.remove(server)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)


def load(server):
    """Starts a server of the large zone; seconds from its start to the first right answer."""
    began = server.launch()
    return server.until_right(LAST, LAST_ADDRESS) - began


def reload_large(server, step):
    """Changes the large zone's file to `step` and has it read again.

    Returns (seconds until it is seen, what the watching client saw). The clock starts with the
    new file in place, and the command is a process of its own, as an operator runs it.
    """
    in_place = replace(server.file_of(ZONE), step.text())
    with Watcher(server.port, f"{step.owner}.{ZONE}", step.address) as watcher:
        in_place()
        began = time.perf_counter()
        seen = server.during(server.reload_command(ZONE), watcher.until_seen)
        # What it still does after it has answered may be felt, too; answering the client takes a
        # little processor time itself.
        server.rest(seconds=5, share=0.2)
        return seen - began, watcher.end(began)


def peak_of_reload(server, step):
    """The most octets of memory that the server has while it reads `step`."""
    in_place = replace(server.file_of(ZONE), step.text())
    with PeakMemory(server) as memory:
        in_place()
        server.during(server.reload_command(ZONE),
                      lambda: server.until_right(f"{step.owner}.{ZONE}", step.address))
        server.rest()
    return memory.peak
