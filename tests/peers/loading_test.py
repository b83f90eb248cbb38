"""A source that takes long to read is told of, in the log and by status, while others are served."""

import os

from case import ZONE, LabCase, main, source
from lab import serial_at, short, wait_until

RECORDS = int(os.environ.get("TAPROOT_LOADING_RECORDS", "200000"))


class Loading(LabCase):
    def test_status_and_log_say_how_far_it_is(self):
        lines = ["'': {type: NS, values: [ns1.example.net., ns2.example.net.]}"]
        lines += [f"n{i}: {{type: A, ttl: 300, value: 192.0.2.{i % 250}}}" for i in range(RECORDS)]
        self.taproot.write_zone("big.yaml", "\n".join(lines) + "\n")
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([], zones=[{"name": "big.example", "source": "zones/big.yaml"},
                                  {"name": ZONE, "source": f"zones/{ZONE}.yaml"}])
        self.taproot.start()
        seen = set()

        def loaded():
            for row in self.taproot.ask("status")["zones"]:
                if row["loading"]:
                    seen.add((row["zone"], row["loading"].split(":")[0].split(",")[0]))
            return serial_at(self.taproot.port, "big.example")

        wait_until("the large zone to be served", loaded, 240)
        self.assertIn(("big.example.", "reading zones/big.yaml"), seen)
        with open(self.taproot.log, encoding="utf-8") as log:
            # Which step it is at just then is the machine's choice.
            self.assertRegex(log.read(), r"big\.example\.: (reading zones/big\.yaml: \d+ % of "
                                         r"\d+ MiB|checking zones/big\.yaml), for \d+ s")
        self.assertEqual([row["loading"] for row in self.taproot.ask("status")["zones"]], ["", ""])
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])


if __name__ == "__main__":
    main()
