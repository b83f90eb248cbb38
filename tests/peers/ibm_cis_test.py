"""IBM Cloud Internet Services: an emulator of its API, which Cloudflare's client holds to account,
since the API is Cloudflare's."""

import json

from case import LabCase, main
from cloudflare_test import CloudflareParty, client
from conformance import ZONE, Conformance, Requests, SingleRecords
from sdk import OwnClient

from lab import taproot_config, wait_until

from ibm_cis_emulator import IbmCis  # conformance named the folder
from emulator import Answer, Fault


class IbmCisParty(CloudflareParty):
    secrets = ["canary-cis-6612", "canary-iam-token"]
    name = "ibm-cis"

    def start(self):
        self.emulator = IbmCis()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        url = f"http://127.0.0.1:{port}"
        taproot.write("keys/key", self.emulator.key + "\n", 0o600)
        return {"name": self.name, "kind": "ibm-cis", "api-key-file": "keys/key", "crn": IbmCis.CRN,
                "url": url, "login-url": url}

    def put(self, name, rrtype, ttl, values):
        super().put(name, rrtype, max(ttl, 120), values)

    def most_requests(self, records, changes):
        most = super().most_requests(records, changes)
        return most if changes < records else Requests(most.all + 1, most.write + 1)  # a token


class Conforms(OwnClient, SingleRecords, Conformance, LabCase):
    kind = IbmCisParty
    creating = "batch"
    sdk, package = "cloudflare", "cloudflare"  # npm has none of IBM's for this API

    def sdk_words(self):
        self.party.emulator.tokens.add("client-token")
        return {"url": self.party.emulator.url() + IbmCis.PREFIX, "token": "client-token"}

    def zone_for_sdk(self):
        return self.party.zone["id"]

    def test_changes_and_swaps_of_types(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN CNAME a", "c 300 IN A 192.0.2.3"])
        self.wait_for_push(1)
        self.change(["a 300 IN CNAME c", "b 60 IN A 192.0.2.2", "c 300 IN A 192.0.2.3"], 2)
        self.assertEqual(self.ours(), {(f"a.{ZONE}.", "CNAME"): (300, [f"c.{ZONE}."]),
                                       (f"b.{ZONE}.", "A"): (120, ["192.0.2.2"]),
                                       (f"c.{ZONE}.", "A"): (300, ["192.0.2.3"])})
        self.assert_in_sync()

    def test_what_others_put_there_stays(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.party.put("theirs." + ZONE, "TXT", 300, ['"theirs"'])
        self.wait_for_push(1)
        self.change(["b 300 IN A 192.0.2.1"], 2)
        self.assertEqual(self.ours(), {(f"theirs.{ZONE}.", "TXT"): (300, ['"theirs"']),
                                       (f"b.{ZONE}.", "A"): (300, ["192.0.2.1"])})

    def test_services_say_where_they_are(self):
        self.begin(["_sip._tcp 300 IN SRV 1 2 3 sip.example.net.",
                    "_sip._udp.office 300 IN SRV 1 2 3 sip.example.net."])
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.change(["_sip._tcp 300 IN SRV 1 2 4 sip.example.net.",
                     "_sip._udp.office 300 IN SRV 1 2 3 sip.example.net."], 2)
        names = {one["name"]: one["data"] for one in self.party.zone["records"].values()}
        self.assertEqual(names[f"_sip._udp.office.{ZONE}"]["name"], f"office.{ZONE}")
        self.assertEqual(names[f"_sip._tcp.{ZONE}"]["port"], 4)
        self.assert_in_sync()

    def test_cloudflares_client_sees_what_taproot_wrote(self):
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(120)),
                    "m 300 IN MX 10 mail.example.net.", '@ 300 IN CAA 0 issue "ca.example.net"'])
        self.wait_for_push(1)
        emulator = self.party.emulator
        emulator.tokens.add("client-token")
        words = {"zone": self.party.zone["id"], "token": "client-token", "path": IbmCis.PREFIX}
        listed = client(emulator, "list", **words)
        self.assertEqual(len(listed), 122)
        self.assertEqual({one["type"] for one in listed}, {"A", "CAA", "MX"})
        record = {"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 120}
        self.assertEqual(client(emulator, "post", data=record, **words)["name"], f"x.{ZONE}")
        for wrong in ({**record, "ttl": 60}, {**record, "type": "TLSA"}, record,
                      {**record, "type": "SRV", "data": {"priority": 1, "weight": 1, "port": 1,
                                                         "target": "x"}}):
            self.assertIn("code", client(emulator, "post", data=wrong, **words))
        self.assertIn("code", client(emulator, "list", **{**words, "token": "wrong"}))

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(429, json.dumps({"result": None, "success": False, "messages": [], "errors": [
            {"code": 10100, "message": "slow"}]}), "application/json", [("Retry-After", "1")])
        self.party.emulator.faults += [Fault("list records", slow_down, 2), Fault("batch", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("token", "list zones", "list records", "batch"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_zones_are_found_among_many(self):
        self.begin(start=False)
        self.party.emulator.add_zone("xn--bcher-kva.example")
        for i in range(1199):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "ibm-cis", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 1202)
        self.command(0, "provider", "test", "ibm-cis")
        self.party.emulator.zones = dict(reversed(self.party.emulator.zones.items()))
        done = self.run_verb("provider", "test", "ibm-cis")
        self.assertEqual(done.returncode, 1)
        self.assertIn("zone-ids", done.stdout)


class ManyZones(LabCase):
    """CIS cannot be asked for a zone by name: one list tells where all of them are."""

    def test_first_pushes_of_many_zones_share_a_list(self):
        count = 40
        party = IbmCisParty(self.lab)
        party.start()
        self.addCleanup(party.stop)
        zones = [f"z{i}.example.net" for i in range(count)]
        for zone in zones:
            party.emulator.add_zone(zone)
            self.taproot.write_zone(f"{zone}.zone", (
                f"$ORIGIN {zone}.\n$TTL 300\n@ IN SOA ns1.example.org. hostmaster 1 2h 15m 2w 5m\n"
                f"@ IN NS ns1.example.org.\nwww IN A 192.0.2.1\n"))
        taproot_config(self.taproot, [], [party.entry(self.taproot, party.emulator.port)], [
            {"name": zone, "source": f"zones/{zone}.zone", "providers": [party.name]}
            for zone in zones])
        self.taproot.start()
        wait_until("all to be there", lambda: all(
            row["state"] == "in-sync" for zone in self.taproot.ask("status")["zones"]
            for row in zone["providers"]), 120)
        counts = party.emulator.calls
        self.assertGreaterEqual(counts["list records"], count)
        # Two are under way at a time, and a list is good for half a minute.
        self.assertLessEqual(counts["list zones"], 6, counts)


if __name__ == "__main__":
    main()
