"""SoftLayer: an emulator of its API, which SoftLayer's own client and libcloud hold to account."""

import base64
import json
import subprocess

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests, SingleRecords

from softlayer_emulator import NAMESERVERS, SoftLayer  # conformance named the folder
from emulator import Answer, Fault

PAGE = 1000
BATCH = 100

CLIENT = """
import json, sys
import SoftLayer
words = json.loads(sys.stdin.read())
kinds = {"rest": SoftLayer.RestTransport, "xmlrpc": SoftLayer.XmlRpcTransport}
transport = kinds[words["way"]](endpoint_url=words["url"] + "/" + words["way"] + "/v3.1")
kinds = {"rest": SoftLayer.BasicHTTPAuthentication, "xmlrpc": SoftLayer.BasicAuthentication}
client = SoftLayer.BaseClient(transport=transport,
                              auth=kinds[words["way"]](words["user"], words["key"]))
dns = SoftLayer.DNSManager(client)
try:
    result = getattr(dns, words["do"])(*words["arguments"])
    print(json.dumps(list(result) if words["do"].startswith(("list", "get_records")) else result))
except SoftLayer.SoftLayerAPIError as error:
    print(json.dumps({"code": error.faultCode, "message": error.faultString}))
"""

LIBCLOUD = """
import json, sys
from libcloud.dns.drivers.softlayer import SoftLayerDNSDriver
words = json.loads(sys.stdin.read())
driver = SoftLayerDNSDriver(words["user"], words["key"], secure=False, host="127.0.0.1",
                            port=words["port"])
zone = next(one for one in driver.list_zones() if one.domain == words["zone"])
for record in words.get("create", []):
    driver.create_record(record[0], zone, record[1], record[2], extra=record[3])
print(json.dumps([[one.name, one.type, one.data, one.ttl, one.extra["mxPriority"]]
                  for one in driver.list_records(zone)]))
"""


def python(program, words):
    done = subprocess.run(["/usr/bin/python3", "-c", program], input=json.dumps(words), text=True,
                          capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def client(emulator, do, *arguments, key=None, way="rest"):
    """SoftLayer's Python client, as Debian packages it."""
    return python(CLIENT, {"url": emulator.url(), "user": emulator.user, "key": key or emulator.key,
                           "do": do, "arguments": arguments, "way": way})


def libcloud(emulator, **words):
    """Apache libcloud, which speaks XML-RPC."""
    return python(LIBCLOUD, {"port": emulator.port, "user": emulator.user, "key": emulator.key,
                             "zone": ZONE, **words})


class SoftLayerParty(EmulatedParty):
    secrets = ["canary-softlayer-5511", base64.b64encode(b"SL123:canary-softlayer-5511").decode()]
    name = "softlayer"
    page = PAGE

    def start(self):
        self.emulator = SoftLayer()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("sub." + ZONE)
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        taproot.write("keys/key", self.emulator.key + "\n", 0o600)
        return {"name": self.name, "kind": "softlayer", "user": self.emulator.user,
                "api-key-file": "keys/key", "url": f"http://127.0.0.1:{port}/rest/v3.1"}

    def put(self, name, rrtype, ttl, values):
        host = name.removesuffix("." + ZONE)
        with self.emulator.lock:
            records = self.zone["records"]
            for key in [key for key, one in records.items()
                        if (one["host"], one["type"]) == (host, rrtype.lower())]:
                self.emulator.drop(self.zone, key)
            for value in values:
                self.emulator.create("ResourceRecord", {
                    "domainId": self.zone["id"], "host": host, "ttl": ttl,
                                          "type": rrtype, "data": value.strip('"')})

    def rrsets(self):
        sets = {}
        with self.emulator.lock:
            records = list(self.zone["records"].values())
        for one in records:
            host, rrtype, value = one["host"], one["type"].upper(), one["data"]
            if rrtype == "SRV":
                owner = one["service"] + "." + one["protocol"]
                host = owner if host == "@" else f"{owner}.{host}"
                value = f"{one['priority']} {one['weight']} {one['port']} {value}"
            if rrtype == "MX":
                value = f"{one['mxPriority']} {value}"
            if rrtype == "TXT":
                value = f'"{value}"'
            name = ZONE if host == "@" else f"{host.lower()}.{ZONE}"
            sets.setdefault((name + ".", rrtype), (one["ttl"], []))[1].append(value)
        return {key: (ttl, sorted(values)) for key, (ttl, values) in sets.items()}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # Find it, list it, one request for each 100 records of one kind of change, list it again; or
        # a look at what is changed before and after, where that is less. Of a few changes one is a
        # record changed in place, and one a new record.
        lists = -(-(records + 3) // PAGE)
        if changes <= lists:
            return Requests(2 * changes + min(changes, 2), changes + 1)
        before = 1 if changes >= records else lists
        writes = -(-changes // BATCH) if changes >= records else min(changes, 2)
        return Requests(1 + before + writes + lists, 2 + before)


class Conforms(SingleRecords, Conformance, LabCase):
    kind = SoftLayerParty
    creating = "Dns_Domain_ResourceRecord.createObject"
    listed_apex = 3  # records: the SOA and two NS

    def test_lists_of_one_without_the_list(self):
        self.begin(start=False)
        self.party.emulator.bare_single = True
        self.write(["a 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 change applied", self.wait_for_push(1))
        self.assert_in_sync()

    def test_services_below_the_apex(self):
        self.begin(["_sip._tcp 300 IN SRV 1 2 3 sip.example.net.",
                    "_sip._udp.office 300 IN SRV 1 2 3 sip.example.net.",
                    "_sip._udp.office 300 IN SRV 2 2 3 sip", "n 300 IN MX 0 .",
                    "m 300 IN MX 7 a", "m 300 IN MX 5 a", "a 300 IN A 192.0.2.1", "sip 300 IN A 192.0.2.1"])
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.change(["_sip._tcp 300 IN SRV 1 2 4 sip.example.net.",
                     "_sip._udp.office 60 IN SRV 1 2 3 sip.example.net.",
                     "m 300 IN MX 1 mail.example.net.", "m 300 IN MX 5 a", "a 300 IN A 192.0.2.1",
                     "sip 300 IN A 192.0.2.1"], 2)
        self.assertEqual(self.ours(), {
            (f"_sip._tcp.{ZONE}.", "SRV"): (300, ["1 2 4 sip.example.net."]),
            (f"_sip._udp.office.{ZONE}.", "SRV"): (60, ["1 2 3 sip.example.net."]),
            (f"a.{ZONE}.", "A"): (300, ["192.0.2.1"]), (f"sip.{ZONE}.", "A"): (300, ["192.0.2.1"]),
            (f"m.{ZONE}.", "MX"): (300, ["1 mail.example.net.", f"5 a.{ZONE}."])})

    def test_what_it_cannot_hold_is_refused_or_left_out(self):
        self.begin(["a 300 IN A 192.0.2.1", "odd 300 IN SRV 1 2 3 sip.example.net.",
                    "x/y 300 IN A 192.0.2.1", 'c 300 IN CAA 0 issue "ca.example.net"'])
        self.assertIn("3 RRsets that the provider cannot hold", self.wait_for_push(1))
        self.assertEqual(self.ours(), {})
        plan = str(self.taproot.call("GET", "/v1/plan")[1])
        for words in ("SRV records whose owner", "octet 47", "type CAA"):
            self.assertIn(words, plan)

    def test_a_batch_that_was_done_in_part_is_finished_one_by_one(self):
        lines = [f"h{i} 300 IN A 192.0.2.1" for i in range(10)]
        self.begin(start=False)
        check = self.party.emulator.check

        def refuse(domain, record, kind):
            if record["host"] == "h5":
                record = {**record, "data": "refused"}
            check(domain, record, kind)

        self.party.emulator.check = refuse
        self.write(lines)
        self.taproot.start()
        said = self.wait_for_push(1)
        self.assertIn("9 changes applied and read back, 1 RRset refused", said)
        self.assertIn("'refused' is not an address", said)
        self.assertEqual(len(self.ours()), 9)
        self.assertTrue(all(len(values) == 1 for _, values in self.ours().values()), "made twice")

    def test_a_secondary_zone_is_refused(self):
        self.begin(start=False)
        self.party.zone["secondary"] = {"id": 1, "masterIpAddress": "192.0.2.53"}
        self.taproot.start()
        self.assertIn("kind: transfer", self.wait_for_push(1))

    def test_softlayers_client_agrees(self):
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(150)),
                    "m 300 IN MX 10 mail.example.net.", "_sip._tcp 300 IN SRV 1 2 3 sip.example.net.",
                    't 300 IN TXT "say ; " "hi"'])
        self.wait_for_push(1)
        emulator, zone = self.party.emulator, self.party.zone["id"]
        for way in ("rest", "xmlrpc"):
            listed = client(emulator, "get_records", zone, way=way)
            self.assertEqual(len(listed), 156)
            by_type = {one["type"]: one for one in listed}
            self.assertEqual((by_type["mx"]["mxPriority"], by_type["mx"]["data"]),
                             (10, "mail.example.net."))
            self.assertEqual(by_type["txt"]["data"], "say ; hi")
        made = client(emulator, "create_record", zone, "host1", "A", "203.0.113.7", 300)
        client(emulator, "create_record_srv", zone, "@", "s.example.net.", "_udp", 53, "_dns")
        client(emulator, "create_record_mx", zone, "m2", "mx.example.net.")
        said = self.run_verb("plan").stdout
        for words in ("203.0.113.7", f"_dns._udp.{ZONE}. SRV", f"m2.{ZONE}. MX"):
            self.assertIn(words, said)
        client(emulator, "delete_record", made["id"])
        self.assertEqual(client(emulator, "delete_record", made["id"])["code"], 404)

    def test_libcloud_agrees(self):
        """The same records made by libcloud and by taproot are the same records."""
        self.begin(["a 300 IN A 192.0.2.1", "c 300 IN CNAME a", "m 300 IN MX 10 mail.example.net.",
                    "t 300 IN TXT text"], start=False)
        emulator = self.party.emulator
        made = libcloud(emulator, create=[
            ["a", "A", "192.0.2.1", {"ttl": 300}], ["c", "CNAME", f"a.{ZONE}.", {"ttl": 300}],
            ["m", "MX", "mail.example.net.", {"ttl": 300, "priority": 10}],
            ["t", "TXT", "text", {"ttl": 300}]])
        self.taproot.start()
        self.assertIn("nothing to change", self.wait_for_push(1))
        for key in [key for key, one in self.party.zone["records"].items() if one["host"] not in "@a"]:
            emulator.drop(self.party.zone, key)
        self.command(0, "apply", "--wait")
        self.assertEqual(sorted(map(str, libcloud(emulator))), sorted(map(str, made)))

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("Dns_Domain.getResourceRecords", "Dns_Domain_ResourceRecord.editObject"),
                          ("lost", "cut", "nothing", "empty object"), remembers=True)

    def test_names_that_filters_cannot_ask_for(self):
        """A wildcard and a service change as ever: the zone is read whole for them."""
        self.begin(["* 300 IN A 192.0.2.1", "_sip._tcp 300 IN SRV 1 2 5060 a.example.net."])
        self.wait_for_push(1)
        self.assertIn("1 change applied", self.change(
            ["* 300 IN A 192.0.2.2", "_sip._tcp 300 IN SRV 1 2 5060 a.example.net."], 2))
        self.assertIn("1 change applied", self.change(
            ["* 300 IN A 192.0.2.2", "_sip._tcp 300 IN SRV 1 2 5061 a.example.net."], 3))
        self.assert_in_sync()

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(500, json.dumps({
            "error": "API rate limit exceeded: 50 requests for every 1 second",
            "code": "SoftLayer_Exception_WebService_RateLimitExceeded"}), "application/json")
        self.party.emulator.faults += [
            Fault("Account.getDomains", slow_down, 2),
            Fault("Dns_Domain_ResourceRecord.editObject", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("Account.getDomains", "Dns_Domain.getResourceRecords",
             "Dns_Domain_ResourceRecord.editObject"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_an_error_with_status_200_is_one(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        error = Answer(200, json.dumps({"error": "Internal Error", "code": "SoftLayer_Exception_Public"}),
                       "application/json")
        empty = Answer(200, "[]", "application/json", [("SoftLayer-Total-Items", "4")])
        self.party.emulator.faults += [
            Fault("Dns_Domain.getResourceRecords", error), Fault("Dns_Domain.getResourceRecords", empty),
            Fault("Dns_Domain_ResourceRecord.editObject", error)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(1200):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "softlayer", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 1202)

    def test_the_emulator_is_honest(self):
        self.party.start()
        emulator, zone = self.party.emulator, self.party.zone["id"]
        self.assertEqual(client(emulator, "list_zones", key="wrong")["code"], 401)
        self.assertEqual({one["name"] for one in client(emulator, "list_zones")}, {ZONE, "sub." + ZONE})
        client(emulator, "create_record", zone, "x/ y", "A", "192.0.2.1", 120)
        self.assertIn((f"xy.{ZONE}.", "A"), self.ours())
        for arguments in (["xy", "CNAME", "y.example.net.", 120], ["z", "A", "192.0.2.300", 120],
                          ["z", "A", "192.0.2.3", 30], ["z", "CAA", "x", 120], ["z", "SRV", "x.", 120],
                          ["z", "MX", "x.", 120]):
            self.assertEqual(client(emulator, "create_record", zone, *arguments)["code"], 500, arguments)
        soa = client(emulator, "get_records", zone, None, None, None, "SOA")[0]
        self.assertEqual(client(emulator, "delete_record", soa["id"])["code"], 500)
        self.assertEqual(client(emulator, "get_records", 99)["code"], 404)


if __name__ == "__main__":
    main()
