"""Many zones at six providers that count calls: how long it takes until all is there, and how many
calls that costs.

The providers are emulators of their APIs that enforce the limits of tests/support/rations.py. All
zones are pushed for the first time, and then each of them changes by one record.

usage: fleet.py TAPROOT [--zones N] [--draw FILE.svg]
"""

import argparse
import importlib
import os
import re
import sys
import time

from drill import Keys
from lab import Failed, Lab, Taproot, taproot_config, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))

import rations  # noqa: E402  (the folders are known only now)
from conformance import ZONE  # noqa: E402

PARTIES = {"route53": "Route53Party", "google": "GoogleParty", "cloudflare": "CloudflareParty",
           "softlayer": "SoftLayerParty", "ns1": "Ns1Party", "azure": "AzureParty",
           "oci": "OciParty", "dyn": "DynParty"}
SIX = tuple(PARTIES)[:6]  # that are drawn
COLOURS = {"route53": "#d55e00", "google": "#009e73", "cloudflare": "#e69f00",
           "softlayer": "#0072b2", "ns1": "#cc79a7", "azure": "#56b4e9"}
NAMES = ("www", "mail", "ftp", "api")  # of each zone, an A record each
POLLS = 2  # looks that find a change at work, at Route 53 and Google


class Stand:
    """One provider with all zones, which refuses what is too much."""

    def __init__(self, lab, taproot, name, zones):
        self.name, self.log = name, "/nonexistent"
        party = getattr(importlib.import_module(name + "_test"), PARTIES[name])
        self.party = type("Party", (party,), {"polls": POLLS} if party.polls is None else {})(lab)
        self.party.start()
        lab.add(self)  # the lab ends it
        emulator = self.party.emulator
        emulator.rations = getattr(rations, name)()
        self.zones = {zone: emulator.add_zone(zone) for zone in zones}
        keys = Keys(taproot, name)
        self.entry = {key: keys.own(value) if isinstance(value, str) else value
                      for key, value in self.party.entry(keys, emulator.port).items()}

    def stop(self, *_):
        self.party.stop()

    def addresses(self, zone):
        """{label: address} of the A records of a zone."""
        self.party.zone = self.zones[zone]
        found = {}
        for (name, rrtype), (_, values) in self.party.rrsets().items():
            if rrtype == "A":
                found[re.sub(rf"\.({re.escape(zone)}|{re.escape(ZONE)})\.$", "", name)] = values[0]
        return found

    def calls(self, since, until):
        return [moment for moment in self.party.emulator.moments if since <= moment[0] < until]


class Fleet:
    """All of it."""

    def __init__(self, lab, count, names=SIX):
        self.taproot = lab.add(Taproot(lab))
        self.zones = [f"z{number:03d}.example.net" for number in range(count)]
        self.stands = [Stand(lab, self.taproot, name, self.zones) for name in names]
        self.wanted = {zone: {name: "192.0.2.1" for name in NAMES} for zone in self.zones}
        self.phases = []  # (what, since, until, {provider: seconds until its last zone was there})
        for zone in self.zones:
            self.write(zone)
        taproot_config(self.taproot, [], [stand.entry for stand in self.stands],
                       [{"name": zone, "source": f"zones/{zone}.zone", "providers": list(names)}
                        for zone in self.zones])

    def write(self, zone):
        lines = [f"$ORIGIN {zone}.", "$TTL 300", "@ IN SOA ns1.example.org. hostmaster 1 2h 15m 2w 5m",
                 "@ IN NS ns1.example.org."]
        lines += [f"{name} IN A {address}" for name, address in self.wanted[zone].items()]
        self.taproot.write_zone(zone + ".zone", "\n".join(lines) + "\n")

    def ended(self):
        """{provider: how many pushes came to their end}, as the log tells it."""
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            said = re.findall(r": (\w+): \d+ changes? applied and read back", file.read())
        return {stand.name: said.count(stand.name) for stand in self.stands}

    def phase(self, what, begin, seconds):
        """begin() makes each zone be pushed to every provider; waits for all."""
        before = self.ended()
        took = {}
        since = time.monotonic()
        begin()

        def all_there():
            ended = self.ended()
            for stand in self.stands:
                if ended[stand.name] >= before[stand.name] + len(self.zones):
                    took.setdefault(stand.name, time.monotonic() - since)
            return len(took) == len(self.stands)

        wait_until(f"{what}: {len(self.zones)} zones to be at every provider", all_there, seconds, 0.2)
        self.phases.append((what, since, time.monotonic(), took))
        for stand in self.stands:
            for zone in self.zones:
                if stand.addresses(zone) != self.wanted[zone]:
                    raise Failed(f"{stand.name} has {stand.addresses(zone)} in {zone}")

    def first_push(self, seconds):
        open(self.taproot.log, "ab").close()
        self.phase("first push", self.taproot.start, seconds)

    def change_all(self, seconds):
        for zone in self.zones:
            self.wanted[zone]["www"] = "198.51.100.1"
            self.write(zone)
        self.phase("one record each", lambda: self.taproot.run("reload"), seconds)

    def figures(self):
        """One row for each phase and provider: (what, provider, seconds, calls, refused)."""
        return [(what, stand.name, took[stand.name], len(stand.calls(since, until)),
                 sum(refused for _, _, refused in stand.calls(since, until)))
                for what, since, until, took in self.phases for stand in self.stands]

    def table(self):
        lines = ["| | provider | seconds | calls | calls per zone | refused as too many |",
                 "|---|---|---|---|---|---|"]
        lines += [f"| {what} | {name} | {took:.0f} | {calls} | {calls / len(self.zones):.1f} | {refused} |"
                  for what, name, took, calls, refused in self.figures()]
        return "\n".join(lines)

    def drawing(self):
        """Calls a second of every provider over time, as SVG."""
        from plot import stacked
        panels = []
        for what, since, until, _ in self.phases:
            width = max(1.0, (until - since) / 100)
            series = []
            for stand in self.stands:
                bins = [0] * (int((until - since) / width) + 1)
                for moment, _, _ in stand.calls(since, until):
                    bins[int((moment - since) / width)] += 1
                series.append((stand.name, COLOURS[stand.name], False,
                               [(number * width, calls / width) for number, calls in enumerate(bins)]))
            panels.append((f"{what}: calls a second", False, series))
        return stacked(f"{len(self.zones)} zones at {len(self.stands)} providers", "seconds", panels)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("taproot")
    options.add_argument("--zones", type=int, default=200)
    options.add_argument("--draw", metavar="FILE.svg")
    options = options.parse_args()
    with Lab(options.taproot) as lab:
        fleet = Fleet(lab, options.zones)
        fleet.first_push(1800)
        fleet.change_all(1800)
        print(fleet.table())
        if options.draw:
            with open(options.draw, "w", encoding="utf-8") as file:
                file.write(fleet.drawing())


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"fleet: {failure}")
