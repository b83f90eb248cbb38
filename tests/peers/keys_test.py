"""A TSIG key is changed while the secondaries follow, and weak algorithms need a word."""

import json
import os
import resource
import signal
import sys

from case import ZONE, LabCase, main, source
from lab import Bind, Key, Knot, Nsd, axfr, short, wait_until


class Keys(LabCase):
    def follows(self, server, address):
        wait_until(f"{server.name} to serve {address}",
                   lambda: short(server.port, "www." + ZONE, "A") == [address])

    def use(self, keys):
        """The provider's keys, the one that signs NOTIFY first, from now on."""
        self.document["providers"][0]["key"] = [key.name + "." for key in keys]
        self.taproot.write("taproot.yaml", json.dumps(self.document))
        self.command(0, "reload")

    def words(self):
        return self.taproot.ask("status", ZONE)["zones"][0]["providers"][0]["keys"]

    def test_each_maker_moves_from_the_old_key_to_the_new_one(self):
        for kind in (Bind, Knot, Nsd):
            with self.subTest(kind.__name__):
                self.setUp()  # a lab of its own for each maker
                self.move(kind)

    def move(self, kind):
        server = self.secondary(kind)
        old = server.key
        new = Key("new." + old.name)
        self.keys.append(new)
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1"))
        server.start()
        self.document = self.configure([server])
        self.taproot.start()
        self.follows(server, "192.0.2.1")
        self.assertEqual(self.words(), "", "one key is nothing to tell of")

        self.use([old, new])  # both are taken from now on
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.2"))
        self.follows(server, "192.0.2.2")
        words = f"key last used: {old.name}. by 127.0.0.1; {new.name}. by nobody"
        wait_until("status to tell which key is used", lambda: self.words() == words)
        self.assertIn(words, self.command(0, "status").stdout)

        server.stop()  # the secondary's side is changed, some time later
        server.key = new
        server.start()
        self.use([new, old])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.3"))
        self.follows(server, "192.0.2.3")
        words = f"key last used: {new.name}. by 127.0.0.1; {old.name}. by nobody"
        wait_until("status to tell that the old key can go", lambda: self.words() == words)

        self.use([new])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.4"))
        self.follows(server, "192.0.2.4")
        self.assertEqual(axfr(self.taproot.port, ZONE, old), [], "the old key opens nothing any more")
        self.assertGreater(len(axfr(self.taproot.port, ZONE, new)), 10)
        with open(self.taproot.log, encoding="utf-8") as log:
            self.assertNotRegex(log.read().split("version 4 with")[0], "refused")

    def test_weak_algorithms_need_a_word(self):
        weak = Key("weak.example", "hmac-sha1")
        bind = self.lab.add(Bind(self.lab, self.taproot.port, [ZONE], weak))
        self.keys.append(weak)
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1"))
        document = self.configure([bind])
        done = self.command(2, "check")
        self.assertIn("allow-weak-algorithms: [hmac-sha1] below server:", done.stdout + done.stderr)
        document["server"]["allow-weak-algorithms"] = ["hmac-sha1"]
        self.taproot.write("taproot.yaml", json.dumps(document))
        self.taproot.start()
        bind.start()
        self.follows(bind, "192.0.2.1")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.2"))
        self.follows(bind, "192.0.2.2")

    def test_a_crash_leaves_no_core_file_with_keys_in_it(self):
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.1"))
        self.configure([])
        allowed = resource.getrlimit(resource.RLIMIT_CORE)[1]
        self.taproot.process_options = lambda: {
            "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_CORE, (allowed, allowed))}
        self.taproot.start()
        with open(f"/proc/{self.taproot.process.pid}/limits", encoding="ascii") as limits:
            self.assertRegex(limits.read(), r"Max core file size +0 ")
        self.taproot.process.send_signal(signal.SIGABRT)
        self.assertEqual(self.taproot.process.wait(15), -signal.SIGABRT)
        self.assertEqual([file for file in os.listdir(self.taproot.folder) if "core" in file], [])


if __name__ == "__main__":
    sys.stdout = sys.stderr  # in one order with what unittest says
    main()
