"""Foreign primaries that take DNS UPDATE: BIND and Knot, read by AXFR and written with TSIG."""

import base64
import math
import os
import subprocess

from case import LabCase, main
from certificates import Authority
from conformance import ZONE, Conformance, Counterparty, Requests, only
from lab import Key, Server, axfr, free_port, taproot_config, wait_until

OCTETS_OF_A_CHANGE = 68  # of a host with an address, with what it is planned on
OCTETS_OF_A_MESSAGE = 60000


class UpdatedBind(Server):
    more_options = more_statements = more_of_zone = ""

    def __init__(self, lab, key):
        super().__init__(lab, "bind")
        self.key = key

    def zone_file(self):
        return self.write(f"{ZONE}.zone", f"""$ORIGIN {ZONE}.
@ 3600 IN SOA ns1.example.net. hostmaster.example.com. 1 7200 900 1209600 300
@ 3600 IN NS ns1.example.net.
@ 3600 IN NS ns2.example.net.
""")

    def command(self):
        if not os.path.exists(self.path(f"{ZONE}.zone")):
            self.zone_file()
        self.write("named.conf", f"""
options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; managed-keys-directory "{self.folder}";
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; dnssec-validation no; empty-zones-enable no; {self.more_options}
}};
controls {{ }};
{self.more_statements}
key "{self.key.name}" {{ algorithm {self.key.algorithm}; secret "{self.key.secret}"; }};
zone "{ZONE}" {{ type primary; file "{ZONE}.zone";
  allow-update {{ key {self.key.name}; }}; allow-transfer {{ key {self.key.name}; }};
  {self.more_of_zone} }};
""")
        return ["named", "-g", "-n", "1", "-c", self.path("named.conf")]


class UpdatedKnot(UpdatedBind):
    def __init__(self, lab, key):
        Server.__init__(self, lab, "knot")
        self.key = key

    def command(self):
        os.makedirs(self.path("db"), exist_ok=True)
        if not os.path.exists(self.path(f"{ZONE}.zone")):
            self.zone_file()
        self.write("knot.conf", f"""server:
    listen: 127.0.0.1@{self.port}
    rundir: "{self.folder}"
log:
  - target: stderr
    any: info
database:
    storage: "{self.path("db")}"
key:
  - id: {self.key.name}
    algorithm: {self.key.algorithm}
    secret: {self.key.secret}
acl:
  - id: ours
    key: {self.key.name}
    action: [transfer, update]
zone:
  - domain: {ZONE}
    storage: "{self.folder}"
    file: "{ZONE}.zone"
    acl: ours
""")
        return ["knotd", "-c", self.path("knot.conf")]


class Updated(Counterparty):
    """One of the two, with a key of its own; the zone is there with SOA and NS."""

    server_kind = UpdatedBind

    def __init__(self, lab):
        super().__init__(lab)
        self.key = Key("update.example")
        self.key.secret = base64.b64encode(b"canary-tsig-secret-0123456789abc").decode()
        self.secrets = [self.key.secret, "canary-tsig-secret"]
        self.server = self.server_kind(lab, self.key)
        self.name = self.server.name

    def start(self):
        self.server.start()
        self.server_port = self.server.port

    def stop(self):
        self.server.stop()

    def keys(self):
        return [self.key]

    def entry(self, taproot, port):
        return {"name": self.name, "kind": "rfc2136", "server": f"127.0.0.1:{port}",
                "key": self.key.name + ".",
                "nameservers": {"ns1.example.net.": [f"127.0.0.1:{self.server.port}"]}}

    def put(self, name, rrtype, ttl, values):
        lines = [f"server 127.0.0.1 {self.server.port}", f"zone {ZONE}.",
                 f"update delete {name}. {rrtype}",
                 *(f"update add {name}. {ttl} {rrtype} {value}" for value in values), "send"]
        done = subprocess.run(
            ["nsupdate", "-v", "-y", f"{self.key.algorithm}:{self.key.name}:{self.key.secret}"],
            input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def rrsets(self):
        sets = {}
        for line in axfr(self.server.port, ZONE, self.key):
            name, ttl, _, rrtype, value = line.split(None, 4)
            sets.setdefault((name, rrtype), (int(ttl), []))[1].append(value)
        return {key: (ttl, sorted(values)) for key, (ttl, values) in sets.items()}

    def most_requests(self, records, changes):
        # A transfer, the messages, and a transfer to compare.
        messages = math.ceil(changes * OCTETS_OF_A_CHANGE / OCTETS_OF_A_MESSAGE)
        return Requests(2 + max(1, messages), 2)


class KnotParty(Updated):
    server_kind = UpdatedKnot


class BindTakesUpdates(Conformance, LabCase):
    kind = Updated

    def test_apex_name_servers_are_exchanged_and_never_gone(self):
        self.begin(["a 300 IN A 192.0.2.1"], guards={"max-update-percent": 100})
        self.wait_for_push(1)
        self.party.apex_ns = lambda: ["ns3.example.net.", "ns4.example.net."]
        self.write(["a 300 IN A 192.0.2.1"])
        self.command(0, "reload", ZONE)
        self.wait_for_words("apex-ns")
        zone, = self.taproot.ask("plan")["zones"]
        self.command(0, "apply", "--force", zone["providers"][0]["guard"]["force_id"], "--wait")
        self.assertEqual(self.party.rrsets()[f"{ZONE}.", "NS"],
                         (3600, ["ns3.example.net.", "ns4.example.net."]))

    def test_a_changed_soa_arrives_with_a_serial_of_the_server(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.taproot.write_zone(ZONE + ".zone", """$ORIGIN example.com.
@ 3600 IN SOA ns2.example.net. hostmaster.example.com. 1 7200 900 1209600 600
@ 3600 IN NS ns1.example.net.
@ 3600 IN NS ns2.example.net.
a 300 IN A 192.0.2.1
""")
        self.command(0, "reload", ZONE)
        self.assertIn("1 change applied", self.wait_for_push(2))
        self.assertIn("ns2.example.net.", self.party.rrsets()[f"{ZONE}.", "SOA"][1][0])
        self.assert_in_sync()

    def test_a_zone_that_is_not_there(self):
        self.begin(start=False)
        self.party.server.write("named.conf", "")
        done = self.run_verb("provider", "test", self.party.name, "--zone", "example.net")
        self.assertEqual(done.returncode, 1)
        self.assertIn("REFUSED" if "REFUSED" in done.stdout else "NOTAUTH", done.stdout)

    def test_nobody_listens(self):
        self.begin(start=False)
        self.party.server.stop()
        done = self.run_verb("provider", "test", self.party.name)
        self.assertEqual(done.returncode, 1)


class KnotTakesUpdates(Conformance, LabCase):
    kind = KnotParty


class SignedParty(Updated):
    """A BIND that signs the zone as it changes."""

    def start(self):
        self.server.more_of_zone = "dnssec-policy default;"
        super().start()
        wait_until("the zone to be signed", lambda: any(
            rrtype == "NSEC" for _, rrtype in self.rrsets()))


class SignedBindTakesUpdates(Conformance, LabCase):
    kind = SignedParty

    def test_what_the_signer_made_stays_and_is_in_nobodys_way(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"])
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assertIn("applied and read back", self.change(["a 60 IN TXT swapped"], 2))
        wait_until("the zone to be in sync", lambda: self.run_verb("plan").returncode == 0)
        there = self.party.rrsets()
        self.assertEqual(there[f"a.{ZONE}.", "TXT"], (60, ['"swapped"']))
        self.assertNotIn((f"b.{ZONE}.", "A"), there)
        self.assertIn((f"{ZONE}.", "DNSKEY"), there)
        self.assertIn((f"a.{ZONE}.", "RRSIG"), there)


only(SignedBindTakesUpdates, "test_what_the_signer_made_stays_and_is_in_nobodys_way")


class TlsParty(Updated):
    """A BIND whose name is in its certificate; taproot comes over TLS."""

    def start(self):
        authority = Authority(os.path.join(self.server.folder, "ca"))
        self.authority = authority.ca
        certificate, key = authority.issue("dns.example", "DNS:dns.example")
        self.tls_port = free_port()
        self.server.more_statements = (f'tls ours {{ cert-file "{certificate}"; '
                                       f'key-file "{key}"; }};')
        self.server.more_options = f"listen-on port {self.tls_port} tls ours {{ 127.0.0.1; }};"
        super().start()
        self.server_port = self.tls_port

    def entry(self, taproot, port):
        return {**super().entry(taproot, port),
                "tls": {"hostname": "dns.example", "ca-file": self.authority}}


class UpdatesOverTls(Conformance, LabCase):
    kind = TlsParty

    def test_a_server_of_another_name_gets_nothing(self):
        self.begin(["a 300 IN A 192.0.2.1"], start=False)
        tls = {"hostname": "other.example", "ca-file": self.party.authority}
        entry = {**self.party.entry(self.taproot, self.party.between.port), "tls": tls}
        taproot_config(self.taproot, self.party.keys(), [entry], [
            {"name": ZONE, "source": f"zones/{ZONE}.zone", "providers": [self.party.name]}])
        done = self.run_verb("provider", "test", self.party.name)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("hostname mismatch", done.stdout)


only(UpdatesOverTls, "test_a_server_of_another_name_gets_nothing", "test_changes_and_swaps_of_types",
     "test_a_wrong_key_stops_the_provider")


if __name__ == "__main__":
    main()
