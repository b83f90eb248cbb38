"""A source that takes long to read is told of, in the log and by status, while others are served."""

import os
import time

from case import ZONE, LabCase, main, source
from lab import short, wait_until

RECORDS = int(os.environ.get("TAPROOT_LOADING_RECORDS", "200000"))
LONG = 3  # s: what takes longer than 2 s is told of


class Loading(LabCase):
    def test_status_and_log_say_how_far_it_is(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([], zones=[{"name": "big.example", "source": "zones/big.yaml"},
                                  {"name": ZONE, "source": f"zones/{ZONE}.yaml"}])
        records = RECORDS
        seen, took = self.load(records)
        while took < LONG and records < 16 * RECORDS:  # as many as this machine takes long for
            self.taproot.stop()
            records *= 2
            seen, took = self.load(records)
        self.assertGreaterEqual(took, LONG)
        self.assertIn(("big.example.", "reading zones/big.yaml"), seen)
        with open(self.taproot.log, encoding="utf-8") as log:
            # Which step it is at just then is the machine's choice.
            self.assertRegex(log.read(), r"big\.example\.: (reading zones/big\.yaml: \d+ % of "
                                         r"\d+ MiB|checking zones/big\.yaml), for \d+ s")
        self.assertEqual([row["loading"] for row in self.taproot.ask("status")["zones"]], ["", ""])
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])

    def load(self, records):
        """What status said meanwhile, and for how long at least the large zone was read, in s."""
        lines = ["'': {type: NS, values: [ns1.example.net., ns2.example.net.]}"]
        lines += [f"n{i}: {{type: A, ttl: 300, value: 192.0.2.{i % 250}}}" for i in range(records)]
        self.taproot.write_zone("big.yaml", "\n".join(lines) + "\n")
        self.taproot.start()
        seen = {}

        def loaded():
            status = self.taproot.ask("status")["zones"]
            for row in status:
                if row["loading"]:
                    what = row["loading"].split(":")[0].split(",")[0]
                    seen.setdefault((row["zone"], what), time.monotonic())
            big = next(row for row in status if row["zone"] == "big.example.")
            return big["records"] > records

        wait_until("the large zone to be served", loaded, 240)
        now = time.monotonic()
        return seen, now - min((at for (zone, _), at in seen.items() if zone == "big.example."),
                               default=now)


if __name__ == "__main__":
    main()
