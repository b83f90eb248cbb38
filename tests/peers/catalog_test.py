"""Catalog zones (RFC 9432): real secondaries serve what taproot's catalog lists, and taproot serves
what the catalog of a real primary lists. (NSD takes part from 4.9 on; this is for what is here.)"""

import os
import signal
import socket
import struct

from case import LabCase, main
from lab import Bind, Key, Knot, axfr, serial_at, short, taproot_config, transfer_provider, wait_until
from primaries import FakePrimary, KnotPrimary, record, soa, wire_name, zone_text

CATALOG = "catalog.example"
SOURCE = "'':\n  - {type: NS, values: [ns1.example.net., ns2.example.net.]}\nwww:\n  - {type: A, value: ADDRESS}\n"


class CatalogBind(Bind):
    """Knows nothing but the catalog."""

    def __init__(self, lab, primary, key, name="bind"):
        super().__init__(lab, primary, [CATALOG], key, name)

    def command(self):
        words = super().command()
        with open(self.path("named.conf"), encoding="utf-8") as file:
            text = file.read()
        key = f"key {self.key.name}" if self.key else ""
        self.write("named.conf", text.replace(
            "options {", "options {\n  catalog-zones { zone \"" + CATALOG + "\" default-primaries { "
            f"127.0.0.1 port {self.primary} {key}; }} in-memory yes min-update-interval 1; }};", 1))
        return words


class CatalogKnot(Knot):
    """Knows nothing but the catalog, and what to do with its group red."""

    def __init__(self, lab, primary, key, name="knot"):
        super().__init__(lab, primary, [CATALOG], key, name)

    def command(self):
        words = super().command()
        os.makedirs(self.path("red"), exist_ok=True)
        with open(self.path("knot.conf"), encoding="utf-8") as file:
            text = file.read()
        member = ('  - id: {}\n    storage: "{}"\n    master: primary\n    acl: [notify, read]\n'
                  "    zonefile-sync: 0\n")
        text = text.replace("zone:\n", member.format("member", self.folder)
                            + member.format("red", self.path("red")) + "zone:\n", 1)
        text += "    catalog-role: interpret\n    catalog-template: [member, red]\n"
        self.write("knot.conf", text)
        return words


class CatalogCase(LabCase):
    def source(self, zone, address="192.0.2.1"):
        self.taproot.write_zone(zone + ".yaml", SOURCE.replace("ADDRESS", address))

    def log(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()

    def row(self, zone):
        rows = self.taproot.ask("status")["zones"]
        return next((row for row in rows if row["zone"] == zone + "."), None)

    def serves(self, server, zone, address="192.0.2.1", seconds=30):
        wait_until(f"{server.name} to serve {zone}",
                   lambda: short(server.port, "www." + zone, "A") == [address], seconds)

    def forgets(self, server, zone):
        wait_until(f"{server.name} to serve {zone} no more",
                   lambda: serial_at(server.port, zone) is None)


class Producer(CatalogCase):
    def setUp(self):
        super().setUp()
        self.key = Key("xfr.example")
        self.keys = [self.key]
        self.servers = [self.lab.add(kind(self.lab, self.taproot.port, self.key))
                        for kind in (CatalogBind, CatalogKnot)]

    def write_config(self, zones, **catalog):
        providers = [transfer_provider(server, self.key) for server in self.servers]
        names = [server.name for server in self.servers]
        for zone in zones:
            zone.setdefault("providers", names)
        document = taproot_config(self.taproot, self.keys, providers, zones)
        document["catalogs"] = [{"name": CATALOG, "providers": names, **catalog}]
        import json
        self.taproot.write("taproot.yaml", json.dumps(document))

    def test_zones_come_and_go_at_real_secondaries_by_themselves(self):
        self.source("one.example")
        self.source("folder/two.example", "192.0.2.2")
        self.write_config([{"name": "one.example", "source": "zones/one.example.yaml"},
                           {"directory": "zones/folder", "catalog": {"group": "red"}}])
        self.taproot.start()
        for server in self.servers:
            server.start()
            self.serves(server, "one.example")
            self.serves(server, "two.example", "192.0.2.2")
        bind, knot = self.servers
        wait_until("the group's own template", lambda: os.path.exists(
            knot.path("red", "two.example.zone")))
        self.assertFalse(os.path.exists(knot.path("red", "one.example.zone")))
        # A new file in the folder is a new zone, everywhere.
        for i in range(3, 13):
            self.source(f"folder/z{i}.example", f"192.0.2.{i}")
        for server in self.servers:
            for i in range(3, 13):
                self.serves(server, f"z{i}.example", f"192.0.2.{i}")
        self.assertEqual(axfr(bind.port, "z5.example", self.key),
                         axfr(self.taproot.port, "z5.example", self.key))
        # A change goes the usual way.
        self.source("folder/z5.example", "192.0.2.200")
        for server in self.servers:
            self.serves(server, "z5.example", "192.0.2.200")
        # A vanished file takes nothing away before a person says so.
        os.remove(self.taproot.zone_path("folder/z7.example.yaml"))
        wait_until("it to be shown", lambda: self.row("z7.example")["source_gone"])
        for server in self.servers:
            self.serves(server, "z7.example", "192.0.2.7")
        self.command(0, "drop", "z7.example")
        for server in self.servers:
            self.forgets(server, "z7.example")
            self.serves(server, "z8.example", "192.0.2.8")
        # The same ids and the same catalog after a kill: nobody notices.
        before = axfr(self.taproot.port, CATALOG, self.key)
        self.taproot.kill()
        self.source("folder/late.example", "192.0.2.77")
        self.taproot.start()
        for server in self.servers:
            self.serves(server, "late.example", "192.0.2.77")
        after = axfr(self.taproot.port, CATALOG, self.key)
        gone = [line for line in before if line not in after and " SOA " not in line]
        self.assertEqual(gone, [])

    def test_groups_and_change_of_ownership_are_told(self):
        self.source("one.example")
        self.write_config([{"name": "one.example", "source": "zones/one.example.yaml",
                            "catalog": {"group": ["red", "blue"], "coo": "other.example"}}])
        self.taproot.start()
        lines = wait_until("the member", lambda: (
            lambda lines: lines if any("PTR one.example." in line for line in lines) else None)(
                axfr(self.taproot.port, CATALOG, self.key)))
        text = "\n".join(lines)
        self.assertRegex(text, r'(?m)^version\.catalog\.example\. 0 IN TXT "2"$')
        self.assertRegex(text, r"(?m)^catalog\.example\. 0 IN NS invalid\.$")
        self.assertRegex(text, r'(?m)^group\.[0-9a-f]{32}\.zones\.catalog\.example\. 0 IN TXT "red"$')
        self.assertRegex(text, r'(?m)^group\.[0-9a-f]{32}\.zones\.catalog\.example\. 0 IN TXT "blue"$')
        self.assertRegex(text, r"(?m)^coo\.[0-9a-f]{32}\.zones\.catalog\.example\. 0 IN PTR other\.example\.$")
        self.assertEqual(axfr(self.taproot.port, CATALOG), [], "unsigned")
        done = self.taproot.run("edit", CATALOG, "--put", "x 0 TXT x")
        self.assertIn("is a catalog", done.stdout + done.stderr)

    def test_only_zones_that_were_good_are_listed_and_then_stay(self):
        self.source("one.example")
        self.taproot.write_zone("bad.example.yaml", "www:\n  - {type: A, value: nonsense}\n")
        zones = [{"name": f"{n}.example", "source": f"zones/{n}.example.yaml"} for n in ("one", "bad")]
        self.write_config(zones)
        self.taproot.start()
        listed = lambda: {line.split()[-1] for line in axfr(self.taproot.port, CATALOG, self.key)
                          if " PTR " in line}
        wait_until("the good one", lambda: listed() == {"one.example."})
        self.source("bad.example")
        wait_until("both", lambda: listed() == {"one.example.", "bad.example."})
        self.taproot.write_zone("bad.example.yaml", "www:\n  - {type: A, value: nonsense}\n")
        wait_until("the refusal", lambda: self.row("bad.example")["candidate_refused"])
        self.taproot.stop()
        self.taproot.start()
        self.assertEqual(listed(), {"one.example.", "bad.example."})

    def test_many_zones_do_not_vanish_by_a_slip(self):
        for i in range(20):
            self.source(f"folder/z{i}.example")
        zones = [{"directory": "zones/folder"}]
        self.write_config(zones)
        self.taproot.start()
        count = lambda: sum(" PTR " in line for line in axfr(self.taproot.port, CATALOG, self.key))
        wait_until("all zones", lambda: count() == 20)
        self.write_config([{"name": "z1.example", "source": "zones/folder/z1.example.yaml"}])
        self.command(5, "reload")
        guard = wait_until("the guard", lambda: self.row(CATALOG)["guard"])
        self.assertEqual(count(), 20)
        # Its secondaries are not there in this test, and so it is not seen anywhere (3).
        self.command(3, "apply", CATALOG, "--force", guard["force_id"])
        self.assertEqual(count(), 1)


class ListingKnot(KnotPrimary):
    """A primary that lists its zones in a catalog."""

    def command(self):
        words = super().command()
        with open(self.path("knot.conf"), encoding="utf-8") as file:
            text = file.read()
        lines = [f"  - domain: {CATALOG}\n    catalog-role: generate\n    file: \"\"\n"
                 "    zonefile-load: none\n    journal-content: all\n"]
        lines += [f"  - domain: {zone}\n    catalog-role: member\n    catalog-zone: {CATALOG}\n"
                  for zone in self.zones]
        self.write("knot.conf", text[:text.index("zone:\n") + 6] + "".join(lines))
        return words

    def set_zones(self, zones):
        """Other zones from now on."""
        for zone in zones:
            if not os.path.exists(self.path(f"{zone}.zone")):
                self.put(zone_text(1, ["www 300 IN A 192.0.2.1"], zone), zone)
        self.zones = list(zones)
        self.command()
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)


def catalog_records(serial, members, version=b"2", zone=CATALOG):
    """The records of a catalog: `members` are (id, zone) or (id, zone, coo)."""
    ns = record(zone, 2, wire_name("invalid"))
    records = [soa(serial, zone), ns]
    if version is not None:
        records.append(record("version." + zone, 16, bytes([len(version)]) + version))
    for number, member, *coo in members:
        records.append(record(f"{number}.zones.{zone}", 12, wire_name(member)))
        records += [record(f"coo.{number}.zones.{zone}", 12, wire_name(one)) for one in coo]
    return [*records, soa(serial, zone)]


class Consumer(CatalogCase):
    def consume(self, primary, key=None, more=(), **members):
        source = {"transfer": f"127.0.0.1:{primary.port}", "min-refresh": "1s"}
        if key:
            source["key"] = key.name + "."
        reader = {"name": "reader", "kind": "transfer", "transfer-from": ["127.0.0.1"]}
        document = taproot_config(self.taproot, [key] if key else [], [reader], [])
        document["catalogs"] = [{"name": CATALOG, "source": source,
                                 "members": {"providers": ["reader"], **members}}, *more]
        import json
        self.taproot.write("taproot.yaml", json.dumps(document))

    def test_taproot_serves_what_a_real_catalog_lists(self):
        key = Key("xfr.example")
        knot = self.lab.add(ListingKnot(self.lab, self.taproot.port, [], key))
        knot.set_zones(["one.example", "two.example"])
        knot.start()
        self.consume(knot, key)
        self.taproot.start()
        for zone in ("one.example", "two.example"):
            self.serves(self.taproot, zone)
            self.assertEqual(axfr(self.taproot.port, zone), axfr(knot.port, zone, key))
        knot.set_zones(["one.example", "two.example", "three.example"])
        self.serves(self.taproot, "three.example")
        # Members are followed as any zone: NOTIFY, IXFR.
        knot.put(zone_text(2, ["www 300 IN A 192.0.2.9"], "three.example"), "three.example")
        knot.load(2, "three.example")
        self.serves(self.taproot, "three.example", "192.0.2.9")
        # What is listed no more is served on until a person drops it.
        knot.set_zones(["one.example", "three.example"])
        row = wait_until("it to be shown", lambda: (
            lambda row: row if row["source_gone"] else None)(self.row("two.example")))
        self.assertIn("taproot drop", row["source_gone"])
        self.serves(self.taproot, "two.example")
        self.taproot.kill()
        self.taproot.start()
        self.serves(self.taproot, "two.example")
        self.assertTrue(self.row("two.example")["source_gone"])
        self.command(0, "drop", "two.example")
        self.forgets(self.taproot, "two.example")
        knot.set_zones(["one.example", "two.example", "three.example"])
        self.serves(self.taproot, "two.example")
        # Without the primary everything is there after a restart.
        knot.stop()
        self.taproot.kill()
        self.taproot.start()
        for zone in ("one.example", "two.example"):
            self.serves(self.taproot, zone)

    def test_vanished_members_go_at_once_where_that_is_wanted(self):
        knot = self.lab.add(ListingKnot(self.lab, self.taproot.port, []))
        knot.set_zones(["one.example", "two.example"])
        knot.start()
        self.consume(knot, vanished="drop")
        self.taproot.start()
        self.serves(self.taproot, "two.example")
        knot.set_zones(["one.example"])
        self.forgets(self.taproot, "two.example")
        self.serves(self.taproot, "one.example")
        self.command(0, "reload")
        self.serves(self.taproot, "one.example")

    def fakes(self):
        """A catalog that says what a test wants, and a real primary of its members."""
        knot = self.lab.add(KnotPrimary(self.lab, self.taproot.port, ["a.example", "b.example"]))
        for zone in knot.zones:
            knot.put(zone_text(1, ["www 300 IN A 192.0.2.1"], zone), zone)
        knot.start()
        fake = FakePrimary(CATALOG)
        self.addCleanup(fake.stop)
        return fake, {"source": {"transfer": f"127.0.0.1:{knot.port}", "min-refresh": "1s"}}

    def test_a_broken_catalog_is_refused_and_the_last_good_stays(self):
        fake, members = self.fakes()
        good = [("x", "a.example"), ("y", "b.example")]
        fake.messages = [catalog_records(1, good)]
        self.consume(fake, **members)
        self.taproot.start()
        for zone in ("a.example", "b.example"):
            self.serves(self.taproot, zone)
        broken = [
            catalog_records(2, good, version=None),
            catalog_records(3, good, version=b"1"),
            catalog_records(4, [*good, ("z", "a.example")]),
            catalog_records(5, [*good, ("x", "c.example")]),
            catalog_records(6, [("x", "a.example", "one.example", "two.example")]),
            catalog_records(7, [("x", CATALOG)]),
        ]
        for serial, records in enumerate(broken, start=2):
            with self.subTest(serial=serial):
                fake.messages, fake.serial = [records], serial
                wait_until("the transfer", lambda s=serial: f"serial {s} received" in self.log())
                row = wait_until("the refusal", lambda: (
                    lambda row: row if row["candidate_refused"] else None)(self.row(CATALOG)))
                self.assertIn("broken", row["candidate_refused"])
                self.assertEqual(row["serial"], 1)
                for zone in ("a.example", "b.example"):
                    self.assertEqual(self.row(zone)["source_gone"], "")
        fake.messages, fake.serial = [catalog_records(20, [("x", "a.example")])], 20
        wait_until("the good one", lambda: self.row(CATALOG)["serial"] == 20)
        wait_until("the other to be shown", lambda: self.row("b.example")["source_gone"])

    def test_a_member_moves_only_where_its_catalog_lets_it(self):
        fake, members = self.fakes()
        other = FakePrimary("other.example")
        self.addCleanup(other.stop)
        fake.messages = [catalog_records(1, [("x", "a.example")])]
        other.messages = [catalog_records(1, [("q", "a.example")], zone="other.example")]
        self.consume(fake, more=[{
            "name": "other.example",
            "source": {"transfer": f"127.0.0.1:{other.port}", "min-refresh": "1s"},
            "members": {"providers": [], **members}}], **members)
        self.taproot.start()
        self.serves(self.taproot, "a.example")
        wait_until("the clash in the log", lambda: "that stays" in self.log())
        owner = self.log().split("that stays")[0].splitlines()[-1]
        # Whoever came first has it; that one lets it go, and so it goes.
        first, second = (fake, other) if "other.example.: lists" in owner else (other, fake)
        ident = {CATALOG: "x", "other.example": "q"}[first.zone]
        first.messages = [catalog_records(2, [(ident, "a.example", second.zone)], zone=first.zone)]
        first.serial = 2
        wait_until("the catalog", lambda: self.row(first.zone)["serial"] == 2)
        first.messages = [catalog_records(3, [], zone=first.zone)]
        first.serial = 3
        wait_until("the catalog", lambda: self.row(first.zone)["serial"] == 3)
        self.serves(self.taproot, "a.example")
        self.assertEqual(self.row("a.example")["source_gone"], "")
        self.assertEqual(len(self.row("a.example")["providers"]), 0 if first is fake else 1)


if __name__ == "__main__":
    main()
