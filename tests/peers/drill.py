#!/usr/bin/env python3
"""A drill: providers that go wrong, as a table that goes on.

One zone is kept at several providers that take no transfers: emulators of their APIs, and a real
PowerDNS. It changes all the time, and every provider answers wrong now and then, in the ways of
tests/support/spoiler.py, which and when by --seed. In the end they answer right again, and every
provider must have the zone's newest version, whatever happened.

usage: drill.py TAPROOT [--seconds N] [--seed N] [--share PERCENT]        (or ./dev drill)
"""

import argparse
import importlib
import json
import os
import random
import sys
import time

from lab import Failed, Lab, Taproot, taproot_config, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from spoiler import KINDS, Spoiler  # noqa: E402  (the folder is known only now)

ZONE = "example.com"
PARTIES = ("route53_test.Route53Party", "google_test.GoogleParty", "cloudflare_test.CloudflareParty",
           "softlayer_test.SoftLayerParty", "ns1_test.Ns1Party", "azure_test.AzureParty",
           "ibm_cis_test.IbmCisParty", "oci_test.OciParty", "dyn_test.DynParty",
           "powerdns_conformance_test.PowerDnsParty")
# A key that is refused stops a provider until a person has seen to it: that is no drill. Of those
# that take half a minute each there would be little else to see.
LEFT_OUT = {"status 401", "status 402", "status 403", "status 407", "status 511",
            "an answer that never comes", "an octet now and then, without end"}


class Keys:
    """Writes a provider's secrets under names of its own."""

    def __init__(self, taproot, name):
        self.taproot, self.name = taproot, name

    def own(self, text):
        return text.replace("keys/", f"keys/{self.name}-")

    def write(self, name, text, mode=0o644):
        return self.taproot.write(self.own(name), text, mode)

    def __getattr__(self, name):
        return getattr(self.taproot, name)


class Stand:
    """One provider, what stands before it, and what it has to answer for."""

    def __init__(self, lab, taproot, party, seed, share):
        self.party = party
        party.start()
        lab.add(self)  # the lab ends it
        self.name, self.log = party.name, "/nonexistent"
        self.kinds = sorted(set(KINDS) - LEFT_OUT)
        self.choice = random.Random(f"{seed} {party.name}")
        self.share = share
        self.spoiler = Spoiler(party.server_port, self.choose)
        keys = Keys(taproot, party.name)
        entry = party.entry(keys, self.spoiler.port)
        entry["guards"] = {"max-delete-percent": 100, "max-update-percent": 100,
                           "max-deletes": 100_000}
        self.entry = json.loads(keys.own(json.dumps(entry)))

    def choose(self, _, __):
        if self.choice.random() >= self.share:
            return None
        return self.choice.choice(self.kinds)

    def stop(self, *_):
        self.spoiler.stop()
        self.party.stop()

    def records(self):
        """{(owner, type): values} of what the drill writes."""
        return {(key[0].removesuffix(f".{ZONE}."), key[1]): tuple(value[1])
                for key, value in self.party.rrsets().items() if key[1] == "A"}


class Zone:
    """The zone's file; each change adds a name or gives one another address."""

    def __init__(self, taproot, seed):
        self.taproot = taproot
        self.choice = random.Random(f"{seed} zone")
        self.addresses = {"www": "192.0.2.1"}
        self.changes = 0

    def write(self):
        self.taproot.write_zone(ZONE + ".zone", "\n".join([
            f"$ORIGIN {ZONE}.", "$TTL 3600",
            "@ IN SOA ns1.example.net. hostmaster.example.net. 1 7200 900 1209600 300",
            "@ IN NS ns1.example.net.", "@ IN NS ns2.example.net.",
            *(f"{name} 300 IN A {address}" for name, address in self.addresses.items())]) + "\n")

    def change(self):
        self.changes += 1
        name = f"host{self.choice.randrange(60)}"
        self.addresses[name] = f"198.51.100.{self.choice.randrange(1, 255)}"
        self.write()
        self.taproot.run("reload", ZONE)

    def records(self):
        return {(name, "A"): (address,) for name, address in self.addresses.items()}


class Board:
    """What is shown: rewritten in place on a terminal, else now and then."""

    def __init__(self, taproot, zone, stands):
        self.taproot, self.zone, self.stands = taproot, zone, stands
        self.in_place = sys.stdout.isatty()
        self.lines = 0
        self.last = 0

    def rows(self):
        states = {row["provider"]: row for row in
                  self.taproot.ask("status", ZONE)["zones"][0]["providers"]}
        yield f"{'provider':12} {'requests':>8} {'wrong':>6} {'kinds':>6}  {'state':12} words"
        for stand in self.stands:
            met = stand.spoiler.met
            row = states.get(stand.name, {})
            words = row.get("error") or row.get("waits_for") or row.get("note") or ""
            yield (f"{stand.name:12} {stand.spoiler.requests:8} {sum(met.values()):6} {len(met):6}  "
                   f"{row.get('state', ''):12} {words[:60]}")
        yield f"{self.zone.changes} changes so far"

    def show(self, last=False):
        if not self.in_place and not last and time.monotonic() - self.last < 10:
            return
        self.last = time.monotonic()
        rows = list(self.rows())
        if self.in_place and self.lines:
            print(f"\x1b[{self.lines}A\x1b[J", end="")
        print("\n".join(rows), flush=True)
        self.lines = len(rows)


def begin(lab, taproot, options):
    stands = []
    for name in PARTIES:
        module, kind = name.split(".")
        party = getattr(importlib.import_module(module), kind)(lab)
        stands.append(Stand(lab, taproot, party, options.seed, options.share / 100))
    zone = Zone(taproot, options.seed)
    zone.write()
    taproot_config(taproot, [], [stand.entry for stand in stands],
                   [{"name": ZONE, "source": f"zones/{ZONE}.zone",
                     "guards": {"max-shrink-percent": 100},
                     "providers": [stand.name for stand in stands]}])
    taproot.start()
    return zone, stands


def end(taproot, zone, stands):
    """All answer right again: what is there then is what counts."""
    for stand in stands:
        stand.spoiler.choose = lambda *_: None

    wanted = zone.records()
    said = ""

    def is_everywhere():
        nonlocal said
        done = taproot.run("apply", ZONE, "--timeout", "120", timeout=150)
        said = f"apply ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.returncode == 0 and all(stand.records() == wanted for stand in stands)

    try:
        wait_until("every provider to have the newest version", is_everywhere, 60)
    except Failed as failure:
        differ = [f"{stand.name}: {sorted(set(stand.records().items()) ^ set(wanted.items()))}"
                  for stand in stands if stand.records() != wanted]
        raise Failed("\n".join([str(failure), *differ, said])) from failure
    followed = sum(stand.spoiler.followed for stand in stands)
    if followed:
        raise Failed(f"{followed} redirects were followed")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("taproot")
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--share", type=float, default=10, metavar="PERCENT",
                         help="of requests that are answered wrong")
    options = options.parse_args()
    print(f"seed {options.seed}: {options.share:g} % of answers are wrong, in "
          f"{len(KINDS) - len(LEFT_OUT)} ways", flush=True)
    with Lab(options.taproot) as lab:
        taproot = lab.add(Taproot(lab))
        zone, stands = begin(lab, taproot, options)
        print(f"to look at it: taproot status --control 127.0.0.1:{taproot.control} "
              f"--state {taproot.state}", flush=True)
        board = Board(taproot, zone, stands)
        until = time.monotonic() + options.seconds
        try:
            while time.monotonic() < until:
                zone.change()
                board.show()
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("\nenough: from now on all answer right", flush=True)
        end(taproot, zone, stands)
        board.show(last=True)
        print(f"{len(stands)} providers have all {len(zone.addresses)} names as they should",
              flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"drill: {failure}")
