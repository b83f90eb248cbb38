"""ZONEMD: every version's digest is right to Knot, which takes no zone whose digest is wrong."""

import updates
from case import ZONE, LabCase, main, source
from lab import Key, Knot, serial_at, short, wait_until


class VerifyingKnot(Knot):
    """Takes a zone only with a ZONEMD that is right."""

    def command(self):
        words = super().command()
        with open(self.path("knot.conf"), encoding="utf-8") as file:
            text = file.read()
        text = text.replace("  - id: default\n", "  - id: default\n    zonemd-verify: on\n")
        self.write("knot.conf", text)
        return words


class Zonemd(LabCase):
    def begin(self, zonemd, text=None):
        self.knot = self.secondary(VerifyingKnot)
        self.editor = Key("editor.example")
        self.keys.append(self.editor)
        self.taproot.write_zone(ZONE + ".yaml", text or source())
        self.zone = {"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": [self.knot.name],
                     "zonemd": zonemd,
                     "update": [{"key": "editor.example.", "names": ["*"], "types": "any"}]}
        self.configure([self.knot], [self.zone])
        self.taproot.start()
        wait_until("the zone to be loaded", lambda: serial_at(self.taproot.port, ZONE))
        self.knot.start()

    def follow(self):
        wait_until("knot to take the version", lambda: serial_at(self.knot.port, ZONE) ==
                   serial_at(self.taproot.port, ZONE))
        serial, scheme, algorithm = short(self.knot.port, ZONE, "ZONEMD")[0].split()[:3]
        self.assertEqual(int(serial), serial_at(self.knot.port, ZONE))
        return scheme, algorithm

    def test_knot_verifies_every_version(self):
        for zonemd, algorithm in (("sha384", "1"), ("sha512", "2")):
            with self.subTest(zonemd):
                if zonemd == "sha512":
                    self.setUp()
                self.begin(zonemd)
                self.assertEqual(self.follow(), ("1", algorithm))
                self.command(0, "edit", ZONE, "--put", "new 60 TXT hello")
                self.follow()
                for number in range(5):
                    updates.nsupdate(self.taproot.port, self.editor, ZONE,
                                     f"add u{number}.{ZONE}. 60 A 192.0.2.{number}")
                    self.follow()
                self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
                wait_until("the source to be taken", lambda: short(
                    self.taproot.port, "www." + ZONE, "A") == ["192.0.2.81"])
                self.follow()
                self.command(0, "rollback", ZONE)
                self.follow()
                self.assertEqual(short(self.knot.port, "www." + ZONE, "A"), ["192.0.2.80"])
                self.assertEqual(short(self.knot.port, "u4." + ZONE, "A"), ["192.0.2.4"])
                # Neither a reload nor a restart finds anything new.
                serial = serial_at(self.taproot.port, ZONE)
                self.command(0, "reload", ZONE)
                self.taproot.kill()
                self.taproot.start()
                done = self.command(0, "reload", ZONE)
                self.assertNotIn("ZONEMD", done.stdout)
                self.assertEqual(serial_at(self.taproot.port, ZONE), serial)
                self.command(0, "edit", ZONE, "--write-back")
                with open(self.taproot.zone_path(ZONE + ".yaml"), encoding="utf-8") as file:
                    text = file.read()
                self.assertNotIn("ZONEMD", text)
                self.assertIn("192.0.2.4", text)
                self.follow()

    def test_switching_it_on_is_a_version(self):
        self.begin("none")
        self.assertEqual(short(self.taproot.port, ZONE, "ZONEMD"), [])
        self.zone["zonemd"] = "sha384"
        self.configure([self.knot], [self.zone])
        self.command(0, "reload")
        self.assertEqual(self.follow(), ("1", "1"))
        self.zone["zonemd"] = "none"
        self.configure([self.knot], [self.zone])
        self.command(0, "reload")
        self.assertEqual(short(self.taproot.port, ZONE, "ZONEMD"), [])

    def test_knot_does_take_a_look(self):
        """That a wrong digest is refused: without that the tests above show nothing."""
        wrong = "ab" * 48
        text = source().replace("'':\n", "'':\n  - {type: ZONEMD, value: '1 1 1 %s'}\n" % wrong)
        self.begin("none", text)
        self.assertTrue(short(self.taproot.port, ZONE, "ZONEMD"))

        def refused():
            with open(self.knot.log, encoding="utf-8", errors="replace") as log:
                return "ZONEMD" in log.read()

        wait_until("knot to look at the digest", refused)
        self.assertIsNone(serial_at(self.knot.port, ZONE))


if __name__ == "__main__":
    main()
