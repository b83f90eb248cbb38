"""What a newcomer meets: no configuration file, and every kind of wrong input."""

import json
import os
import re
import signal
import socket
import subprocess
import time

from case import BINARY, ZONE, LabCase, main, source
from lab import Failed, Key, Knot, Taproot, axfr, dig, free_port, serial_at, short, wait_until


class Flags(Taproot):
    """`taproot serve` with flags only."""

    def __init__(self, lab, words):
        super().__init__(lab)
        self.words = words

    def command(self):
        return [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}",
                "--control", f"127.0.0.1:{self.control}", "--state", self.path("state"), *self.words]

    def run(self, *words, timeout=60):
        return subprocess.run(
            [self.binary, *words, "--control", f"127.0.0.1:{self.control}",
             "--state", self.path("state")],
            capture_output=True, text=True, timeout=timeout, check=False, cwd=self.folder,
            env=self.environment())


class Newcomer(LabCase):
    def test_serve_with_flags_only(self):
        secret = Key("transfer.example")
        knot = self.lab.add(Knot(self.lab, 0, [ZONE], secret))
        taproot = self.lab.add(Flags(self.lab, []))
        knot.primary = taproot.port
        taproot.write_zone(ZONE + ".yaml", source())
        taproot.write("zones/example.net.zone",
                      "$TTL 300\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n")
        key = f"{secret.name}:{secret.algorithm}:{secret.secret}"
        taproot.words = [
            "--zone", f"{ZONE}=zones/{ZONE}.yaml", "--zone", "example.net=zones/example.net.zone",
            "--workers", "2", "--key", key, "--allow-transfer", f"key:{secret.name}",
            "--notify", f"127.0.0.1:{knot.port},key:{secret.name}"]
        taproot.start()
        knot.start()
        # The first versions wait until the secondary was asked for its serials, which is not up yet.
        wait_until("the zone to be served",
                   lambda: short(taproot.port, "ns1.example.net", "A") == ["192.0.2.1"])
        self.assertEqual(serial_at(taproot.port, "example.net"), 1)
        wait_until("Knot to follow", lambda: short(knot.port, "www." + ZONE, "A") == ["192.0.2.80"])
        self.assertEqual(axfr(taproot.port, ZONE), [])
        done = taproot.run("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(ZONE, done.stdout)

    def test_answers_over_udp_tcp_and_ipv6(self):
        taproot = self.lab.add(Flags(self.lab, []))
        six = free_port()
        taproot.write_zone(ZONE + ".yaml", source())
        taproot.words = ["--zone", f"{ZONE}=zones/{ZONE}.yaml", "--listen", f"[::1]:{six}"]
        taproot.start()
        self.assertEqual(short(taproot.port, "www." + ZONE, "A", "+tcp"), ["192.0.2.80"])
        self.assertEqual(short(taproot.port, "x.apps." + ZONE, "A"),
                         ["192.0.2.80", "www.example.com."])
        done = subprocess.run(["dig", "@::1", "-p", str(six), "+short", "www." + ZONE, "A"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout.strip(), "192.0.2.80")
        for words, status in ((["nothing.example.com"], "NXDOMAIN"), (["www.example.com", "MX"], "NOERROR"),
                              (["example.org"], "REFUSED"), (["www.example.com", "+edns=1", "+noednsneg"], "BADVERS")):
            self.assertIn(f"status: {status}", dig(taproot.port, *words), words)

    def test_random_octets_never_end_it(self):
        taproot = self.lab.add(Flags(self.lab, ["--zone", f"{ZONE}=zones/{ZONE}.yaml"]))
        taproot.write_zone(ZONE + ".yaml", source())
        taproot.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for i in range(5000):
                udp.sendto(os.urandom(i % 300), ("127.0.0.1", taproot.port))
        for i in range(200):
            try:
                with socket.create_connection(("127.0.0.1", taproot.port), timeout=2) as tcp:
                    tcp.sendall(os.urandom(i * 3))
            except OSError:
                pass  # it may hang up on us
        self.assertEqual(short(taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.assertIsNone(taproot.process.poll())

    def test_it_ends_in_order(self):
        taproot = self.lab.add(Flags(self.lab, ["--zone", f"{ZONE}=zones/{ZONE}.yaml"]))
        taproot.write_zone(ZONE + ".yaml", source())
        for how in (signal.SIGTERM, signal.SIGINT):
            taproot.start()
            started = time.monotonic()
            taproot.stop(how)
            self.assertEqual(taproot.process.returncode, 0)
            self.assertLess(time.monotonic() - started, 10)


class BadInput(LabCase):
    def one_line(self, done, *words):
        """One clear line that names what it is about; never a stack trace."""
        lines = done.stderr.strip().splitlines()
        self.assertTrue(lines, f"nothing was said (exit {done.returncode}): {done.stdout}")
        text = done.stdout + done.stderr
        self.assertNotRegex(text, r"(?i)terminate called|assert|backtrace|what\(\)")
        for word in words:
            self.assertIn(word, text)

    def test_configurations(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        good = self.configure([])
        cases = [
            ("serve", "server: {listen: [127.0.0.1:x]}\n", "taproot.yaml:1:"),
            ("serve", "sever: {}\n", "server"),
            ("serve", "zones: [{name: example.com, source: a.yaml, providers: [nobody]}]\n", "nobody"),
            ("serve", "{{{\n", "taproot.yaml"),
            ("check", "zones: [{name: 'a..b', source: a.yaml}]\n", "a..b"),
        ]
        for verb, text, word in cases:
            with self.subTest(text):
                self.taproot.write("taproot.yaml", text)
                done = self.taproot.run(verb, timeout=20)
                self.assertIn(done.returncode, (1, 2) if verb == "check" else (1,), done.stdout)
                self.one_line(done, word) if verb == "serve" else self.assertIn(
                    word, done.stdout + done.stderr)
        self.assertTrue(good)
        os.remove(self.taproot.config)
        self.one_line(self.taproot.run("serve", timeout=20), "taproot.yaml")

    def test_port_in_use(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", self.taproot.port))
            done = self.taproot.run("serve", timeout=20)
        self.assertEqual(done.returncode, 1)
        self.one_line(done, f"127.0.0.1:{self.taproot.port}", "in use")

    def test_no_daemon(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([])
        done = self.taproot.run("status")
        self.assertEqual(done.returncode, 1)
        self.one_line(done, "taproot serve")

    def test_wrong_usage(self):
        done = subprocess.run([BINARY, "stauts"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 64, done.stdout + done.stderr)

    def test_check_shows_all_findings_at_once(self):
        self.taproot.write_zone(ZONE + ".yaml", source(
            more="www2:\n  - {type: CNAME, value: www}\n  - {type: A, value: 192.0.2.300}\n"))
        self.configure([])
        done = self.taproot.run("check")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout + done.stderr, rf"zones/{re.escape(ZONE)}\.yaml:\d+:\d+: error")
        self.assertIn("[target-without-dot]", done.stdout + done.stderr)
        self.assertIn("192.0.2.300", done.stdout + done.stderr)

    def test_a_bad_zone_keeps_the_old_one(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([])
        self.taproot.start()
        bad = [("syntax", "www: [\n"), ("empty", ""), ("no NS", "www: {type: A, value: 192.0.2.1}\n"),
               ("half", source()[:40]), ("not UTF-8", "www: {type: TXT, value: \"\udcff\"}\n"),
               ("cname", source(more="both:\n  - {type: CNAME, value: www.example.com.}\n"
                                     "  - {type: A, value: 192.0.2.1}\n"))]
        for what, text in bad:
            with self.subTest(what):
                path = self.taproot.zone_path(ZONE + ".yaml")
                with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(text)
                done = self.taproot.run("reload", ZONE)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn(f"zones/{ZONE}.yaml", done.stdout + done.stderr)
                self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
                zone, = self.taproot.ask("status")["zones"]
                self.assertTrue(zone["candidate_refused"])
                self.assertEqual(zone["version"], 1)
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        self.command(0, "reload", ZONE)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.81"])

    def test_sighup_takes_a_new_configuration(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.taproot.write_zone("example.org.yaml", source("192.0.2.90"))
        document = self.configure([])
        self.taproot.start()
        self.assertIn("REFUSED", dig(self.taproot.port, "www.example.org", "A"))
        document["zones"].append({"name": "example.org", "source": "zones/example.org.yaml"})
        self.taproot.write("taproot.yaml", json.dumps(document))
        self.taproot.process.send_signal(signal.SIGHUP)
        wait_until("the new zone", lambda: short(
            self.taproot.port, "mail.example.org", "A") == ["192.0.2.25"])
        # A configuration with a mistake changes nothing, and reload says why.
        self.taproot.write("taproot.yaml", json.dumps({**document, "zonse": []}))
        done = self.taproot.run("reload", "--control", f"127.0.0.1:{self.taproot.control}")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("zonse", done.stdout + done.stderr)
        self.assertEqual(short(self.taproot.port, "mail.example.org", "A"), ["192.0.2.25"])

    def test_a_directory_and_a_fifo_are_no_zones(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([])
        self.taproot.start()
        path = self.taproot.zone_path(ZONE + ".yaml")
        for make in (os.mkdir, os.mkfifo):
            if os.path.isfile(path):
                os.remove(path)
            make(path)
            done = self.taproot.run("reload", ZONE, timeout=20)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("unreadable", done.stdout + done.stderr)
            (os.rmdir if make is os.mkdir else os.remove)(path)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])

    def test_an_unreachable_secondary_is_named(self):
        from lab import taproot_config
        dead = free_port()
        self.taproot.write_zone(ZONE + ".yaml", source())
        taproot_config(self.taproot, [], [
            {"name": "gone", "kind": "transfer", "transfer-from": ["127.0.0.1"],
             "notify": [f"127.0.0.1:{dead}"],
             "nameservers": {"ns1.gone.example.": [f"127.0.0.1:{dead}"]}}],
            [{"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": ["gone"]}])
        self.taproot.start()
        done = self.command(3, "apply", "--wait", "--timeout", "3")
        self.assertIn("ns1.gone.example.", done.stdout + done.stderr)
        row, = wait_until("it to be shown unreachable", lambda: [
            n for n in self.taproot.ask("status")["zones"][0]["providers"][0]["nameservers"]
            if n["state"] == "unreachable"])
        self.assertTrue(row["error"])


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        raise SystemExit(str(error))
