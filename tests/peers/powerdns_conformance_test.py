"""PowerDNS by its HTTP API against what every driver must do; the server is the real one."""

from case import LabCase, main
from conformance import ZONE, Conformance, Counterparty, Requests
from lab import PowerDns


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
        return Requests(3, 2)  # list, change, list


class Conforms(Conformance, LabCase):
    kind = PowerDnsParty

    # PowerDNS has nothing with which a change could ask for what was there before: who writes
    # between reading and writing is overwritten, and the zone is right in the end all the same.


if __name__ == "__main__":
    main()
