"""DNS UPDATE from nsupdate and knsupdate: carried out, refused, never lost and never twice."""

import multiprocessing
import os
import random
import socket
import threading
import time

import updates
from case import ZONE, LabCase, main, source
from lab import Bind, Key, serial_at, short, wait_until
from updates import ANY, IN, NONE, nsupdate, knsupdate, record, sign, txt

KILLS = int(os.environ.get("TAPROOT_UPDATE_KILLS", "5"))
BURST = int(os.environ.get("TAPROOT_UPDATE_BURST", "200"))
CLIENTS = (("nsupdate", nsupdate), ("knsupdate", knsupdate))


def send_burst(port, key, names, pipe):
    """One process of a burst: an UPDATE for each name, each over a socket of its own."""
    rcodes = []
    for number, name in enumerate(names):
        octets = sign(updates.message(ZONE, [record(name, "TXT", IN, 60, txt(name))]), key)
        ask = updates.ask_tcp if number % 4 == 0 else updates.ask_udp
        answer = ask(port, octets, 30)
        rcodes.append(updates.rcode(answer) if answer else "no answer")
    pipe.send(rcodes)


class Update(LabCase):
    def begin(self, *kinds, rules=None, text=None):
        """Starts taproot with a zone that the key in self.key may change, and secondaries."""
        self.key, self.other = Key("editor.example"), Key("acme.example")
        servers = self.secondaries(*kinds) if kinds else []
        self.keys += [self.key, self.other]
        self.taproot.write_zone(ZONE + ".yaml", text or source())
        rules = rules or [
            {"key": "editor.example.", "names": ["@", "*"], "types": ["any", "SOA", "NS"]},
            {"key": "acme.example.", "names": ["_acme-challenge", "_acme-challenge.*"],
             "types": ["TXT"]}]
        zone = {"name": ZONE, "source": f"zones/{ZONE}.yaml", "update": rules,
                "providers": [server.name for server in servers]}
        self.configure(servers, [zone])
        self.taproot.start()
        wait_until("the zone to be loaded", lambda: serial_at(self.taproot.port, ZONE))
        return servers

    def at(self, owner, kind):
        return short(self.taproot.port, f"{owner}.{ZONE}" if owner else ZONE, kind, "+norecurse",
                     "+tcp")

    def good(self, client, *lines, key=None, **options):
        code, said = client(self.taproot.port, key or self.key, ZONE, *lines, **options)
        self.assertEqual(code, 0, said)
        self.assertNotRegex(said, r"failed|status: (?!NOERROR)", said)

    def bad(self, client, wanted, *lines, key=None, **options):
        code, said = client(self.taproot.port, key or self.key, ZONE, *lines, **options)
        self.assertRegex(said, wanted, f"exit code {code}")
        return said

    def signed(self, changes, prerequisites=(), key=None, **options):
        return sign(updates.message(ZONE, changes, prerequisites), key or self.key, **options)

    def version(self):
        return self.taproot.ask("history", ZONE, "--limit", "1")["current"]

    def log(self):
        with open(self.taproot.log, encoding="utf-8") as file:
            return file.read()

    def test_nsupdate_and_knsupdate_add_replace_and_delete(self):
        bind, = self.begin(Bind)
        for name, client in CLIENTS:
            for tcp in (False, True):
                with self.subTest(client=name, tcp=tcp):
                    host = f"{name}-{int(tcp)}"
                    full = f"{host}.{ZONE}."
                    self.good(client, f"add {full} 300 A 192.0.2.7", f"add {full} 300 A 192.0.2.8",
                              tcp=tcp)
                    self.assertEqual(self.at(host, "A"), ["192.0.2.7", "192.0.2.8"])
                    self.good(client, f"del {full} A", f"add {full} 60 A 192.0.2.9",
                              f"add {full} 60 TXT \"a b\"", tcp=tcp)
                    self.assertEqual(self.at(host, "A"), ["192.0.2.9"])
                    self.assertEqual(self.at(host, "TXT"), ['"a b"'])
                    wait_until("the secondary to follow", lambda full=full: short(
                        bind.port, full, "A") == ["192.0.2.9"])
                    self.good(client, f"del {full} A 192.0.2.9", tcp=tcp)
                    self.assertEqual(self.at(host, "A"), [])
                    self.good(client, f"del {full}", tcp=tcp)
                    self.assertEqual(self.at(host, "TXT"), [])
        newest = self.taproot.ask("history", ZONE)["versions"][0]
        self.assertEqual((newest["who"], newest["why"]), ("editor.example.", "dns update"))
        wait_until("the secondary to be current", lambda: serial_at(bind.port, ZONE) ==
                   serial_at(self.taproot.port, ZONE))
        self.assertIn('taproot_updates_total{rcode="NOERROR"} 16', self.metrics())

    def test_prerequisites_of_every_kind(self):
        self.begin()
        new = f"add new.{ZONE}. 60 A 192.0.2.7"
        www, none = f"www.{ZONE}.", f"none.{ZONE}."
        bad = (("NXDOMAIN", f"prereq yxdomain {none}"), ("YXDOMAIN", f"prereq nxdomain {www}"),
               ("NXRRSET", f"prereq yxrrset {www} MX"), ("YXRRSET", f"prereq nxrrset {www} A"),
               ("NXRRSET", f"prereq yxrrset {www} A 192.0.2.81"),
               ("NXRRSET", f"prereq yxrrset {none} A 192.0.2.80"))
        good = (f"prereq yxdomain {www}", f"prereq nxdomain {none}", f"prereq yxrrset {www} A",
                f"prereq nxrrset {www} MX", f"prereq yxrrset {www} A 192.0.2.80")
        for name, client in CLIENTS:
            before = self.version()
            for wanted, line in bad:
                with self.subTest(client=name, line=line):
                    self.bad(client, wanted, line, new)
            self.assertEqual(self.at("new", "A"), [])
            self.assertEqual(self.version(), before)
            self.good(client, *good, new)
            self.assertEqual(self.at("new", "A"), ["192.0.2.7"])
            self.good(client, f"del new.{ZONE}.")

    def test_who_has_no_right_gets_nothing_and_learns_nothing(self):
        self.begin()
        before = self.version()
        add = f"add new.{ZONE}. 60 A 192.0.2.7"
        self.bad(nsupdate, "REFUSED", add, key=self.other)
        self.bad(nsupdate, "BADKEY|NOTAUTH", add, key=Key("unknown.example"))
        self.bad(nsupdate, "BADSIG|NOTAUTH", add, key=Key("editor.example"))
        self.bad(knsupdate, "REFUSED", add, key=self.other)
        code, said = nsupdate(self.taproot.port, None, ZONE, add)
        self.assertIn("REFUSED", said)
        # A prerequisite that holds and one that does not are refused alike.
        for prerequisite in (f"prereq yxdomain www.{ZONE}.", f"prereq yxdomain none.{ZONE}."):
            self.bad(nsupdate, "REFUSED", prerequisite, add, key=self.other)
        # Names and types of the rule.
        challenge = f"_acme-challenge.www.{ZONE}."
        self.bad(nsupdate, "REFUSED", f"add {challenge} 60 CNAME www.{ZONE}.",
                 key=self.other)
        self.bad(nsupdate, "REFUSED", f"add www.{ZONE}. 60 TXT x", key=self.other)
        self.bad(nsupdate, "REFUSED", f"add {challenge} 60 TXT x",
                 f"add www.{ZONE}. 60 TXT x", key=self.other)
        self.bad(nsupdate, "REFUSED", f"del {challenge}", key=self.other)
        self.assertEqual(self.at("_acme-challenge.www", "TXT"), [])
        # Out of the zone, and of a zone that is not ours.
        octets = self.signed([record("www.example.net", "A", IN, 60, bytes(4))])
        self.assertEqual(updates.rcode(updates.ask_udp(self.taproot.port, octets)), "NOTZONE")
        octets = sign(updates.message("example.net", []), self.key)
        self.assertEqual(updates.rcode(updates.ask_udp(self.taproot.port, octets)), "NOTAUTH")
        self.assertEqual(self.version(), before)
        for name in ("_acme-challenge", "_acme-challenge.www", "_acme-challenge.a.b"):
            self.good(nsupdate, f"add {name}.{ZONE}. 60 TXT x", key=self.other)
            self.assertEqual(self.at(name, "TXT"), ['"x"'])
        text = self.log()
        self.assertRegex(text, r"with key acme.example. refused: it may not change new A; it may "
                               r"change names _acme-challenge .*; to allow it, add")
        self.assertRegex(text, "refused: it is not signed")
        self.assertRegex(text, "refused: .*key unknown.example. .*not known here")
        self.assertIn('taproot_updates_total{rcode="REFUSED"}', self.metrics())

    def test_an_update_that_would_break_the_zone_is_refused(self):
        self.begin()
        before = self.version()
        self.bad(nsupdate, "REFUSED", f"add bad.{ZONE}. 60 NS ns.bad.{ZONE}.",
                 f"add fine.{ZONE}. 60 A 192.0.2.1")
        self.assertEqual(self.version(), before)
        self.assertRegex(self.log(), r"example.com.: update by key editor.example. from .*: REFUSED")
        # What RFC 2136 has ignored is no error, and changes nothing.
        self.good(nsupdate, f"add www.{ZONE}. 60 CNAME mail.{ZONE}.")
        self.good(nsupdate, f"del {ZONE}. NS", f"del {ZONE}. SOA")
        self.assertEqual(self.version(), before)
        self.assertEqual(len(self.at("", "NS")), 2)
        serial = serial_at(self.taproot.port, ZONE)
        soa = f"add {ZONE}. 3600 SOA ns1.example.net. hostmaster.{ZONE}. %d 7200 900 1209600 300"
        self.good(nsupdate, soa % serial)
        self.assertEqual(serial_at(self.taproot.port, ZONE), serial)
        self.good(nsupdate, soa % (serial + 1000))
        self.assertEqual(serial_at(self.taproot.port, ZONE), serial + 1000)
        self.good(nsupdate, f"add new.{ZONE}. 60 A 192.0.2.7")
        self.assertEqual(serial_at(self.taproot.port, ZONE), serial + 1001)

    def test_a_copy_of_a_signed_update_is_refused(self):
        self.begin()
        port = self.taproot.port
        add = self.signed([record(f"r.{ZONE}", "TXT", IN, 60, txt("1"))])
        remove = self.signed([record(f"r.{ZONE}", "ANY", ANY)])
        self.assertEqual(updates.rcode(updates.ask_udp(port, add)), "NOERROR")
        self.assertEqual(updates.rcode(updates.ask_tcp(port, remove)), "NOERROR")
        # Later, by whoever listened: over UDP, TCP, with another ID, with a shorter MAC.
        body = updates.message(ZONE, [record(f"r.{ZONE}", "TXT", IN, 60, txt("1"))])
        whole, short_mac = (sign(body, self.key, truncate=size) for size in (None, 16))
        for octets in (add, bytes([add[0] ^ 1]) + add[1:]):
            for ask in (updates.ask_udp, updates.ask_tcp):
                answer = ask(port, octets)
                self.assertEqual(updates.rcode(answer), "REFUSED")
        self.assertEqual(self.at("r", "TXT"), [])
        self.assertEqual(updates.rcode(updates.ask_udp(port, whole)), "NOERROR")
        self.assertIn(updates.rcode(updates.ask_udp(port, short_mac)), ("REFUSED", "NOTAUTH"))
        # One whose prerequisite failed must not come true later either.
        later = self.signed([record(f"l.{ZONE}", "TXT", IN, 60, txt("1"))],
                            [record(f"p.{ZONE}", "ANY", ANY)])
        self.assertEqual(updates.rcode(updates.ask_udp(port, later)), "NXDOMAIN")
        self.good(nsupdate, f"add p.{ZONE}. 60 TXT x")
        self.assertEqual(updates.rcode(updates.ask_udp(port, later)), "REFUSED")
        # Neither after a restart, whether the signer's clock is right or ahead.
        ahead = self.signed([record(f"r.{ZONE}", "TXT", IN, 60, txt("2"))], at=int(time.time()) + 100)
        self.assertEqual(updates.rcode(updates.ask_udp(port, ahead)), "NOERROR")
        self.taproot.kill()
        self.taproot.start()
        for octets in (add, remove, later, ahead):
            self.assertEqual(updates.rcode(updates.ask_udp(port, octets)), "REFUSED")
        self.assertRegex(self.log(), "REFUSED: it is a copy of one that was seen before")
        self.assertRegex(self.log(), "REFUSED: signed .* ago, and so it may be a copy")
        # A clock that is wrong, and a fudge that would make it right.
        old = self.signed([], at=int(time.time()) - 1000, fudge=5000, key=self.other)
        self.assertEqual(updates.rcode(updates.ask_udp(port, old)), "REFUSED")

    def test_a_client_that_lost_the_answer_asks_again(self):
        self.begin()
        octets = self.signed([record(f"a.{ZONE}", "TXT", IN, 60, txt("1"))],
                             [record(f"a.{ZONE}", "ANY", NONE)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", 0))
            first = updates.ask_udp(self.taproot.port, octets, source=own)
            self.assertEqual(updates.rcode(first), "NOERROR")
            self.assertEqual(updates.rcode(updates.ask_udp(self.taproot.port, octets, source=own)),
                             "REFUSED", "nobody resends at once")
            version = self.version()
            answers = []

            def resent():
                answers.append(updates.rcode(updates.ask_udp(self.taproot.port, octets, source=own)))
                return answers[-1] == "NOERROR"

            wait_until("the answer to come again", resent, 10, 0.2)
        self.assertEqual(self.version(), version, "it was not carried out again")
        self.assertEqual(updates.rcode(updates.ask_udp(self.taproot.port, octets)), "REFUSED")

    def test_answers_on_a_connection_keep_their_order(self):
        self.begin()
        with updates.Tcp(self.taproot.port) as tcp:
            asked = []
            for number in range(20):
                asked.append(self.signed([record(f"o{number}.{ZONE}", "TXT", IN, 60, txt("x"))]))
                asked.append(updates.query(f"o{number}.{ZONE}", "TXT"))
            tcp.send(*asked)
            for octets in asked:
                answer = tcp.receive()
                self.assertEqual(answer[:2], octets[:2])
                self.assertEqual(updates.rcode(answer), "NOERROR")
                if octets[2] == 0:
                    self.assertEqual(answer[6:8], b"\0\1", "what was asked after it sees it")
                else:
                    self.assertTrue(updates.is_signed(answer))
        # Whoever goes away before the answer disturbs nobody.
        for number in range(20):
            with updates.Tcp(self.taproot.port) as tcp:
                tcp.send(self.signed([record(f"g{number}.{ZONE}", "TXT", IN, 60, txt("x"))]))
        wait_until("all to be carried out", lambda: self.at("g19", "TXT") and self.at("g0", "TXT"))
        # A long one: over TCP only.
        many = [record(f"long{number}.{ZONE}", "TXT", IN, 60, txt("x" * 200)) for number in range(200)]
        self.assertEqual(updates.rcode(updates.ask_tcp(self.taproot.port, self.signed(many))), "NOERROR")
        self.assertEqual(self.at("long199", "TXT"), ['"' + "x" * 200 + '"'])

    def test_a_burst_of_acme_clients_shares_versions(self):
        bind, = self.begin(Bind)
        before = self.version()
        names = [f"_acme-challenge.h{number}.{ZONE}" for number in range(BURST)]
        processes, pipes = [], []
        for worker in range(8):
            ours, theirs = multiprocessing.Pipe()
            key = self.other if worker % 2 else self.key
            processes.append(multiprocessing.Process(
                target=send_burst, args=(self.taproot.port, key, names[worker::8], theirs)))
            pipes.append(ours)
        for process in processes:
            process.start()
        rcodes = [rcode for pipe in pipes for rcode in pipe.recv()]
        for process in processes:
            process.join()
        self.assertEqual(rcodes, ["NOERROR"] * BURST)
        made = self.version() - before
        self.assertLessEqual(made, BURST)
        print(f"{BURST} updates became {made} versions")
        for name in names:
            self.assertEqual(short(self.taproot.port, name, "TXT"), [f'"{name}"'])
        wait_until("the secondary to follow", lambda: serial_at(bind.port, ZONE) ==
                   serial_at(self.taproot.port, ZONE))
        for name in names:
            self.assertEqual(short(bind.port, name, "TXT"), [f'"{name}"'])

    def test_updates_that_wait_together_are_atomic_each(self):
        """All on one connection's heels: many wait for the zone at once, some of them fail."""
        self.begin()
        connections = [updates.Tcp(self.taproot.port) for _ in range(100)]
        before = self.version()
        for number, tcp in enumerate(connections):
            changes = [record(f"t{number}.{ZONE}", "TXT", IN, 60, txt("x"))]
            prerequisites = []
            if number % 5 == 1:  # fails: www is in use
                prerequisites = [record(f"www.{ZONE}", "ANY", NONE)]
            if number % 5 == 2:  # only the first of these can win
                prerequisites = [record(f"lock.{ZONE}", "ANY", NONE)]
                changes.append(record(f"lock.{ZONE}", "TXT", IN, 60, txt(str(number))))
            if number % 5 == 3:  # would break the zone
                changes.append(record(f"d{number}.{ZONE}", "NS", IN, 60,
                                      updates.wire(f"ns.d{number}.{ZONE}")))
            tcp.send(self.signed(changes, prerequisites))
        rcodes = [updates.rcode(tcp.receive()) for tcp in connections]
        for tcp in connections:
            tcp.close()
        self.assertEqual(set(rcodes[0::5] + rcodes[4::5]), {"NOERROR"})
        self.assertEqual(set(rcodes[1::5]), {"YXDOMAIN"})
        self.assertEqual(set(rcodes[3::5]), {"REFUSED"})
        self.assertEqual(sorted(rcodes[2::5]), ["NOERROR"] + ["YXDOMAIN"] * 19)
        for number, rcode in enumerate(rcodes):
            self.assertEqual(self.at(f"t{number}", "TXT"), ['"x"'] if rcode == "NOERROR" else [])
        self.assertLess(self.version() - before, 41, "none shared a version")

    def test_kill_9_loses_no_acknowledged_update(self):
        chosen = random.Random(5)
        self.begin()
        kept = {}
        step = 0
        for _ in range(KILLS):
            killer = threading.Timer(chosen.uniform(0.3, 1.2), self.taproot.kill)
            killer.start()
            while killer.is_alive():
                step += 1
                name, text = f"k{step % 7}.{ZONE}", f"v{step}"
                octets = self.signed([record(name, "TXT", ANY),
                                      record(name, "TXT", IN, 60, txt(text))])
                try:
                    answer = updates.ask_tcp(self.taproot.port, octets, 2)
                except OSError:
                    answer = None
                if answer is None:
                    kept.pop(name, None)  # may be done or not: nothing was promised
                    break
                # Within the second of the last one before the crash it may be a copy of that.
                self.assertIn(updates.rcode(answer), ("NOERROR", "REFUSED"))
                if updates.rcode(answer) == "NOERROR":
                    kept[name] = text
            killer.join()
            self.taproot.start()
            wait_until("the zone to be served", lambda: serial_at(self.taproot.port, ZONE))
            self.command(0, "reload", ZONE)
            for name, text in kept.items():
                self.assertEqual(short(self.taproot.port, name, "TXT"), [f'"{text}"'])
        self.assertGreater(len(kept), 3, "hardly anything was updated: no real test")

    def test_an_update_is_an_edit_that_stays_over_reloads(self):
        self.begin()
        self.good(nsupdate, f"add new.{ZONE}. 60 A 192.0.2.7", f"del text.{ZONE}. TXT")
        version = self.version()
        done = self.command(0, "reload", ZONE)
        self.assertIn("edit-not-in-source", done.stdout)
        self.assertEqual(self.version(), version)
        self.taproot.write_zone(ZONE + ".yaml", source(more="more: {type: A, value: 192.0.2.9}\n"))
        wait_until("the source to be taken", lambda: self.at("more", "A") == ["192.0.2.9"])
        self.assertEqual(self.at("new", "A"), ["192.0.2.7"])
        self.command(0, "edit", ZONE, "--write-back")
        with open(self.taproot.zone_path(ZONE + ".yaml"), encoding="utf-8") as file:
            self.assertIn("192.0.2.7", file.read())

    def test_keys_that_name_hosts_and_addresses_that_limit_keys(self):
        host = Key("www.example.com")
        self.keys.append(host)
        self.begin(rules=[{"key": ["www.example.com.", "acme.example."],
                           "names": ["self", "_acme-challenge.self"], "types": ["A", "TXT"]},
                          {"key": "editor.example.", "names": ["*"], "types": "any",
                           "from": ["192.0.2.0/24"]}])
        www = f"www.{ZONE}."
        self.good(nsupdate, f"del {www} A", f"add {www} 60 A 192.0.2.99",
                  f"add _acme-challenge.{www} 60 TXT x", key=host)
        self.assertEqual(self.at("www", "A"), ["192.0.2.99"])
        self.bad(nsupdate, "REFUSED", f"add mail.{ZONE}. 60 A 192.0.2.99", key=host)
        self.bad(nsupdate, "REFUSED", f"add {www} 60 A 192.0.2.98", key=self.other)
        self.bad(nsupdate, "REFUSED", f"add x.{ZONE}. 60 A 192.0.2.98", key=self.key)
        self.assertRegex(self.log(), r"it lacks an address in from \(192\.0\.2\.0/24\)")

    def test_without_rules_nobody_may_update(self):
        self.key = Key("editor.example")
        self.keys = [self.key]
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([])
        self.taproot.start()
        self.bad(nsupdate, "REFUSED", f"add new.{ZONE}. 60 A 192.0.2.7")
        self.assertRegex(self.log(), r"to allow it, give example.com. update: \[\{key: editor")


if __name__ == "__main__":
    main()
