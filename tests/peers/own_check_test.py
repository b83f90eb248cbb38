"""A command of the operator's judges edits and updates, too, and keeps no other zone waiting."""

import json
import os
import threading
import time

from case import ZONE, LabCase, main, source
from lab import Key, serial_at, short, taproot_config, wait_until
from updates import nsupdate

OTHER = "other.example"
# It refuses a name, takes its time about another one, and never ends about a third.
COMMAND = """
zone=$(cat)
case "$zone" in
  *forbidden.*) echo "this name is not for us"; exit 1 ;;
  *endless.*) sleep 60 ;;
  *slow.*) : >"$1.awaited"; while [ ! -e "$1" ]; do sleep 0.05; done ;;
esac
"""


class OwnCheck(LabCase):
    def begin(self, timeout):
        """Starts taproot with two zones, the first of which has a command to judge it."""
        self.key = Key("editor.example")
        self.keys = [self.key]
        self.go_on = self.taproot.path("go-on")
        check = {"command": ["/bin/sh", "-c", COMMAND, "check", self.go_on],
                 "timeout": timeout}
        rules = [{"key": "editor.example.", "names": ["*"], "types": "any"}]
        zones = [{"name": zone, "source": f"zones/{zone}.yaml", "update": rules}
                 for zone in (ZONE, OTHER)]
        zones[0]["check"] = check
        document = taproot_config(self.taproot, self.keys, [], zones)
        self.taproot.write("taproot.yaml", json.dumps(document, indent=2))
        for zone in (ZONE, OTHER):
            self.taproot.write_zone(zone + ".yaml", source().replace(ZONE, zone))
        self.taproot.start()
        for zone in (ZONE, OTHER):
            wait_until(f"{zone} to be loaded", lambda zone=zone: serial_at(self.taproot.port, zone))

    def edit(self, owner, code, *more, zone=ZONE):
        return self.command(code, "edit", zone, "--put", f"{owner} A 192.0.2.7", *more)

    def update(self, owner, zone=ZONE):
        return nsupdate(self.taproot.port, self.key, zone, f"add {owner}.{zone}. 300 A 192.0.2.8")

    def at(self, owner, zone=ZONE):
        return short(self.taproot.port, f"{owner}.{zone}", "A")

    def test_edits_and_updates_are_judged(self):
        self.begin("3s")
        before = serial_at(self.taproot.port, ZONE)
        self.edit("good", 0)
        self.assertEqual(self.update("fine"), (0, ""))
        for words in ((), ("--dry-run",), ("--write-back",)):
            done = self.edit("forbidden", 1, *words)
            self.assertIn("this name is not for us", done.stdout + done.stderr)
            self.assertIn("external-check", done.stdout + done.stderr)
        self.assertIn("REFUSED", self.update("forbidden")[1])
        self.assertEqual((self.at("good"), self.at("fine"), self.at("forbidden")),
                         (["192.0.2.7"], ["192.0.2.8"], []))
        self.assertEqual(serial_at(self.taproot.port, ZONE), before + 2)
        with open(self.taproot.zone_path(ZONE + ".yaml"), encoding="utf-8") as file:
            self.assertNotIn("forbidden", file.read())
        # One that takes too long is refused; the next one is judged afresh.
        done = self.edit("endless", 1)
        self.assertIn("3 s", done.stdout + done.stderr)
        self.edit("better", 0)

    def test_a_slow_command_holds_up_its_own_zone_alone(self):
        self.begin("60s")
        results = []
        slow = threading.Thread(target=lambda: results.append(self.edit("slow", 0)))
        slow.start()
        wait_until("the slow command to run", lambda: os.path.exists(self.go_on + ".awaited"))
        behind = [threading.Thread(target=lambda i=i: results.append(self.update(f"u{i}")))
                  for i in range(3)]
        for one in behind:
            one.start()
        started = time.monotonic()
        for i in range(5):
            self.edit(f"e{i}", 0, zone=OTHER)
            self.assertEqual(self.update(f"u{i}", OTHER), (0, ""))
        took = time.monotonic() - started
        self.assertEqual(results, [], f"not held up, or the others were ({took} s)")
        with open(self.go_on, "w", encoding="ascii"):
            pass
        for one in (slow, *behind):
            one.join()
        self.assertEqual(len(results), 4)
        self.assertEqual([self.at(owner) for owner in ("slow", "u0", "u1", "u2")],
                         [["192.0.2.7"], *[["192.0.2.8"]] * 3])


if __name__ == "__main__":
    main()
