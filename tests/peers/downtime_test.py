"""Zones are edited while taproot is down, and while it serves: strict secondaries follow by IXFR or
by a clean AXFR, never with an error, and hold every record."""

import random
import sys

from case import ZONE, LabCase, main
from lab import Bind, Knot, Nsd, axfr, serial_at, wait_until

TYPES = ("A", "TXT", "MX", "CAA")


class Downtime(LabCase):
    def zone_text(self):
        """A zone file of what is in self.names, with every kind of record a few times."""
        lines = [f"$ORIGIN {ZONE}.", "@ 300 SOA ns1.example.net. admin.example.net. "
                 f"{self.serial} {self.refresh} 60 9999 60", "@ 300 NS ns1.example.net."]
        for name, rrsets in sorted(self.names.items()):
            for rrtype, (ttl, rdata) in sorted(rrsets.items()):
                lines += [f"{name} {ttl} {rrtype} {each}" for each in sorted(rdata)]
        return "\n".join(lines) + "\n"

    def some_rrset(self):
        rrtype = self.random.choice(TYPES)
        number = [self.random.randrange(250) for _ in range(1 + self.random.randrange(4))]
        rdata = {"A": [f"192.0.2.{n}" for n in number], "TXT": [f'"text {n}"' for n in number],
                 "MX": [f"{n} mail{n % 3}.{ZONE}." for n in number],
                 "CAA": [f'0 issue "ca{n}.example"' for n in number]}[rrtype]
        return rrtype, (self.random.choice((60, 300, 3600)), set(rdata))

    def edit(self, count):
        """Changes, TTLs of whole RRsets, names that come and go, and the SOA's own fields."""
        for _ in range(count):
            name = f"n{self.random.randrange(60)}" + (".deep.er" if self.random.random() < 0.2 else "")
            what = self.random.random()
            if what < 0.25:
                self.names.pop(name, None)
            elif what < 0.5 and name in self.names:
                for rrtype, (ttl, rdata) in self.names[name].items():
                    self.names[name][rrtype] = (ttl + 1, rdata)
            else:
                rrtype, rrset = self.some_rrset()
                self.names.setdefault(name, {})[rrtype] = rrset
        if self.random.random() < 0.3:
            self.refresh += 1
        self.serial += self.random.choice((0, 0, 1, 40))
        self.taproot.write_zone(ZONE + ".zone", self.zone_text())

    def all_follow(self, servers):
        self.command(0, "apply", "--wait", "--timeout", "60", timeout=90)
        wanted = axfr(self.taproot.port, ZONE, servers[0].key)
        self.assertGreater(len(wanted), 20)
        done = self.taproot.run("verify", ZONE)
        self.assertEqual(done.returncode, 0, done.stdout)
        for server in servers:
            if isinstance(server, Nsd):
                continue  # it has no transfers for us; verify has asked it for every RRset
            key = server.key if isinstance(server, Bind) else None
            self.assertEqual(axfr(server.port, ZONE, key), wanted, server.name)

    def test_edits_while_taproot_was_down(self):
        self.random = random.Random(8)
        self.names, self.serial, self.refresh = {}, 1, 60
        servers = self.secondaries()
        self.configure(servers, [{"name": ZONE, "source": f"zones/{ZONE}.zone",
                                  "guards": {"max-shrink-percent": 100},
                                  "providers": [server.name for server in servers]}])
        self.edit(80)
        self.taproot.start()
        self.all_follow(servers)
        for step in range(8):
            before = serial_at(self.taproot.port, ZONE)
            self.taproot.stop()
            self.edit((1, 5, 40, 200)[step % 4])
            if step % 3 == 2:  # a secondary is down as well
                servers[step % len(servers)].stop()
                servers[step % len(servers)].start()
            self.taproot.start()
            self.all_follow(servers)
            self.assertGreaterEqual(serial_at(self.taproot.port, ZONE), before)
            for _ in range(3):  # and then it goes on as usual
                self.edit(3)
                self.all_follow(servers)
        for server in servers:
            with open(server.log, encoding="utf-8", errors="replace") as log:
                # What each says when differences do not fit to what it has.
                self.assertNotRegex(log.read(), r"(?i)not exact|IXFR.*(malformed|bad|failed)|"
                                                r"bad.*diff|inconsistent|corrupt|retry with AXFR|"
                                                r"fallback to AXFR")
        with open(self.taproot.log, encoding="utf-8") as log:
            text = log.read()
        self.assertNotIn("it asked again for the differences", text)
        self.assertNotIn("broke off", text)
        print(f"{text.count(': IXFR of serial')} IXFRs, {text.count(': AXFR of serial')} AXFRs", flush=True)
        self.assertGreater(text.count(": IXFR of serial"), 30)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
