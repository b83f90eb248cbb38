"""Two taproots with states of their own write to one account at a provider: what is newer stays."""

import threading

from case import LabCase, main
from conformance import ZONE, Between
from lab import Taproot, taproot_config, wait_until
from oci_test import OciParty
from powerdns_conformance_test import PowerDnsParty
from route53_test import Route53Party


class TwoWriters:
    """To be mixed into a LabCase with `kind`, a class of Counterparty."""

    kind = None
    compares = True  # the provider refuses what was planned on something that is gone

    def setUp(self):
        super().setUp()
        self.party = self.kind(self.lab)
        self.addCleanup(self.party.stop)
        self.party.start()
        self.between = {}
        self.old = self.taproot
        self.young = self.lab.add(Taproot(self.lab, "young"))
        for name, taproot in (("old", self.old), ("young", self.young)):
            self.between[name] = Between(self.party.server_port)
            self.addCleanup(self.between[name].stop)
            entry = self.party.entry(taproot, self.between[name].port)
            taproot_config(taproot, self.party.keys(),
                           [{**entry, "fence": name, "reading-interval": "2s"}],
                           [{"name": ZONE, "source": f"zones/{ZONE}.zone", "serial": "keep",
                             "guards": {"max-shrink-percent": 100},
                             "providers": [self.party.name]}])

    def write(self, taproot, serial, lines):
        taproot.write_zone(ZONE + ".zone", "\n".join([
            f"$ORIGIN {ZONE}.", "$TTL 300",
            f"@ IN SOA ns1.example.net. hostmaster.example.com. {serial} 7200 900 1209600 300",
            *(f"@ IN NS {one}" for one in self.party.apex_ns()), *lines]) + "\n")

    def bring(self, taproot, serial, lines):
        self.write(taproot, serial, lines)
        taproot.run("reload", ZONE)

    def waits_for(self, taproot, words):
        """Until the log of a taproot says so of the provider."""
        def said():
            with open(taproot.log, encoding="utf-8", errors="replace") as file:
                return any(words in line for line in file)
        wait_until(f"{taproot.name} to say {words!r}", said, 60)

    def addresses(self):
        return {name.removesuffix(f".{ZONE}."): values for (name, rrtype), (_, values)
                in self.party.rrsets().items() if rrtype == "A"}

    def fence(self):
        return self.party.rrsets()[f"_taproot-fence.{ZONE}.", "TXT"][1]

    def test_the_older_one_neither_writes_nor_cleans_up(self):
        self.write(self.old, 5, ["a 300 IN A 192.0.2.5", "b 300 IN A 192.0.2.5"])
        self.old.start()
        self.waits_for(self.old, "applied and read back")
        self.assertEqual(self.fence(), ['"taproot-fence=1 serial=5 holder=old"'])
        self.write(self.young, 7, ["a 300 IN A 192.0.2.7", "b 300 IN A 192.0.2.5",
                                   "c 300 IN A 192.0.2.7"])
        self.young.start()
        self.waits_for(self.young, "applied and read back")
        newest = {"a": ["192.0.2.7"], "b": ["192.0.2.5"], "c": ["192.0.2.7"]}
        self.assertEqual(self.addresses(), newest)
        # The old one wants to change a, and to take b away, which it once made.
        self.bring(self.old, 6, ["a 300 IN A 192.0.2.6"])
        words = "taproot young brought serial 7 there, and ours is 6"
        self.waits_for(self.old, words)
        self.assertIn(words, self.old.run("status").stdout + str(self.old.ask("status")))
        self.assertEqual(self.addresses(), newest)
        # What asks a person for more does not help: it is behind.
        self.old.run("apply", "--wait")
        self.old.stop()
        self.old.start()
        self.old.run("apply")
        self.assertEqual(self.addresses(), newest)
        self.assertEqual(self.fence(), ['"taproot-fence=1 serial=7 holder=young"'])
        # And when it has something newer, it is the other one's turn to wait.
        self.bring(self.old, 8, ["a 300 IN A 192.0.2.8"])
        wait_until("the newest to be there", lambda: self.addresses().get("a") == ["192.0.2.8"])
        self.waits_for(self.young, "taproot old brought serial 8 there, and ours is 7")
        self.assertEqual(self.addresses()["a"], ["192.0.2.8"])

    def test_a_write_that_comes_late(self):
        """The old one's write leaves after its plan was made, and waits on the way until the young
        one is done."""
        self.write(self.old, 1, ["a 300 IN A 192.0.2.1"])
        self.old.start()
        self.waits_for(self.old, "applied and read back")
        self.write(self.young, 2, ["a 300 IN A 192.0.2.2"])
        self.young.start()
        self.waits_for(self.young, "applied and read back")

        started, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def hold(data):
            if b"PATCH " in data or b"POST " in data:
                started.set()
                go_on.wait(30)

        self.between["old"].on_data = hold
        self.bring(self.old, 3, ["a 300 IN A 192.0.2.3"])
        self.assertTrue(started.wait(30), "nothing was written")
        self.bring(self.young, 4, ["a 300 IN A 192.0.2.4", "new 300 IN A 192.0.2.4"])
        wait_until("the newest to be there", lambda: self.addresses().get("a") == ["192.0.2.4"])
        self.between["old"].on_data = None
        go_on.set()
        self.waits_for(self.old, "taproot young brought serial 4 there, and ours is 3")
        if not self.compares:  # it was overwritten, and comes back by itself
            self.waits_for(self.young, "changed there since version")
        wait_until("the newest to be there for good", lambda: self.addresses() == {
            "a": ["192.0.2.4"], "new": ["192.0.2.4"]})
        self.assertEqual(self.fence(), ['"taproot-fence=1 serial=4 holder=young"'])


class AtPowerDns(TwoWriters, LabCase):
    kind = PowerDnsParty
    compares = False


class AtRoute53(TwoWriters, LabCase):
    kind = Route53Party


class AtOracle(TwoWriters, LabCase):
    kind = OciParty


if __name__ == "__main__":
    main()
