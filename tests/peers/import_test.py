"""Zones of real servers become canonical YAML: by AXFR and through an API, and nothing is lost."""

import os
import socket
import struct
import subprocess
import threading

from case import ZONE, LabCase, main
from lab import (Bind, Key, Knot, Nsd, PowerDns, axfr, free_port, powerdns_provider, short,
                 taproot_config, transfer_provider)

RICH = r"""$TTL 300
@ 3600 SOA ns1 hostmaster 2026010107 3600 600 604800 300
@ NS ns1
@ NS ns2.example.net.
@ MX 10 mail
@ MX 20 mail2
@ TXT "v=spf1 mx -all"
@ TXT "two; strings" "and \"quotes\" \\ \001\255"
@ CAA 0 issue "ca.example.net; policy=ev"
@ 86400 HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.80
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
www 60 A 192.0.2.80
www 60 A 192.0.2.81
1 PTR www
null A 192.0.2.1
*.apps CNAME www
_sip._tcp SRV 1 2 5060 sip
sip NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\1@example.com!" .
key SSHFP 4 2 12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab
_443._tcp.www TLSA 3 1 1 0d6fce3320315023ff499a3f3de1362c0d6fce3320315023ff499a3f3de1362c
place LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m
_ftp._tcp URI 10 1 "ftp://ftp1.example.com/public"
odd TYPE65280 \# 4 0a000001
sub NS ns1.sub
sub NS ns.other.example.
sub DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118
ns1.sub A 192.0.2.54
below.sub A 192.0.2.55
old DNAME new.example.net.
back\.slash A 192.0.2.2
semi\;colon A 192.0.2.3
mail A 192.0.2.25
mail2 A 192.0.2.26
long TXT "LONG" "LONG" "end"
""".replace("LONG", "k" * 255)


class PrimaryBind(Bind):
    def command(self):
        super().command()
        key = f"key {self.key.name};" if self.key else "127.0.0.1;"
        text = f"""
options {{
  directory "{self.folder}"; pid-file none; session-keyfile none;
  managed-keys-directory "{self.folder}"; listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }}; recursion no; notify no; dnssec-validation no; empty-zones-enable no;
}};
controls {{ }};
"""
        if self.key:
            text += (f'key "{self.key.name}" {{ algorithm {self.key.algorithm}; '
                     f'secret "{self.key.secret}"; }};\n')
        text += (f'zone "{ZONE}" {{ type primary; file "{ZONE}.zone"; check-names ignore; '
                 f"allow-transfer {{ {key} }}; }};\n")
        self.write("named.conf", text)
        return ["named", "-g", "-n", "1", "-c", self.path("named.conf")]


class PrimaryKnot(Knot):
    def command(self):
        lines = ["server:", f"    listen: 127.0.0.1@{self.port}", f'    rundir: "{self.folder}"',
                 "log:", "  - target: stderr", "    any: info",
                 "database:", f'    storage: "{self.path("db")}"',
                 "acl:", "  - id: out", "    address: 127.0.0.1", "    action: transfer",
                 "zone:", f"  - domain: {ZONE}", f'    storage: "{self.folder}"',
                 f"    file: {ZONE}.zone", "    acl: out", "    semantic-checks: off"]
        self.write("knot.conf", "\n".join(lines) + "\n")
        return ["knotd", "-c", self.path("knot.conf")]


class PrimaryNsd(Nsd):
    def command(self):
        lines = ["server:", f"  ip-address: 127.0.0.1@{self.port}", '  username: ""',
                 '  chroot: ""', f'  zonesdir: "{self.folder}"', f'  pidfile: "{self.path("pid")}"',
                 f'  xfrdfile: "{self.path("xfrd.state")}"', f'  xfrdir: "{self.folder}"',
                 '  database: ""', "  server-count: 1", f'  zonelistfile: "{self.path("list")}"',
                 "remote-control:", "  control-enable: no", "zone:", f'  name: "{ZONE}"',
                 f'  zonefile: "{ZONE}.zone"', "  provide-xfr: 127.0.0.1 NOKEY"]
        self.write("nsd.conf", "\n".join(lines) + "\n")
        return ["nsd", "-d", "-c", self.path("nsd.conf")]


def without_serial(lines):
    """Records of axfr() with the SOA's serial blanked."""
    return [" ".join("SERIAL" if fields[3] == "SOA" and at == 6 else field
                     for at, field in enumerate(fields))
            for fields in (line.split() for line in lines)]


class ImportCase(LabCase):
    def imported(self, *words, code=0):
        """Runs `taproot import` into the zone's source."""
        taproot_config(self.taproot, [], self.providers, [])
        os.makedirs(self.taproot.path("zones"), exist_ok=True)
        done = self.taproot.run("import", ZONE, "--output", f"zones/{ZONE}.yaml", *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def serve(self, **zone):
        taproot_config(self.taproot, [], self.providers, [
            {"name": ZONE, "source": f"zones/{ZONE}.yaml",
             "providers": [provider["name"] for provider in self.providers], **zone}])
        self.taproot.start()

    def setUp(self):
        super().setUp()
        self.providers = []


class FromServers(ImportCase):
    def primary(self, kind, key=None):
        server = self.lab.add(kind(self.lab, 0, [ZONE], key))
        server.write(f"{ZONE}.zone", RICH)
        server.start()
        self.providers = [transfer_provider(server)]
        return server

    def check(self, server, *words, key=None):
        there = axfr(server.port, ZONE, key)
        self.assertEqual(len(there), RICH.count("\n") - 1)
        done = self.imported("--from", f"axfr://127.0.0.1:{server.port}", *words)
        self.assertIn("without its serial", done.stderr)
        # The same once more, with the serial: then the server is seen to be in sync.
        self.imported("--from", f"axfr://127.0.0.1:{server.port}", "--keep-serial", "--force", *words)
        self.serve(serial="keep")
        self.assertEqual(axfr(self.taproot.port, ZONE), there)
        self.command(0, "apply", "--wait")
        self.command(0, "plan")
        self.command(0, "verify")
        provider, = self.taproot.ask("status")["zones"][0]["providers"]
        self.assertEqual(provider["state"], "in-sync", provider)

    def test_bind_with_tsig(self):
        key = Key("import.example")
        server = self.primary(PrimaryBind, key)
        file = self.taproot.write("import.key", f"{key.name}.:{key.algorithm}:{key.secret}\n", 0o600)
        self.check(server, "--key", file, key=key)

    def test_knot(self):
        self.check(self.primary(PrimaryKnot))

    def test_nsd(self):
        self.check(self.primary(PrimaryNsd))

    def test_serials_are_taproots_business(self):
        server = self.primary(PrimaryKnot)
        self.imported("--from", f"axfr://127.0.0.1:{server.port}")
        with open(self.taproot.zone_path(f"{ZONE}.yaml"), encoding="utf-8") as file:
            self.assertNotIn("serial", file.read())
        self.serve()
        self.assertEqual(without_serial(axfr(self.taproot.port, ZONE)),
                         without_serial(axfr(server.port, ZONE)))


class Refused(ImportCase):
    def fails(self, server, text, *words):
        done = self.imported("--from", f"axfr://127.0.0.1:{server}", *words, code=1)
        self.assertIn(text, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(os.listdir(self.taproot.path("zones")), [])

    def test_keys_and_addresses_that_are_not_allowed(self):
        key = Key("import.example")
        server = self.lab.add(PrimaryBind(self.lab, 0, [ZONE], key))
        server.write(f"{ZONE}.zone", RICH)
        server.start()
        self.fails(server.port, "REFUSED")
        right = f"{key.name}.:{key.algorithm}:{key.secret}"
        wrong = f"{key.name}.:{key.algorithm}:{Key('x').secret}"
        unknown = f"other.example.:{key.algorithm}:{key.secret}"
        for words, text in ((wrong, "BADSIG"), (unknown, "BADKEY")):
            self.fails(server.port, text, "--key", words)
        done = self.taproot.run("import", "example.org", "--key", right, "--from",
                                f"axfr://127.0.0.1:{server.port}")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn(key.secret, done.stderr)

    def test_nobody_there(self):
        self.fails(free_port(), "cannot connect")

    def fake(self, answers):
        """A server that answers the first question with these octets, and then closes."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def run():
            with listener.accept()[0] as connection:
                size, = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
                request = connection.recv(size, socket.MSG_WAITALL)
                connection.sendall(answers(request))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        return listener.getsockname()[1]

    @staticmethod
    def message(request, *records, rcode=0):
        header = request[:2] + struct.pack("!HHHHH", 0x8400 | rcode, 1, len(records), 0, 0)
        text = header + request[12:] + b"".join(records)
        return struct.pack("!H", len(text)) + text

    SOA = (b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 300, 24) + b"\xc0\x0c\xc0\x0c" +
           struct.pack("!IIIII", 1, 2, 3, 4, 5))
    A = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 300, 4) + b"\xc0\x00\x02\x01"

    def test_transfers_that_end_too_early(self):
        cases = (
            ("without an answer", lambda request: b""),
            ("in the middle of the transfer, after 2 records",
             lambda request: self.message(request, self.SOA, self.A)),
            ("in the middle of the transfer, after 2 records",
             lambda request: self.message(request, self.SOA, self.A) +
             self.message(request, self.A)[:-3]),
            ("cannot be read", lambda request: self.message(request, self.SOA, self.A[:-1])),
            ("does not begin with the zone's SOA", lambda request: self.message(request, self.A)),
            ("NOTAUTH", lambda request: self.message(request, rcode=9)),
            ("another ID", lambda request: self.message(
                bytes([request[0] ^ 1]) + request[1:], self.SOA)),
        )
        for text, answers in cases:
            with self.subTest(text):
                self.fails(self.fake(answers), text)

    def test_a_server_that_says_nothing_more(self):
        done = threading.Event()
        self.addCleanup(done.set)

        def answers(request):
            return self.message(request, self.SOA, self.A)

        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def run():
            with listener.accept()[0] as connection:
                request = connection.recv(512)[2:]
                connection.sendall(answers(request))
                done.wait(30)

        threading.Thread(target=run, daemon=True).start()
        self.fails(listener.getsockname()[1], "not complete after 1 s", "--timeout", "1")


class FromPowerDns(ImportCase):
    def test_plan_right_after_it_says_no_change(self):
        server = self.lab.add(PowerDns(self.lab, [])).start()
        self.load(server)
        self.providers = [powerdns_provider(server, self.taproot)]
        there = axfr_of_powerdns(server)
        # What pdnsutil loads has no SOA-EDIT-API: the serial there is the one that is pushed.
        self.imported("--from", server.name, "--keep-serial")
        self.serve(publish="on-apply")
        self.command(0, "plan")
        self.assertEqual(axfr_of_powerdns(server), there)
        self.assertEqual(short(self.taproot.port, "x.apps." + ZONE, "CNAME"), ["www.example.com."])

    def test_a_provider_that_counts_serials_itself_needs_none(self):
        server = self.lab.add(PowerDns(self.lab, [])).start()
        self.load(server)
        status, text = server.api("PUT", f"/zones/{ZONE}.", {"soa_edit_api": "INCREASE"})
        self.assertEqual(status, 204, text)
        self.providers = [powerdns_provider(server, self.taproot)]
        done = self.imported("--from", server.name)
        self.assertIn("without its serial", done.stderr)
        self.serve(publish="on-apply")
        self.command(0, "plan")

    def load(self, server):
        """The zone as pdnsutil takes it from a zone file."""
        # PowerDNS lists ";" in names without a backslash, which no reader of names takes.
        file = server.write(f"{ZONE}.zone", RICH.replace("semi\\;colon A 192.0.2.3\n", ""))
        done = subprocess.run(["pdnsutil", f"--config-dir={server.folder}", "load-zone", ZONE, file],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_cannot_be_read(self):
        server = self.lab.add(PowerDns(self.lab, [])).start()
        self.providers = [powerdns_provider(server, self.taproot)]
        done = self.imported("--from", server.name, code=1)
        self.assertIn("has no zone example.com.", done.stderr)
        done = self.imported("--from", "nobody", code=1)
        self.assertIn("no provider of this name", done.stderr)
        server.api_key = "wrong"
        self.providers = [powerdns_provider(server, self.taproot)]
        done = self.imported("--from", server.name, code=1)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)


def axfr_of_powerdns(server):
    """All it lists, as one comparable value."""
    status, zone = server.api("GET", f"/zones/{ZONE}.")
    assert status == 200, zone
    return sorted((rrset["name"], rrset["type"], rrset["ttl"],
                   tuple(sorted(record["content"] for record in rrset["records"])))
                  for rrset in zone["rrsets"])


if __name__ == "__main__":
    main()
