"""Google Cloud DNS: an emulator of its API, checked by Google's own client where that is at hand."""

import json
import os
import subprocess
import sys

from case import LabCase, main
from conformance import ZONE, ChangesTakeTime, Conformance, EmulatedParty, Requests

from google_emulator import NAMESERVERS, PAGE, Google  # conformance named the folder
from emulator import Answer, Fault

# Google's client knows an API by its description, which Google publishes and Debian does not have.
DISCOVERY = os.environ.get("TAPROOT_GOOGLE_DISCOVERY")

CLIENT = """
import json, sys
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
import httplib2
words = json.loads(sys.stdin.read())
with open(words["discovery"]) as file:
    document = json.load(file)
document["rootUrl"], document["baseUrl"] = words["url"] + "/", words["url"] + "/"
class Bearer(httplib2.Http):
    def request(self, uri, method="GET", body=None, headers=None, **more):
        headers = {**(headers or {}), "Authorization": "Bearer " + words["token"]}
        return super().request(uri, method=method, body=body, headers=headers, **more)
dns = build_from_document(document, http=Bearer())
common = {"project": words["project"], "managedZone": words["zone"]}
try:
    if words["do"] == "list":
        every, request = [], dns.resourceRecordSets().list(**common)
        while request is not None:
            answer = request.execute()
            every += answer["rrsets"]
            request = dns.resourceRecordSets().list_next(request, answer)
        print(json.dumps(every))
    else:
        print(json.dumps(dns.changes().create(**common, body=words["body"]).execute()))
except HttpError as error:
    print(json.dumps({"status": error.resp.status, "said": error.content.decode()}))
"""


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


class Conforms(ChangesTakeTime, Conformance, LabCase):
    kind = GoogleParty

    def wrong_key(self):
        """Another account's key: it signs, and Google does not know it."""
        other = Google()
        self.taproot.write("keys/account", other.key_file(
            f"http://127.0.0.1:{self.party.between.port}"), 0o600)
        other.stop()

    def client(self, do, **more):
        emulator = self.party.emulator
        emulator.tokens.add("client-token")
        words = {"do": do, "url": emulator.url(), "token": "client-token", "discovery": DISCOVERY,
                 "project": emulator.PROJECT, "zone": self.party.zone["name"], **more}
        done = subprocess.run(["/usr/bin/python3", "-c", CLIENT], input=json.dumps(words), text=True,
                              capture_output=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_googles_client_agrees(self):
        if not DISCOVERY:
            print("not run: TAPROOT_GOOGLE_DISCOVERY does not name Google's description of its API",
                  file=sys.stderr)
            return
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(PAGE)), '* 60 IN TXT "a;b" "c"'])
        self.wait_for_push(1)
        listed = {(one["name"], one["type"]): one for one in self.client("list")}
        self.assertEqual(len(listed), PAGE + 3)
        self.assertEqual(listed[f"*.{ZONE}.", "TXT"]["rrdatas"], ['"a;b" "c"'])
        one = {"name": f"new.{ZONE}.", "type": "A", "ttl": 60, "rrdatas": ["203.0.113.7"]}
        self.assertEqual(self.client("change", body={"additions": [one]})["status"], "pending")
        self.assertEqual(self.client("change", body={"additions": [one]})["status"], 409)
        self.assertEqual(self.client("change", body={"deletions": [{**one, "ttl": 61}]})["status"],
                         412)
        self.assertEqual(self.client("change", body={"deletions": [
            {**one, "name": f"gone.{ZONE}."}]})["status"], 404)
        self.assertEqual(self.client("change", body={"additions": [
            {**one, "rrdatas": ["192.0.2.300"], "name": f"b.{ZONE}."}]})["status"], 400)
        self.assertIn("203.0.113.7", json.dumps(self.party.zone["sets"][f"new.{ZONE}.", "A"]))

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
