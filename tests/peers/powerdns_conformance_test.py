"""PowerDNS by its HTTP API against what every driver must do; the server is the real one."""

import sys

from case import LabCase, main
from conformance import ZONE, Between, Conformance, Counterparty, Requests
from lab import PowerDns, taproot_config, wait_until


class PowerDnsParty(Counterparty):
    name = "powerdns"

    def __init__(self, lab):
        super().__init__(lab)
        self.server = PowerDns(lab, [ZONE])
        self.server.api_key = "canary-powerdns-0815"
        self.secrets = [self.server.api_key]

    def start(self):
        self.server.start()
        self.server_port = self.server.api_port

    def stop(self):
        self.server.stop()

    def entry(self, taproot, port):
        taproot.write("keys/powerdns", self.server.api_key + "\n", 0o600)
        return {"name": self.name, "kind": "powerdns", "url": f"http://127.0.0.1:{port}",
                "api-key-file": "keys/powerdns",
                "nameservers": {"ns1.example.net.": [f"127.0.0.1:{self.server.port}"]}}

    def put(self, name, rrtype, ttl, values):
        status, said = self.server.api("PATCH", f"/zones/{ZONE}.", {"rrsets": [{
            "name": f"{name}.", "type": rrtype, "ttl": ttl, "changetype": "REPLACE",
            "records": [{"content": value, "disabled": False} for value in values]}]})
        assert status == 204, said

    def rrsets(self):
        _, zone = self.server.api("GET", f"/zones/{ZONE}.")
        return {(rrset["name"], rrset["type"]):
                (rrset["ttl"], sorted(record["content"] for record in rrset["records"]))
                for rrset in zone["rrsets"]}

    def most_requests(self, records, changes):
        return Requests(3, 2)  # list or look, change, and the same again


class Conforms(Conformance, LabCase):
    kind = PowerDnsParty

    def test_calls_and_octets_of_ten_thousand_records(self):
        lines = [f"host{i} 300 IN A 192.0.2.{i % 250 + 1}" for i in range(10000)]
        self.begin(lines)
        between = self.party.between
        self.wait_for_push(1, 120)
        body = sum(len(f'{{"name":"host{i}.{ZONE}.","type":"A","changetype":"REPLACE","ttl":300,'
                       f'"records":[{{"content":"192.0.2.{i % 250 + 1}","disabled":false}}]}},')
                   for i in range(10000))
        self.assertLessEqual(between.requests, 3)
        self.assertLess(between.octets, body + 20_000, "the body is sent more than once")
        between.reset()
        self.assert_in_sync()
        self.assertLessEqual(between.requests, 2)
        between.reset()
        self.change(["host0 300 IN A 198.51.100.1", *lines[1:]], 2)
        self.assertLessEqual(between.requests, 3)
        self.assertLessEqual(between.octets + between.octets_back, 10_000)
        print(f"one of 10,000 records: {between.requests} requests, {between.octets} octets there "
              f"and {between.octets_back} back", file=sys.stderr)

    # PowerDNS has nothing with which a change could ask for what was there before: who writes
    # between reading and writing is overwritten, and the zone is right in the end all the same.


class ManyZones(LabCase):
    """Two hundred zones at one PowerDNS: who did not change costs nothing."""

    COUNT = 200

    def write(self, number, address):
        self.taproot.write_zone(f"z{number}.example.zone", "\n".join([
            f"$ORIGIN z{number}.example.", "$TTL 300",
            "@ IN SOA ns1.example.net. hostmaster.example.net. 1 7200 900 1209600 300",
            "@ IN NS ns1.example.net.", f"www IN A {address}"]) + "\n")

    def log(self):
        with open(self.taproot.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def said(self, words):
        return sum(words in line for line in self.log().splitlines())

    def restart(self):
        before = self.said("since it was last read whole")
        self.taproot.stop()
        self.between.reset()
        self.taproot.start()
        return before

    def test_calls_with_no_zone_and_with_one_changed(self):
        zones = [f"z{number}.example" for number in range(self.COUNT)]
        server = self.lab.add(PowerDns(self.lab, zones)).start()
        self.between = Between(server.api_port)
        self.addCleanup(self.between.stop)
        for number in range(self.COUNT):
            self.write(number, "192.0.2.1")
        self.taproot.write("keys/powerdns", server.api_key + "\n", 0o600)
        taproot_config(self.taproot, [], [
            {"name": "powerdns", "kind": "powerdns", "api-key-file": "keys/powerdns",
             "url": f"http://127.0.0.1:{self.between.port}"}],
            [{"name": zone, "source": f"zones/{zone}.zone", "providers": ["powerdns"]}
             for zone in zones])
        self.taproot.start()
        wait_until("all zones to be pushed",
                   lambda: self.said("applied and read back") == self.COUNT, 120)
        before = self.restart()
        wait_until("all to be known", lambda: self.said("since it was last read whole") ==
                   before + self.COUNT, 60)
        self.assertLessEqual(self.between.requests, 1)
        # One changes while taproot runs, and one while it does not.
        self.write(7, "192.0.2.7")
        self.command(0, "reload", "z7.example")
        wait_until("the change", lambda: self.said("applied and read back") == self.COUNT + 1)
        self.assertLessEqual(self.between.requests, 4)
        self.write(8, "192.0.2.8")
        self.restart()
        wait_until("the change", lambda: self.said("applied and read back") == self.COUNT + 2)
        self.assertLessEqual(self.between.requests, 4)
        for number in (7, 8):
            _, zone = server.api("GET", f"/zones/z{number}.example.")
            self.assertIn(f"192.0.2.{number}", str(zone["rrsets"]))


if __name__ == "__main__":
    main()
