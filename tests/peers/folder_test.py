"""A folder of zones: files come and go while taproot runs, at a reload and over a restart."""

import os
import shutil

from case import LabCase, main, source
from lab import Knot, short, wait_until

FIRST, SECOND, THIRD = "one.example", "two.example", "three.example"


class Folder(LabCase):
    def start(self, *servers):
        names = [server.name for server in servers]
        self.configure(list(servers), zones=[{"directory": "zones", "providers": names,
                                              "publish": "auto"}])
        self.taproot.start()

    def put(self, zone, address="192.0.2.80"):
        self.taproot.write_zone(zone + ".yaml", source(address).replace("example.com.", zone + "."))

    def take(self, zone):
        os.remove(self.taproot.zone_path(zone + ".yaml"))

    def serves(self, zone, address="192.0.2.80", port=None):
        return short(port or self.taproot.port, "www." + zone, "A") == [address]

    def await_serving(self, zone, address="192.0.2.80", port=None):
        wait_until(f"{zone} to be served with {address}",
                   lambda: self.serves(zone, address, port))

    def gone(self, zone):
        """What status says of a zone's missing source."""
        report = self.taproot.ask("status", zone)
        return report["zones"][0]["source_gone"] if "zones" in report else None

    def zones(self):
        return sorted(row["zone"] for row in self.taproot.ask("status")["zones"])

    def test_a_new_file_is_a_zone_and_a_vanished_one_waits(self):
        knot = self.secondary(Knot, zones=(FIRST, SECOND)).start()
        self.put(FIRST)
        self.start(knot)
        self.await_serving(FIRST, port=knot.port)

        # A new file: the zone is served, and the folder's provider may have it.
        self.put(SECOND)
        self.await_serving(SECOND)
        self.await_serving(SECOND, port=knot.port)
        self.put(SECOND, "192.0.2.81")
        self.await_serving(SECOND, "192.0.2.81", port=knot.port)

        # It vanishes: it is served on, and says what it waits for.
        self.take(SECOND)
        words = wait_until("status to say so", lambda: self.gone(SECOND))
        self.assertIn(f"taproot drop {SECOND}.", words)
        self.assertIn("vanished", words)
        self.assertTrue(self.serves(SECOND, "192.0.2.81"))
        done = self.command(0, "reload")
        self.assertIn("vanished", done.stdout)
        self.assertTrue(self.serves(SECOND, "192.0.2.81"))
        self.assertIn("taproot drop", self.command(0, "status").stdout)

        # It comes back: nothing is waited for any more, and it is read again.
        self.put(SECOND, "192.0.2.82")
        self.await_serving(SECOND, "192.0.2.82", port=knot.port)
        self.assertEqual(self.gone(SECOND), "")

        # A zone with its source cannot be dropped; one without can, for good.
        refused = self.command(1, "drop", SECOND)
        self.assertIn("has its source", refused.stderr)
        self.take(SECOND)
        wait_until("status to say so", lambda: self.gone(SECOND))
        self.command(0, "drop", SECOND, "--why", "the customer left")
        self.assertEqual(self.zones(), [FIRST + "."])
        self.assertFalse(self.serves(SECOND, "192.0.2.82"))
        self.taproot.stop()
        self.taproot.start()
        self.assertEqual(self.zones(), [FIRST + "."])

        # A file of the zone brings it back, with its history.
        self.put(SECOND, "192.0.2.83")
        self.await_serving(SECOND, "192.0.2.83")
        self.assertGreater(self.taproot.ask("history", SECOND)["current"], 3)

    def test_a_file_that_vanished_while_taproot_was_down_waits(self):
        self.put(FIRST)
        self.put(SECOND)
        self.start()
        self.await_serving(SECOND)
        self.taproot.stop()
        self.take(SECOND)
        self.taproot.start()
        self.assertTrue(self.serves(SECOND))
        self.assertIn("taproot drop", self.gone(SECOND))
        self.assertEqual(self.gone(FIRST), "")
        # What is taken out of the configuration itself is dropped without a question.
        self.configure([], zones=[{"name": FIRST, "source": f"zones/{FIRST}.yaml"}])
        self.command(0, "reload")
        self.assertEqual(self.zones(), [FIRST + "."])
        self.taproot.stop()
        self.configure([], zones=[{"directory": "zones"}])
        self.taproot.start()
        self.assertEqual(self.zones(), [FIRST + "."], "it has left the folder for good")

    def test_an_empty_or_missing_folder_drops_nothing(self):
        for zone in (FIRST, SECOND):
            self.put(zone)
        self.start()
        self.await_serving(SECOND)

        # Emptied.
        for zone in (FIRST, SECOND):
            self.take(zone)
        warning = wait_until("a warning", lambda: self.taproot.ask("status")["warnings"])[0]
        self.assertIn("has no zone files", warning)
        for zone in (FIRST, SECOND):
            self.put(zone, "192.0.2.81")
            self.await_serving(zone, "192.0.2.81")
        self.assertEqual(self.taproot.ask("status")["warnings"], [])

        # Gone, as when its file system is not mounted; also at a reload and at a start.
        folder = self.taproot.path("zones")
        os.rename(folder, folder + ".away")
        wait_until("a warning", lambda: any(
            "cannot be read" in w for w in self.taproot.ask("status")["warnings"]))
        self.assertTrue(self.serves(FIRST, "192.0.2.81"))
        self.assertIn("cannot be read", self.command(1, "drop", FIRST).stderr)
        self.assertIn("cannot be read", self.command(0, "reload").stdout)
        self.assertTrue(self.serves(SECOND, "192.0.2.81"))
        self.taproot.stop()
        self.taproot.start()
        self.assertTrue(self.serves(FIRST, "192.0.2.81"))
        self.assertTrue(self.serves(SECOND, "192.0.2.81"))
        os.rename(folder + ".away", folder)
        wait_until("the warning to end", lambda: not self.taproot.ask("status")["warnings"])
        self.assertEqual(self.gone(FIRST), "")
        self.put(FIRST, "192.0.2.82")
        self.await_serving(FIRST, "192.0.2.82")

    def test_a_burst_of_many_files_is_taken_whole(self):
        self.put(FIRST)
        self.start()
        self.await_serving(FIRST)
        text = source()
        staged = self.taproot.path("staged")
        os.makedirs(staged)
        names = [f"z{number}.example" for number in range(3000)]
        for name in names:
            with open(os.path.join(staged, name + ".yaml"), "w", encoding="utf-8") as file:
                file.write(text.replace("example.com.", name + "."))
        for name in names:
            os.rename(os.path.join(staged, name + ".yaml"), self.taproot.zone_path(name + ".yaml"))
        for name in (names[0], names[1500], names[-1]):
            self.await_serving(name)
        wait_until("all of them", lambda: len(self.zones()) == 3001)
        # And all of them gone in one go.
        shutil.rmtree(self.taproot.path("zones"))
        wait_until("a warning", lambda: any(
            "3001 zones" in w for w in self.taproot.ask("status")["warnings"]))
        for name in (FIRST, names[0], names[-1]):
            self.assertTrue(self.serves(name))

    def test_a_zone_changes_the_ending_of_its_file(self):
        self.put(FIRST)
        self.start()
        self.await_serving(FIRST)
        records = "\n".join(self.taproot.ask("show", FIRST)["records"]).replace(
            "192.0.2.80", "192.0.2.90")
        self.take(FIRST)
        self.taproot.write(os.path.join("zones", FIRST + ".zone"), records + "\n")
        self.await_serving(FIRST, "192.0.2.90")
        self.assertEqual(self.gone(FIRST), "")


if __name__ == "__main__":
    main()
