"""A zone of a million records loads, is transferred to a real secondary, and changes by one."""

import os
import sys

from case import LabCase, main
from lab import Knot, serial_at, short, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import zone_files  # noqa: E402


class Million(LabCase):
    def test_a_million_records(self):
        zone = zone_files.ZONE
        os.makedirs(self.taproot.path("zones"), exist_ok=True)
        path = self.taproot.path("zones", "big.zone")
        text, records, _ = zone_files.delegation_zone(1_000_000)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        knot = self.secondary(Knot, [zone])
        self.configure([knot], zones=[
            {"name": zone, "source": "zones/big.zone", "providers": ["knot"]}])
        self.taproot.start()
        wait_until("the zone to be served", lambda: serial_at(self.taproot.port, zone), 180)
        row, = self.taproot.ask("status")["zones"]
        self.assertEqual(row["records"], records)
        knot.start()
        wait_until("Knot to have all of it", lambda: serial_at(knot.port, zone), 180)
        with open(path, "a", encoding="ascii") as file:
            file.write("new A 192.0.2.7\n")
        wait_until("the change at Knot",
                   lambda: short(knot.port, "new." + zone, "A") == ["192.0.2.7"], 180)
        row, = self.taproot.ask("status")["zones"]
        self.assertEqual((row["records"], row["version"]), (records + 1, 2))
        with open(self.taproot.log, encoding="utf-8") as log:
            self.assertIn("IXFR of serial", log.read(), "one record went out as a difference")


if __name__ == "__main__":
    main()
