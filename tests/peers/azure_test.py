"""Azure DNS: an emulator of its API, which Azure's own client holds to account."""

import json
import re

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests
from sdk import OwnClient

from azure_emulator import NAMESERVERS, PAGE, Azure  # conformance named the folder
from emulator import Answer, Fault


class AzureParty(EmulatedParty):
    secrets = ["canary-azure~0042", "canary-token"]
    name = "azure"
    page = PAGE
    many = 9998  # a zone has room for 10,000, of which the apex has two

    def start(self):
        self.emulator = Azure()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        url = f"http://127.0.0.1:{port}"
        taproot.write("keys/secret", self.emulator.secret + "\n", 0o600)
        return {"name": self.name, "kind": "azure", "url": url, "login-url": url,
                "tenant": Azure.TENANT, "subscription": Azure.SUBSCRIPTION,
                "resource-group": Azure.GROUP, "client-id": Azure.CLIENT,
                "client-secret-file": "keys/secret"}

    def put(self, name, rrtype, ttl, values):
        relative = name.lower().removesuffix("." + ZONE)
        with self.emulator.lock:
            self.emulator.drop(self.zone, relative, rrtype)
            if values:
                records = [{"ipv4Address": one} if rrtype == "A" else {"value": [one.strip('"')]}
                           for one in values]
                self.emulator.keep(self.zone, relative, rrtype, ttl, records)

    def rrsets(self):
        def text(rrtype, record):
            if rrtype == "TXT":
                return " ".join(f'"{one}"' for one in record["value"])
            parts = [str(one) for one in record.values()]
            if rrtype in ("CNAME", "MX", "NS", "PTR", "SRV"):
                parts[-1] = parts[-1].rstrip(".") + "."
            return " ".join(parts)

        with self.emulator.lock:
            return {(f"{ZONE}." if name == "@" else f"{name}.{ZONE}.", rrtype):
                    (one["ttl"], sorted(text(rrtype, record) for record in one["records"]))
                    for (name, rrtype), one in self.zone["sets"].items()}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # Find, list, one request for each RRset, list; at first a token, too. A look before and after
        # at each RRset that is changed, where that is less.
        lists = -(-(records + 2) // PAGE)
        if changes <= lists:
            return Requests(3 * changes, changes + 1)
        if changes >= records:
            return Requests(3 + changes + lists, 4)
        return Requests(1 + lists + changes + lists, 2 + lists)


class Conforms(OwnClient, Conformance, LabCase):
    kind = AzureParty
    sdk, package = "azure", "@azure/arm-dns"

    def sdk_words(self):
        self.party.emulator.tokens.add("client-token")
        return {"token": "client-token", "subscription": Azure.SUBSCRIPTION, "group": Azure.GROUP}

    def client(self, *calls):
        """Results of calls, each [group, method, argument…]."""
        return self.ask_sdk(*(["call", *one] for one in calls))

    def test_azures_client_agrees(self):
        self.need_sdk()
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(PAGE)), '* 60 IN TXT "a;b" "c"',
                    '@ 300 IN CAA 0 issue "ca.example.net"', "s 300 IN SRV 1 2 3 sip.example.net."])
        self.wait_for_push(1)
        sets = {(one["name"], one["type"].rpartition("/")[2]): one
                for one in self.client(["recordSets", "listByDnsZone", ZONE])[0]}
        self.assertEqual(len(sets), PAGE + 5)
        self.assertEqual(sets["*", "TXT"]["txtRecords"], [{"value": ["a;b", "c"]}])
        self.assertEqual(sets["@", "CAA"]["caaRecords"],
                         [{"flags": 0, "tag": "issue", "value": "ca.example.net"}])
        self.assertEqual(sets["s", "SRV"]["srvRecords"][0]["target"], "sip.example.net")
        one = {"ttl": 60, "aRecords": [{"ipv4Address": "203.0.113.7"}]}
        put = ["recordSets", "createOrUpdate", ZONE]
        answers = self.client(
            [*put, "new", "A", one], [*put, "new", "A", one, {"ifNoneMatch": "*"}],
            [*put, "new", "A", one, {"ifMatch": "wrong"}],
            [*put, "new", "CNAME", {"ttl": 60, "cnameRecord": {"cname": "x.example.net"}}],
            [*put, "b", "A", {"ttl": 60, "aRecords": [{"ipv4Address": "192.0.2.300"}]}],
            ["recordSets", "delete", ZONE, "@", "SOA"],
            ["recordSets", "delete", ZONE, "gone", "A"],
            ["recordSets", "get", ZONE, "gone", "A"], ["recordSets", "get", ZONE, "new", "A"],
            ["zones", "get", "none.example"], ["zones", "listByResourceGroup"])
        self.assertEqual([one.get("status") if isinstance(one, dict) else one for one in answers[:8]],
                         [None, 412, 412, 400, 400, 400, None, 404])
        self.assertEqual(answers[8]["aRecords"], one["aRecords"])
        self.assertEqual(answers[9]["status"], 404)
        self.assertEqual({one["name"] for one in answers[10]}, {ZONE, "example.org"})
        self.assertIn("new.example.com. A", self.run_verb("plan").stdout)

    def test_others_changes_are_not_written_over(self):
        """Each request says what was read: an RRset that changed meanwhile is read again."""
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator, raced = self.party.emulator, []

        def before(operation):
            if operation == "put set" and not raced:
                raced.append(operation)
                self.party.put("a." + ZONE, "A", 300, ["203.0.113.1"])

        emulator.before = before
        self.assertIn("applied and read back", self.change(["a 300 IN A 192.0.2.9",
                                                            "b 300 IN A 192.0.2.1"], 2))
        self.assertEqual(emulator.calls["put set"], 4)  # two new ones, one refused, and once more
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.9"]))

    def test_aliases_and_empty_sets_are_left_alone(self):
        self.begin(start=False)
        emulator, zone = self.party.emulator, self.party.zone
        emulator.keep(zone, "al", "A", 60, [], target={"id": "/subscriptions/x/publicIP"})
        emulator.keep(zone, "empty", "TXT", 60, [])
        self.write(["al 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 conflict left alone", self.wait_for_push(1))
        self.assertIn("without records", self.run_verb("plan").stdout)
        self.assertEqual(zone["sets"]["al", "A"]["records"], [])

    def test_members_without_capitals_are_read(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN CNAME a", "c 300 IN TXT x", "d 300 IN MX 1 a"],
                   start=False)
        self.party.emulator.small_letters = True
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assert_in_sync()

    def test_links_to_other_hosts_get_no_token(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(PAGE + 1)], start=False)
        self.party.emulator.public_url = "http://127.0.0.2:9"
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assertEqual(len(self.ours()), PAGE + 1)

    def test_name_servers_of_others_join_azures(self):
        self.begin(start=False, **{"apex-ns": "join"})
        self.taproot.write_zone(ZONE + ".zone", self.zone_of("ns1.example.net."))
        self.taproot.start()
        plan = re.search(r"plan ([0-9a-f]{12})", self.wait_for_push(1))[1]  # the guard apex-ns
        self.command(0, "apply", "--force", plan, "--wait")
        self.assertEqual(self.party.rrsets()[ZONE + ".", "NS"][1],
                         sorted([*NAMESERVERS, "ns1.example.net."]))

    @staticmethod
    def zone_of(*ns):
        from conformance import zone_text
        return zone_text(["a 300 IN A 192.0.2.1"], ns)

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(429, json.dumps({"error": {"code": "TooManyRequests", "message": "slow"}}),
                           "application/json", [("Retry-After", "1")])
        self.party.emulator.faults += [Fault("list sets", slow_down, 2), Fault("put set", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_a_lock_is_said_and_not_tried_on_and_on(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        locked = Answer(409, json.dumps({"error": {"code": "ScopeLocked", "message": "it is locked"}}),
                        "application/json")
        self.party.emulator.faults += [Fault("put set", locked, 9)]
        self.assertIn("ScopeLocked: it is locked", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(self.party.emulator.faults[0].times, 8)

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("token", "get zone", "list sets", "put set"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("get set", "put set"), ("lost", "cut", "nothing", "empty object"),
                          remembers=True)

    def test_an_empty_list_with_success_is_no_empty_zone(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(20)])
        self.wait_for_push(1)
        lie = Answer(200, json.dumps({"value": []}), "application/json")
        self.party.emulator.faults += [Fault("list sets", lie, 1)]
        self.assertIn("1 change applied", self.change(
            [f"host{i} 300 IN A 192.0.2.{2 if i == 0 else 1}" for i in range(20)], 2))
        self.assertEqual(len(self.ours()), 20)

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(120):
            self.party.emulator.add_zone(f"z{i}.example.net")
        self.party.emulator.add_zone("private.example.net", "Private")
        done = self.command(0, "provider", "zones", "azure", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 122)


if __name__ == "__main__":
    main()
