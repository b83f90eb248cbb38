"""Google Cloud DNS: an emulator of its API, which Google's own client holds to account."""

import json

from case import LabCase, main
from conformance import ZONE, ChangesTakeTime, Conformance, EmulatedParty, Requests
from sdk import OwnClient

from google_emulator import NAMESERVERS, PAGE, Google  # conformance named the folder
from emulator import Answer, Fault


class GoogleParty(EmulatedParty):
    secrets = ["PRIVATE KEY", "canary-token"]
    name = "google"
    page = PAGE
    polls = None

    def start(self):
        self.emulator = Google()
        self.emulator.polls = self.polls
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone(ZONE, "private")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        url = f"http://127.0.0.1:{port}"
        taproot.write("keys/account", self.emulator.key_file(url), 0o600)
        return {"name": self.name, "kind": "google", "url": url,
                "service-account-file": "keys/account"}

    def put(self, name, rrtype, ttl, values):
        with self.emulator.lock:
            self.zone["sets"].pop((name.lower() + ".", rrtype), None)
            if values:
                self.zone["sets"][name.lower() + ".", rrtype] = {"ttl": ttl, "rrdatas": list(values)}

    def rrsets(self):
        with self.emulator.lock:
            return {key: (what["ttl"], sorted(what["rrdatas"]))
                    for key, what in self.zone["sets"].items()}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # One change for each 1,000 RRsets, looks until it is done, and what was changed is
        # looked at. At first there is a token, too, it is found and listed, and listed again.
        pages = -(-(records + 2) // PAGE)
        if changes < records:
            return Requests(-(-changes // 1000) + self.looks() + min(changes, pages), 1)
        return Requests(1 + 2 + -(-changes // 1000) + self.looks() + pages, 4)


class Conforms(OwnClient, ChangesTakeTime, Conformance, LabCase):
    kind = GoogleParty
    sdk, package = "google", "@google-cloud/dns"
    some = PAGE

    def wrong_key(self):
        """Another account's key: it signs, and Google does not know it."""
        other = Google()
        self.taproot.write("keys/account", other.key_file(
            f"http://127.0.0.1:{self.party.between.port}"), 0o600)
        other.stop()

    def sdk_words(self):
        self.party.emulator.tokens.add("client-token")
        return {"token": "client-token", "project": self.party.emulator.PROJECT}

    def zone_for_sdk(self):
        return self.party.zone["name"]

    def test_googles_client_agrees(self):
        self.need_sdk()
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.polls = 1
        zone, new = self.zone_for_sdk(), f"new.{ZONE}."
        one = [new, "A", {"ttl": 60, "data": ["203.0.113.7"]}]
        answers = self.ask_sdk(
            ["change", zone, {"add": [one]}], ["change", zone, {"add": [one]}],
            ["change", zone, {"delete": [[new, "A", {**one[2], "ttl": 61}]]}],
            ["change", zone, {"delete": [[f"gone.{ZONE}.", *one[1:]]]}],
            ["change", zone, {"add": [[f"b.{ZONE}.", "A", {"ttl": 60, "data": ["192.0.2.300"]}]]}],
            ["change", zone, {"delete": [one], "add": [[new, "A", {"ttl": 60, "data": ["203.0.113.8"]}]]}],
            ["change", zone, {"delete": [[f"a.{ZONE}.", "A", {"ttl": 300, "data": ["192.0.2.1"]}]]}],
            ["records", zone], ["zones"])
        self.assertEqual([one["status"] for one in answers[:7]],
                         ["pending", 409, 412, 404, 400, "pending", "pending"])
        read = {(owner, rrtype): values for owner, rrtype, _, values in answers[7]}
        self.assertEqual(read[new, "A"], ["203.0.113.8"])
        self.assertEqual(len(read), 3)
        self.assertEqual(sorted(one["visibility"] for one in answers[8]), ["private", "public"])
        looks = [self.ask_sdk(["done", zone, answers[0]["id"]])[0]["status"] for _ in range(2)]
        self.assertEqual(looks, ["pending", "done"])
        said = self.run_verb("plan").stdout
        self.assertIn(f"{new} A", said)
        self.assertIn(f"a.{ZONE}. A", said)

    def test_values_are_deleted_as_they_were_typed_in(self):
        self.begin(['c 300 IN CAA 0 issue "ca.example.net"', "m 300 IN MX 10 mail.example.net."])
        self.wait_for_push(1)
        with self.party.emulator.lock:
            sets = self.party.zone["sets"]
            sets[f"c.{ZONE}.", "CAA"]["rrdatas"] = ["0 issue ca.example.net"]
            sets[f"m.{ZONE}.", "MX"]["rrdatas"] = ["10 Mail.Example.NET."]
        self.assertIn("2 changes applied", self.change(
            ['c 300 IN CAA 0 issue "other.example.net"', "m 300 IN MX 20 mail.example.net."], 2))

    def test_routing_policies_are_left_alone(self):
        self.begin(start=False)
        emulator = self.party.emulator
        shown = emulator.list_rrsets
        emulator.list_rrsets = lambda query, call: {**(answer := shown(query, call)), "rrsets": [
            *answer["rrsets"], {"name": f"geo.{ZONE}.", "type": "A", "ttl": 60,
                                "routingPolicy": {"geo": {}}}]}
        self.write(["geo 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 conflict left alone", self.wait_for_push(1))
        self.assertNotIn((f"geo.{ZONE}.", "A"), self.ours())

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(120):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "google", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 121)

    def test_rate_limits_are_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.polls = 1  # and a change takes its time
        slow_down = Answer(403, json.dumps({"error": {"code": 403, "message": "Rate Limit Exceeded",
                           "errors": [{"reason": "rateLimitExceeded"}]}}), "application/json")
        self.party.emulator.faults += [Fault("list zones", slow_down, 2), Fault("change", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("token", "list zones", "list rrsets", "change", "get change"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("list rrsets", "change"), ("lost", "cut", "nothing", "empty object"),
                          remembers=True)


if __name__ == "__main__":
    main()
