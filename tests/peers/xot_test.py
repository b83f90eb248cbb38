"""Transfers over TLS (RFC 9103) with other makers' servers and clients, and who gets none."""

import contextlib
import json
import re
import socket
import subprocess

from case import ZONE, LabCase, main, source
from certificates import Authority, pin_of
from lab import Bind, Nsd, free_port, short, taproot_config, transfer_provider, wait_until

PRIMARY = "primary.example"


class XotBind(Bind):
    """A secondary that transfers over TLS from PRIMARY, and shows a certificate if it has one. It
    also listens for TLS itself, on self.tls_port."""

    def __init__(self, lab, primary, zones, authority, certificate=None, own=None,
                 name="bind"):
        super().__init__(lab, primary, zones, name=name)
        self.authority, self.certificate, self.own = authority, certificate, own
        self.tls_port = free_port()

    def command(self):
        words = super().command()
        mine = ""
        if self.certificate:
            mine = f'cert-file "{self.certificate[0]}"; key-file "{self.certificate[1]}";'
        text = (f'tls taproot {{ ca-file "{self.authority.ca}"; remote-hostname "{PRIMARY}"; {mine} '
                "protocols { TLSv1.3; }; };\n")
        with open(self.path("named.conf"), encoding="utf-8") as file:
            conf = file.read()
        conf = conf.replace(f"primaries {{ 127.0.0.1 port {self.primary} ;",
                            f"primaries {{ 127.0.0.1 port {self.primary} tls taproot;")
        if self.own:
            text += f'tls own {{ cert-file "{self.own[0]}"; key-file "{self.own[1]}"; }};\n'
            conf = conf.replace("listen-on-v6", f"listen-on port {self.tls_port} tls own "
                                "{ 127.0.0.1; }; listen-on-v6")
        self.write("named.conf", text + conf)
        return words


class XotNsd(Nsd):
    """A secondary that transfers over TLS from PRIMARY."""

    def __init__(self, lab, primary, zones, authority, certificate=None, name="nsd"):
        super().__init__(lab, primary, zones, name=name)
        self.authority, self.certificate = authority, certificate

    def command(self):
        words = super().command()
        with open(self.path("nsd.conf"), encoding="utf-8") as file:
            conf = file.read()
        conf = conf.replace("  server-count: 1",
                            f'  server-count: 1\n  tls-cert-bundle: "{self.authority.ca}"')
        conf = conf.replace(f"@{self.primary} NOKEY", f"@{self.primary} NOKEY taproot")
        conf += f'tls-auth:\n  name: taproot\n  auth-domain-name: "{PRIMARY}"\n'
        if self.certificate:
            conf += (f'  client-cert: "{self.certificate[0]}"\n'
                     f'  client-key: "{self.certificate[1]}"\n')
        self.write("nsd.conf", conf)
        return words


def s_client(port, *words):
    """What openssl's own client says of a handshake, and its exit code."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words],
                          input="", capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


class Xot(LabCase):
    def setUp(self):
        super().setUp()
        self.tls_port = free_port()
        self.authority = Authority(self.taproot.path("certs"))
        self.server = self.authority.issue("server", f"DNS:{PRIMARY},IP:127.0.0.1")
        self.taproot.write_zone(ZONE + ".yaml", source())

    def configure_tls(self, providers):
        """Writes a configuration with a TLS port, and returns it as it was written."""
        document = taproot_config(self.taproot, [], providers, [
            {"name": ZONE, "source": f"zones/{ZONE}.yaml",
             "providers": [provider["name"] for provider in providers]}])
        document["server"]["listen-tls"] = [f"127.0.0.1:{self.tls_port}"]
        document["server"]["tls"] = {"certificate": self.server[0], "key": self.server[1],
                                     "client-ca": self.authority.ca}
        return self.rewrite(document)

    def rewrite(self, document):
        self.taproot.write("taproot.yaml", json.dumps(document, indent=2))
        return document

    def client(self, name="me", **rule):
        """A provider of which only its right to transfer counts."""
        return {"name": name, "kind": "transfer", "transport": "tls", **rule}

    def kdig_axfr(self, *words, port=None):
        """The records of an AXFR by kdig over TLS; [] if refused."""
        done = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", str(port or self.tls_port), f"+tls-ca={self.authority.ca}",
             f"+tls-hostname={PRIMARY}", *words, "+time=5", "+retry=0", "+noall", "+answer", ZONE,
             "AXFR"], capture_output=True, text=True, check=False)
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    def with_certificate(self, certificate):
        return [f"+tls-certfile={certificate[0]}", f"+tls-keyfile={certificate[1]}"]

    def log_text(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()

    def follows(self, server, address):
        wait_until(f"{server.name} to serve {address}",
                   lambda: short(server.port, "www." + ZONE, "A") == [address])

    def follow_over_tls(self, server, provider):
        """First AXFR and then IXFR, both over TLS."""
        self.configure_tls([provider])
        self.taproot.start()
        server.start()
        self.follows(server, "192.0.2.80")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        self.follows(server, "192.0.2.81")
        text = self.log_text()
        self.assertRegex(text, rf"over TLS \({server.name}\): AXFR of serial")
        self.assertRegex(text, rf"over TLS \({server.name}\): IXFR of serial")
        self.assertNotRegex(text, rf"\d \({server.name}\): ")

    def test_bind_follows_over_strict_tls(self):
        bind = self.lab.add(XotBind(self.lab, self.tls_port, [ZONE], self.authority))
        self.follow_over_tls(bind, {**transfer_provider(bind), "transport": "tls"})

    def test_bind_follows_over_mutual_tls(self):
        mine = self.authority.issue("bind", "DNS:bind.example")
        bind = self.lab.add(XotBind(self.lab, self.tls_port, [ZONE], self.authority, mine))
        self.follow_over_tls(bind, {**transfer_provider(bind), "tls-identity": "bind.example",
                                    "tls-pin": pin_of(mine[0])})

    def test_nsd_follows_over_strict_and_mutual_tls(self):
        mine = self.authority.issue("nsd", "DNS:nsd.example")
        nsd = self.lab.add(XotNsd(self.lab, self.tls_port, [ZONE], self.authority, mine))
        self.follow_over_tls(nsd, {**transfer_provider(nsd), "tls-identity": "nsd.example"})

    def test_bind_is_notified_over_tls(self):
        own = self.authority.issue("bind-server", "DNS:bind.example")
        bind = self.lab.add(XotBind(self.lab, self.tls_port, [ZONE], self.authority, own=own))
        provider = {**transfer_provider(bind), "transport": "tls"}
        provider["notify"] = [{"address": f"127.0.0.1:{bind.tls_port}",
                               "tls": {"hostname": "bind.example", "ca-file": self.authority.ca}}]
        self.follow_over_tls(bind, provider)
        with open(bind.log, encoding="utf-8", errors="replace") as log:
            self.assertIn("received notify for zone", log.read())
        # Another name in its certificate, and it is told nothing; status says why.
        provider["notify"][0]["tls"]["hostname"] = "other.example"
        self.configure_tls([provider])
        self.command(0, "reload")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.82"))
        wait_until("status to say that it is not the right server",
                   lambda: "hostname mismatch" in self.taproot.run("status", ZONE, "--json").stdout)

    def test_clients_ask_over_tls(self):
        self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        self.taproot.start()
        wait_until("the zone", lambda: short(self.taproot.port, "www." + ZONE, "A"))
        for command in (["kdig"], ["dig", "+time=5", "+tries=1"]):
            with self.subTest(command[0]):
                done = subprocess.run(
                    [*command, "@127.0.0.1", "-p", str(self.tls_port), "+tls",
                     f"+tls-ca={self.authority.ca}", f"+tls-hostname={PRIMARY}", "+short",
                     "www." + ZONE, "A"], capture_output=True, text=True, check=False)
                self.assertEqual(done.stdout.strip(), "192.0.2.80", done.stderr)
        self.assertGreater(len(self.kdig_axfr()), 10)
        # The same rule over plain TCP gives nothing, and the log says why.
        self.assertEqual(subprocess.run(
            ["dig", "@127.0.0.1", "-p", str(self.taproot.port), "+short", ZONE, "AXFR"],
            capture_output=True, text=True, check=False).stdout.strip(), "; Transfer failed.")
        wait_until("the refusal in the log", lambda: re.search(
            r"AXFR over TCP from 127.0.0.1:\d+ \(me\) refused: 127.0.0.1 asked unsigned; to be me "
            r"it lacks TLS\n",
            self.log_text()))

    def test_only_the_right_certificate_gets_the_zone(self):
        right = self.authority.issue("right", "DNS:right.example")
        wrong = self.authority.issue("wrong", "DNS:wrong.example")
        expired = self.authority.issue("expired", "DNS:right.example", days=-1)
        stranger = Authority(self.lab.folder + "/strangers").issue("right", "DNS:right.example")
        self.configure_tls([self.client(**{"tls-identity": "right.example"})])
        self.taproot.start()
        self.assertGreater(len(self.kdig_axfr(*self.with_certificate(right))), 10)
        for certificate, why in ((wrong, "client certificate of wrong.example"),
                                 (expired, "not verified (certificate has expired)"),
                                 (stranger, "not verified (unable to get local issuer")):
            with self.subTest(why):
                self.assertEqual(self.kdig_axfr(*self.with_certificate(certificate)), [])
                wait_until(f"the log to say {why}", lambda why=why: why in self.log_text())
        self.assertEqual(self.kdig_axfr(), [])
        wait_until("the log to say that there was none",
                   lambda: "over TLS without a client certificate" in self.log_text())

    def test_other_versions_and_protocols_are_not_spoken(self):
        self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        self.taproot.start()
        code, said = s_client(self.tls_port, "-alpn", "dot", "-tls1_3")
        self.assertEqual(code, 0, said)
        self.assertIn("ALPN protocol: dot", said)
        self.assertNotEqual(s_client(self.tls_port, "-alpn", "dot", "-tls1_2")[0], 0)
        self.assertNotEqual(s_client(self.tls_port, "-alpn", "h2")[0], 0)
        s_client(self.tls_port)
        wait_until("the log to tell of them", lambda: all(
            why in self.log_text() for why in ("unsupported protocol",
                                               'does not ask for ALPN "dot"')))

    def test_half_open_handshakes_harm_nobody(self):
        self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        self.taproot.start()
        with contextlib.ExitStack() as stack:
            for i in range(400):  # more than one source may have on all loops together
                half = stack.enter_context(socket.create_connection(("127.0.0.1", self.tls_port)))
                half.sendall(b"\x16\x03\x01\x02\x00"[:i % 6])
            for _ in range(5):
                self.assertGreater(len(self.kdig_axfr()), 10)
            self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])

    def test_a_renewed_certificate_is_taken_and_a_bad_one_is_not(self):
        document = self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        self.taproot.start()
        renewed = self.authority.issue("renewed", f"DNS:{PRIMARY}")
        document["server"]["tls"].update(certificate=renewed[0], key=self.server[1])
        self.rewrite(document)
        done = self.taproot.run("reload")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("server.key", done.stdout + done.stderr)
        self.assertGreater(len(self.kdig_axfr(f"+tls-pin={pin_of(self.server[0])}")), 10)
        document["server"]["tls"].update(key=renewed[1])
        self.rewrite(document)
        self.command(0, "reload")
        self.assertGreater(len(self.kdig_axfr(f"+tls-pin={pin_of(renewed[0])}")), 10)

    def test_a_zone_is_imported_over_tls_from_bind(self):
        own = self.authority.issue("bind-server", "DNS:bind.example")
        mine = self.authority.issue("mine", "DNS:taproot.example")
        bind = self.lab.add(BindPrimary(self.lab, own, self.authority))
        self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        bind.start()
        place = f"axfr+tls://127.0.0.1:{bind.tls_port}"
        words = ["import", "imported.example", "--from", place, "--tls-ca", self.authority.ca,
                 "--tls-certificate", mine[0], "--tls-key", mine[1]]
        done = self.command(0, *words, "--tls-hostname", "bind.example")
        self.assertIn("192.0.2.77", done.stdout)
        for hostname, ca in (("other.example", self.authority.ca),
                             ("bind.example", self.server[0])):
            done = self.taproot.run("import", "imported.example", "--from", place, "--tls-ca", ca,
                                    "--tls-hostname", hostname)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the server's certificate: ", done.stderr)
        # With a pin nobody has to vouch for it.
        self.command(0, "import", "imported.example", "--from", place, "--tls-pin", pin_of(own[0]),
                     "--tls-certificate", mine[0], "--tls-key", mine[1])
        # Plain TCP is not what its primary offers, and a TLS client does not go there.
        done = self.taproot.run("import", "imported.example", "--from",
                                f"axfr+tls://127.0.0.1:{bind.port}", "--tls-pin", pin_of(own[0]))
        self.assertEqual(done.returncode, 1)

    def test_a_zone_is_followed_over_tls_from_bind(self):
        own = self.authority.issue("bind-server", "DNS:bind.example")
        mine = self.authority.issue("mine", "DNS:taproot.example")
        bind = self.lab.add(BindPrimary(self.lab, own, self.authority)).start()
        tls = {"hostname": "other.example", "ca-file": self.authority.ca, "certificate": mine[0],
               "key": mine[1]}
        document = self.configure_tls([self.client(**{"transfer-from": ["127.0.0.1"]})])
        document["zones"].append({"name": "imported.example", "source": {
            "transfer": [{"address": f"127.0.0.1:{bind.tls_port}", "tls": tls}]}})
        self.rewrite(document)
        self.taproot.start()
        # Somebody else than the one it should be is not even asked.
        wait_until("status to say that it is not the right server", lambda: "hostname mismatch" in
                   self.taproot.run("status", "imported.example", "--json").stdout)
        self.assertEqual(short(self.taproot.port, "ns.imported.example", "A"), [])
        tls["hostname"] = "bind.example"
        self.rewrite(document)
        self.taproot.run("reload")
        wait_until("the zone to be followed",
                   lambda: short(self.taproot.port, "ns.imported.example", "A") == ["192.0.2.77"])


class BindPrimary(Bind):
    """A primary of imported.example that transfers over TLS only, to clients of its authority."""

    def __init__(self, lab, own, authority):
        super().__init__(lab, 0, [], name="bind-primary")
        self.own, self.authority = own, authority
        self.tls_port = free_port()

    def command(self):
        words = super().command()
        self.write("imported.zone", "$TTL 60\n@ SOA ns admin 5 60 60 600 60\n@ NS ns\n"
                   "ns A 192.0.2.77\n")
        with open(self.path("named.conf"), encoding="utf-8") as file:
            conf = file.read()
        conf = conf.replace("listen-on-v6", f"listen-on port {self.tls_port} tls own "
                            "{ 127.0.0.1; }; listen-on-v6")
        conf += (f'tls own {{ cert-file "{self.own[0]}"; key-file "{self.own[1]}"; '
                 f'ca-file "{self.authority.ca}"; }};\n'
                 'zone "imported.example" { type primary; file "imported.zone"; '
                 "allow-transfer transport tls { any; }; };\n")
        self.write("named.conf", conf)
        return words


if __name__ == "__main__":
    main()
