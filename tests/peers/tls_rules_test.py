"""Rules that want TLS, or a certificate, for UPDATE and for NOTIFY in: neither falls back."""

import socket
import ssl
import struct
import subprocess
import time

import updates
from case import ZONE, LabCase, main, source
from certificates import Authority, pin_of
from lab import Key, free_port, serial_at, short, wait_until
from primaries import FakePrimary, address

PRIMARY = "primary.example"
FOLLOWED = "followed.example"


class TlsRules(LabCase):
    def setUp(self):
        super().setUp()
        self.tls_port = free_port()
        self.authority = Authority(self.taproot.path("certs"))
        self.server = self.authority.issue("server", f"DNS:{PRIMARY},IP:127.0.0.1")
        self.good = self.authority.issue("good", "DNS:good.example")
        self.other = self.authority.issue("other", "DNS:other.example")
        self.key = Key("editor.example")
        self.keys.append(self.key)

    def begin(self, *zones):
        import json
        document = self.configure([], list(zones))
        document["server"]["listen-tls"] = [f"127.0.0.1:{self.tls_port}"]
        document["server"]["tls"] = {"certificate": self.server[0], "key": self.server[1],
                                     "client-ca": self.authority.ca}
        self.taproot.write("taproot.yaml", json.dumps(document, indent=2))
        self.taproot.start()

    def log(self):
        with open(self.taproot.log, encoding="utf-8") as log:
            return log.read()

    def ask_tls(self, octets, certificate=None):
        context = ssl.create_default_context(cafile=self.authority.ca)
        context.set_alpn_protocols(["dot"])
        if certificate:
            context.load_cert_chain(*certificate)
        with socket.create_connection(("127.0.0.1", self.tls_port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname=PRIMARY) as tls:
                tls.sendall(struct.pack(">H", len(octets)) + octets)
                answer = b""
                while len(answer) < 2 or len(answer) < 2 + struct.unpack(">H", answer[:2])[0]:
                    part = tls.recv(4096)
                    if not part:
                        raise ConnectionError("the connection ended")
                    answer += part
                return answer[2:]

    def update(self, name, certificate=None):
        change = updates.record(f"{name}.{ZONE}", "A", rdata=bytes([192, 0, 2, 1]), ttl=60)
        return updates.rcode(self.ask_tls(
            updates.sign(updates.message(ZONE, [change]), self.key), certificate))

    def test_updates_that_have_to_come_over_tls(self):
        self.taproot.write_zone(ZONE + ".yaml", source())
        rule = {"key": "editor.example.", "names": ["*"], "types": "any"}
        self.begin({"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": [], "update": [
            {**rule, "transport": "tls", "types": ["A"]},
            {**rule, "tls-identity": "good.example", "types": ["TXT"]},
            {**rule, "tls-pin": pin_of(self.other[0]), "types": ["AAAA"]}]})
        wait_until("the zone", lambda: serial_at(self.taproot.port, ZONE))
        for tcp in (False, True):
            _, said = updates.nsupdate(self.taproot.port, self.key, ZONE,
                                       f"add a.{ZONE}. 60 A 192.0.2.1", tcp=tcp)
            self.assertIn("REFUSED", said)
        wait_until("the refusal in the log", lambda: "it lacks TLS" in self.log())
        self.assertEqual(short(self.taproot.port, f"a.{ZONE}", "A"), [])
        self.assertEqual(self.update("a"), "NOERROR")
        self.assertEqual(short(self.taproot.port, f"a.{ZONE}", "A"), ["192.0.2.1"])

        def change(kind, rdata, certificate):
            record = updates.wire(f"b.{ZONE}") + struct.pack(">HHIH", kind, 1, 60, len(rdata)) + rdata
            return updates.rcode(self.ask_tls(
                updates.sign(updates.message(ZONE, [record]), self.key), certificate))

        for kind, rdata, taken in ((16, b"\1x", self.good), (28, bytes(15) + b"\1", self.other)):
            for certificate in (None, self.good, self.other):
                self.assertEqual(change(kind, rdata, certificate),
                                 "NOERROR" if certificate == taken else "REFUSED",
                                 (kind, certificate))
        self.assertEqual(short(self.taproot.port, f"b.{ZONE}", "TXT"), ['"x"'])
        self.assertIn("transport: tls", self.log())

    def notify(self, serial, *words, port=None):
        """What kdig was answered to a NOTIFY."""
        done = subprocess.run(
            ["kdig", "@127.0.0.1", "-p", str(port or self.taproot.port), *words, "+time=5",
             "+retry=0", FOLLOWED, f"NOTIFY={serial}"], capture_output=True, text=True, check=False)
        return done.stdout

    def is_far_away(self):
        """The next look at the primary, that is: not one of those at the start."""
        row = self.taproot.ask("status", FOLLOWED)["zones"][0]["primaries"][0]
        soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 60))
        return row["next"] and row["next"] > soon

    def test_notify_that_has_to_come_over_tls(self):
        fake = FakePrimary(FOLLOWED)
        self.addCleanup(fake.stop)
        fake.whole(1, address("www." + FOLLOWED, 1))
        # Nothing but a NOTIFY brings a change: the refresh is far away.
        self.begin({"name": FOLLOWED, "providers": [], "source": {
            "transfer": f"127.0.0.1:{fake.port}", "min-refresh": "1h",
            "notify": {"tls-identity": "good.example"}}})
        wait_until("the zone", lambda: serial_at(self.taproot.port, FOLLOWED) == 1)
        wait_until("it to rest", self.is_far_away)
        fake.whole(2, address("www." + FOLLOWED, 2))
        tls = [f"+tls-ca={self.authority.ca}", f"+tls-hostname={PRIMARY}"]

        def mine(certificate):
            return [*tls, f"+tls-certfile={certificate[0]}", f"+tls-keyfile={certificate[1]}"]

        looked = len(fake.asked)
        for words in ((), ("+tcp",)):
            self.assertIn("status: REFUSED", self.notify(2, *words))
        for words in (tls, mine(self.other)):
            self.assertIn("status: REFUSED", self.notify(2, *words, port=self.tls_port))
        wait_until("the refusal in the log", lambda: "to be a primary it lacks TLS, a verified client"
                   " certificate of tls-identity good.example" in self.log())
        self.assertEqual((serial_at(self.taproot.port, FOLLOWED), len(fake.asked)), (1, looked))
        self.assertIn("status: NOERROR", self.notify(2, *mine(self.good), port=self.tls_port))
        wait_until("the change", lambda: serial_at(self.taproot.port, FOLLOWED) == 2)


if __name__ == "__main__":
    main()
