"""Many zones at many providers keep within what each credential may do, however the entries share it."""

import os
import sys
import time

from case import LabCase, main
from fleet import Fleet, Stand
from lab import taproot_config, wait_until

from emulator import Answer, Fault  # fleet named the folder

WHOLE = os.environ.get("TAPROOT_FLEET") == "all"


class ManyZones(LabCase):
    def test_they_converge_without_a_storm(self):
        count = 200 if WHOLE else 16
        if not WHOLE:
            print(f"{count} zones; 200 of them with TAPROOT_FLEET=all", flush=True)
        fleet = Fleet(self.lab, count)
        fleet.first_push(1200 if WHOLE else 120)
        fleet.change_all(1200 if WHOLE else 120)
        print(fleet.table(), file=sys.stderr)
        # find, list, write, look three times until it is done, list again; and where each RRset is a request
        # of its own, those. Then only what is needed for one record. And a token for all zones.
        most = {"first push": {"route53": 7, "google": 7, "cloudflare": 4, "softlayer": 4,
                               "ns1": 6, "azure": 7},
                "one record each": {"route53": 5, "google": 5, "cloudflare": 3, "softlayer": 3,
                                    "ns1": 3, "azure": 3}}
        for what, name, _, calls, refused in fleet.figures():
            with self.subTest(what=what, provider=name):
                self.assertEqual(refused, 0, "calls that were too many")
                self.assertLessEqual(calls, most[what][name] * count + 2)


    def test_others_keep_within_their_rations(self):
        """Enough zones that the first sixth of a minute's calls does not do."""
        fleet = Fleet(self.lab, 5, ("dyn", "oci"))
        fleet.first_push(120)
        fleet.change_all(120)
        print(fleet.table(), file=sys.stderr)
        most = {"first push": {"dyn": 12, "oci": 3}, "one record each": {"dyn": 9, "oci": 2}}
        for what, name, _, calls, refused in fleet.figures():
            with self.subTest(what=what, provider=name):
                self.assertEqual(refused, 0, "calls that were too many")
                self.assertLessEqual(calls, most[what][name] * 5)


class OneCredential(LabCase):
    """Two entries for the same account of one provider, with zones of their own."""

    def begin(self, zones, **more):
        names = [f"z{number:02d}.example.net" for number in range(zones)]
        self.stand = Stand(self.lab, self.taproot, "cloudflare", names)
        self.emulator = self.stand.party.emulator
        entries = [{**self.stand.entry, "name": name, **more} for name in ("one", "two")]
        for name in names:
            self.write(name, "192.0.2.1")
        taproot_config(self.taproot, [], entries, [
            {"name": name, "source": f"zones/{name}.zone", "providers": [("one", "two")[number % 2]]}
            for number, name in enumerate(names)])
        self.taproot.start()

    def write(self, zone, address):
        self.taproot.write_zone(zone + ".zone", (
            f"$ORIGIN {zone}.\n$TTL 300\n@ IN SOA ns1.example.org. hostmaster 1 2h 15m 2w 5m\n"
            f"@ IN NS ns1.example.org.\nwww IN A {address}\n"))

    def until_all_are(self, zones, address, seconds=60):
        for number in range(zones):
            zone = f"z{number:02d}.example.net"
            wait_until(f"{zone} to be right", lambda zone=zone: (
                self.stand.addresses(zone) == {"www": address}), seconds)

    def test_its_budget_is_that_of_both(self):
        began = time.monotonic()
        self.begin(10, **{"calls-per-minute": 120})
        self.until_all_are(10, "192.0.2.1")
        calls = len(self.emulator.moments)
        self.assertGreaterEqual(calls, 30)
        self.assertLessEqual(calls, 20 + 2 * (time.monotonic() - began) + 1, "20 at once, 2 a second")

    def test_a_change_does_not_wait_for_all_first_pushes(self):
        self.begin(24, **{"calls-per-minute": 120})
        first = "z00.example.net"
        wait_until("the first zone to be there", lambda: self.stand.addresses(first) == {
            "www": "192.0.2.1"})
        wait_until("its push to end", lambda: "1 change applied and read back" in self.log_of(first))
        self.write(first, "198.51.100.1")
        self.taproot.run("reload", first)
        wait_until("its change", lambda: self.stand.addresses(first) == {"www": "198.51.100.1"})
        late = [zone for zone in self.stand.zones if not self.stand.addresses(zone)]
        print(f"{len(late)} of 24 zones come after the change", file=sys.stderr)
        self.assertGreaterEqual(len(late), 8)

    def log_of(self, zone):
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            return "".join(line for line in file if zone in line)

    def test_a_pause_is_one_of_both(self):
        self.begin(2)
        self.until_all_are(2, "192.0.2.1")
        wait_until("both to be at rest", lambda: self.taproot.ask("status") and all(
            row["state"] == "in-sync" for zone in self.taproot.ask("status")["zones"]
            for row in zone["providers"]))
        slow_down = Answer(429, "{}", "application/json", [("Retry-After", "3")])
        self.emulator.faults += [Fault("list records", slow_down)]
        began = time.monotonic()
        self.write("z00.example.net", "198.51.100.1")
        self.taproot.run("reload", "z00.example.net")
        wait_until("a call to be refused", lambda: not self.emulator.faults[0].times)
        self.write("z01.example.net", "198.51.100.1")
        self.taproot.run("reload", "z01.example.net")
        self.until_all_are(2, "198.51.100.1")
        moments = [moment for moment, _, _ in self.emulator.moments if moment > began]
        self.assertGreaterEqual(moments[1] - moments[0], 2.9, "somebody called in the pause")


if __name__ == "__main__":
    main()
