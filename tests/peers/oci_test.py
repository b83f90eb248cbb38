"""The DNS of Oracle Cloud Infrastructure: an emulator of its API, which Oracle's own client
holds to account."""

import json
import os
import re

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests, SingleRecords, only, zone_text
from lab import wait_until
from sdk import OwnClient

from oci_emulator import MAX_OPERATIONS, MOST, NAMESERVERS, Key, Oci  # conformance named the folder
from emulator import Answer, Fault

APEX = 1 + len(NAMESERVERS)  # records that each zone has


class OciParty(EmulatedParty):
    PASSPHRASE = "canary-passphrase-0042"
    secrets = ["PRIVATE KEY", PASSPHRASE]
    name = "oci"
    page = MOST

    def start(self):
        self.emulator = Oci(self.PASSPHRASE)
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone(ZONE, "PRIVATE")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        taproot.write("keys/oci.pem", self.emulator.key.pem() + "OCI_API_KEY\n", 0o600)
        taproot.write("keys/passphrase", self.PASSPHRASE + "\n", 0o600)
        return {"name": self.name, "kind": "oci", "url": f"http://127.0.0.1:{port}",
                "tenancy": Oci.TENANCY, "user": Oci.USER, "compartment": Oci.COMPARTMENT,
                "private-key-file": "keys/oci.pem", "passphrase-file": "keys/passphrase"}

    def put(self, name, rrtype, ttl, values):
        self.emulator.put(self.zone, name, rrtype, ttl, values)

    def rrsets(self):
        with self.emulator.lock:
            return {(name + ".", rrtype): (what["ttl"], sorted(what["values"]))
                    for (name, rrtype), what in self.zone["sets"].items()}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # The list, one PATCH for each 500 operations, and the list again; a small change needs no
        # list before it, and looks at what was changed.
        pages = -(-(records + APEX) // MOST)
        patches = -(-changes // MAX_OPERATIONS)
        if changes < records:
            return Requests(patches + min(changes, pages), 1)
        return Requests(1 + patches + pages, 2)


class Conforms(OwnClient, Conformance, LabCase):
    kind = OciParty
    sdk, package = "oci", "oci-dns"
    listed_apex = APEX
    test_lists_of_every_length = SingleRecords.test_lists_of_every_length
    test_an_rrset_over_two_pages_is_one = SingleRecords.test_an_rrset_over_two_pages_is_one

    def wrong_key(self):
        """Another user's key: it signs, and Oracle does not know it."""
        other = Key(OciParty.PASSPHRASE)
        self.taproot.write("keys/oci.pem", other.pem(), 0o600)
        other.remove()

    def sdk_words(self):
        emulator = self.party.emulator
        return {"tenancy": Oci.TENANCY, "user": Oci.USER, "fingerprint": emulator.key.fingerprint,
                "key": emulator.key.pem(), "passphrase": OciParty.PASSPHRASE}

    def client(self, *calls):
        """Results of calls, each [method, request]."""
        return self.ask_sdk(*(["call", *one] for one in calls))

    def test_oracles_client_agrees(self):
        self.need_sdk()
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(MOST)), '* 60 IN TXT "a;b" "c"'])
        self.wait_for_push(1)
        zone = {"zoneNameOrId": ZONE, "scope": "GLOBAL"}
        first, = self.client(["getZoneRecords", {**zone, "limit": MOST}])
        rest, shown, wild = self.client(
            ["getZoneRecords", {**zone, "limit": MOST, "page": first["opcNextPage"]}],
            ["getZone", zone], ["getZoneRecords", {**zone, "domain": f"*.{ZONE}"}])
        self.assertEqual(len(first["items"] + rest["items"]), MOST + 1 + APEX)
        self.assertEqual([first["opcTotalItems"], first["eTag"]], [MOST + 1 + APEX, rest["eTag"]])
        self.assertEqual(shown["zone"]["name"], ZONE)
        self.assertEqual([one["rdata"] for one in wild["items"]], ['"a;b" "c"'])

        def patch(*items, **more):
            return ["patchZoneRecords", {**zone, **more, "patchZoneRecordsDetails": {"items": items}}]

        new = {"domain": f"new.{ZONE}", "rtype": "A", "rdata": "203.0.113.7", "ttl": 60}
        place = {"domain": new["domain"], "rtype": "A"}
        answers = self.client(
            patch({**new, "operation": "ADD"}, ifMatch=first["eTag"]),
            patch({**new, "operation": "ADD"}, ifMatch=first["eTag"]),
            patch({**place, "operation": "PROHIBIT"}), patch({**place, "operation": "REQUIRE"}),
            patch({**place, "rtype": "CNAME", "rdata": "x.example.net.", "ttl": 60, "operation": "ADD"}),
            patch({**new, "rdata": "192.0.2.300", "operation": "ADD"}),
            patch({"operation": "REMOVE", "domain": ZONE, "rtype": "NS"}),
            patch({"operation": "ADD", **place, "ttl": 600}),
            ["getZoneRecords", {**zone, "domain": new["domain"]}],
            ["getZone", {**zone, "zoneNameOrId": "none.example"}],
            ["listZones", {"compartmentId": Oci.COMPARTMENT, "scope": "GLOBAL"}])
        self.assertEqual([one.get("status", 200) for one in answers],
                         [200, 412, 409, 200, 400, 400, 400, 200, 200, 404, 200])
        self.assertEqual([(one["rdata"], one["ttl"]) for one in answers[8]["items"]],
                         [("203.0.113.7", 600)])
        self.assertEqual(len(answers[10]["items"]), 1)
        self.assertIn("new.example.com. A", self.run_verb("plan").stdout)

    def test_others_changes_are_not_written_over(self):
        """Whatever anybody changes in the zone: the next PATCH is refused, and planned again."""
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.put("theirs." + ZONE, "A", 60, ["203.0.113.1"])
        self.party.emulator.reset_counters()
        self.assertIn("applied and read back", self.change(["a 300 IN A 192.0.2.9"], 2))
        self.assertEqual(self.party.emulator.log,
                         ["patch records", "list records", "patch records", "look"])
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.9"]))
        self.change(["a 300 IN A 192.0.2.10"], 3)
        self.assertEqual(self.party.emulator.log[4:], ["patch records", "look"])

    def test_somebody_writes_between_two_batches(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(MAX_OPERATIONS + 1)], start=False)
        raced = []

        def after(operation):
            if operation == "patch records" and not raced:
                raced.append(operation)
                self.party.put(f"host{MAX_OPERATIONS}.{ZONE}", "A", 60, ["203.0.113.1"])

        self.party.emulator.after = after
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assertEqual(set(map(tuple, (one[1] for one in self.ours().values()))), {("192.0.2.1",)})

    def test_a_zone_that_changes_while_it_is_listed_is_listed_again(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(MOST + 20)])
        self.wait_for_push(1)
        changed = []

        def after(operation):
            if operation == "list records" and not changed:
                changed.append(operation)
                self.party.put("theirs." + ZONE, "A", 60, ["203.0.113.1"])

        self.party.emulator.after = after
        self.party.emulator.reset_counters()
        self.assertEqual(self.run_verb("plan").returncode, 0)
        self.assertEqual(self.party.emulator.calls["list records"], 4)

    def test_ttls_and_values_change_together(self):
        self.begin(["a 300 IN A 192.0.2.1", "a 300 IN A 192.0.2.2"])
        self.wait_for_push(1)
        for number, (ttl, values) in enumerate(((60, ["192.0.2.1", "192.0.2.2"]),
                                                (300, ["192.0.2.2", "192.0.2.3"]),
                                                (60, ["192.0.2.7"])), 2):
            lines = [f"a {ttl} IN A {value}" for value in values]
            self.assertIn("applied and read back", self.change(lines, number))
            self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (ttl, values))
        self.assertEqual(self.party.emulator.batches[1:], [1, 3, 3])

    def test_name_servers_of_others_join_oracles(self):
        self.begin(start=False, **{"apex-ns": "join"})
        self.taproot.write_zone(ZONE + ".zone", zone_text(["a 300 IN A 192.0.2.1"], ["ns1.example.net."]))
        self.taproot.start()
        plan = re.search(r"plan ([0-9a-f]{12})", self.wait_for_push(1))[1]  # the guard apex-ns
        self.command(0, "apply", "--force", plan, "--wait")
        self.assertEqual(self.party.rrsets()[ZONE + ".", "NS"],
                         (86400, sorted([*NAMESERVERS, "ns1.example.net."])))

    def test_a_zone_that_is_not_there(self):
        self.begin(["a 300 IN A 192.0.2.1"], start=False)
        self.party.emulator.zones.clear()
        self.taproot.start()
        self.assertIn("NotAuthorizedOrNotFound", self.wait_for_push(1))
        self.assertIn("opc-request-id CANARYREQUEST", self.log())

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(429, json.dumps({"code": "TooManyRequests", "message": "slow"}),
                           "application/json", [("Retry-After", "1")])
        self.party.emulator.faults += [Fault("patch records", slow_down, 2), Fault("look", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("list records", "patch records"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("look", "patch records"), ("lost", "cut", "nothing", "empty object"),
                          remembers=True)

    def test_an_empty_list_with_success_is_no_empty_zone(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(20)], **{"reading-interval": "0s"})
        self.wait_for_push(1)
        lie = Answer(200, json.dumps({"items": []}), "application/json", [("ETag", '"1"')])
        self.party.emulator.faults += [Fault("list records", lie, 1)]
        self.assertIn("1 change applied", self.change(
            [f"host{i} 300 IN A 192.0.2.{2 if i == 0 else 1}" for i in range(20)], 2))
        self.assertEqual(len(self.ours()), 20)

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(120):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "oci", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 121)


class WithASession(OwnClient, Conformance, LabCase):
    """The key and the token of a session, which end and are replaced while taproot runs."""

    class Party(OciParty):
        secrets = ["PRIVATE KEY", "canary-session"]

        def entry(self, taproot, port):
            self.emulator.begin_session()
            self.leave_session(taproot)
            return {"name": self.name, "kind": "oci", "url": f"http://127.0.0.1:{port}",
                    "tenancy": Oci.TENANCY, "compartment": Oci.COMPARTMENT,
                    "session-token-file": "keys/token", "private-key-file": "keys/oci.pem"}

        def leave_session(self, taproot):
            """Puts the files of the session that is open in the place of those before."""
            token, key = self.emulator.session
            for name, words in (("token", token), ("oci.pem", key.pem())):
                taproot.write(f"keys/{name}.new", words, 0o600)
                os.replace(taproot.path(f"keys/{name}.new"), taproot.path(f"keys/{name}"))

    kind = Party
    sdk, package = "oci", "oci-dns"

    def wrong_key(self):
        self.taproot.write("keys/token", "canary-session-of-nobody\n", 0o600)

    def sdk_words(self):
        config = self.taproot.path("oci-config")
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[DEFAULT]\ntenancy={Oci.TENANCY}\nregion=eu-frankfurt-1\nfingerprint=none\n"
                       f"key_file={self.taproot.path('keys/oci.pem')}\n"
                       f"security_token_file={self.taproot.path('keys/token')}\n")
        return {"config": config}

    def test_a_new_session_is_taken_up(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.begin_session()
        self.party.leave_session(self.taproot)
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(self.party.emulator.refused, 0)
        self.assert_no_secret()

    def test_a_session_that_ends_in_the_middle_of_a_push(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        for number, operation in enumerate(("patch records", "look"), 2):
            ended = []

            def before(now, operation=operation, ended=ended):
                if now == operation and not ended:
                    ended.append(now)
                    self.party.emulator.begin_session()
                    self.party.leave_session(self.taproot)

            self.party.emulator.before = before
            self.assertIn("1 change applied", self.change([f"a 300 IN A 192.0.2.{number}"], number))
            self.assertEqual(ended, [operation])
        self.assertEqual(self.party.emulator.refused, 2)
        self.assert_no_secret()

    def test_an_ended_session_waits_for_the_next_one(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.end_session()
        self.assertIn("NotAuthenticated", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(self.party.emulator.refused, 1)
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.1"]))
        self.taproot.write("keys/token", "half a tok", 0o600)  # somebody is still writing
        self.party.emulator.begin_session()
        self.party.leave_session(self.taproot)
        wait_until("the next one to be taken up",
                   lambda: self.ours()[f"a.{ZONE}.", "A"] == (300, ["192.0.2.2"]), 20)
        self.wait_for_push(3)
        self.assert_in_sync()
        self.assert_no_secret()


only(WithASession, "test_changes_and_swaps_of_types", "test_a_wrong_key_stops_the_provider",
     "test_a_lost_answer_is_looked_up", "test_its_own_client_reads_what_taproot_wrote",
     "test_a_new_session_is_taken_up", "test_a_session_that_ends_in_the_middle_of_a_push",
     "test_an_ended_session_waits_for_the_next_one")


if __name__ == "__main__":
    main()
