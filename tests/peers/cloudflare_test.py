"""Cloudflare: an emulator of its API, which Cloudflare's own clients hold to account."""

import json
import subprocess
import time

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests, SingleRecords
from sdk import OwnClient

from cloudflare_emulator import Cloudflare  # conformance named the folder
from emulator import Answer, Fault

PAGE = 1000
BATCH = 200

CLIENT = """
import json, sys
import CloudFlare
words = json.loads(sys.stdin.read())
cloudflare = CloudFlare.CloudFlare(token=words["token"], base_url=words["url"])
records = cloudflare.zones.dns_records
try:
    if words["do"] == "zones":
        print(json.dumps(cloudflare.zones.get(params={"per_page": 50})))
    elif words["do"] == "list":
        every, page = [], 1
        while True:
            some = records.get(words["zone"], params={"per_page": 100, "page": page})
            every += some
            if len(some) < 100:
                break
            page += 1
        print(json.dumps(every))
    elif words["do"] == "post":
        print(json.dumps(records.post(words["zone"], data=words["data"])))
    elif words["do"] == "delete":
        print(json.dumps(records.delete(words["zone"], words["id"])))
except CloudFlare.exceptions.CloudFlareAPIError as error:
    print(json.dumps({"code": int(error), "message": str(error)}))
"""


def client(emulator, do, token=None, path="/client/v4", **words):
    """Cloudflare's Python client, as Debian packages it."""
    words = {"do": do, "url": emulator.url() + path, "token": token or emulator.token, **words}
    done = subprocess.run(["/usr/bin/python3", "-c", CLIENT], input=json.dumps(words), text=True,
                          capture_output=True, check=False, timeout=120,
                          env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"})
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class CloudflareParty(EmulatedParty):
    secrets = ["canary-cloudflare-0042"]
    name = "cloudflare"
    page = PAGE

    def start(self):
        self.emulator = Cloudflare()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        taproot.write("keys/token", self.emulator.token + "\n", 0o600)
        return {"name": self.name, "kind": "cloudflare", "token-file": "keys/token",
                "url": f"http://127.0.0.1:{port}/client/v4"}

    def put(self, name, rrtype, ttl, values):
        with self.emulator.lock:
            records = self.zone["records"]
            for record_id in [key for key, one in records.items()
                              if (one["name"], one["type"]) == (name, rrtype)]:
                records.take(record_id)
            for value in values:
                self.emulator.add(self.zone, records, {"name": name, "type": rrtype, "ttl": ttl,
                                                       "content": value})

    def rrsets(self):
        sets = {}
        with self.emulator.lock:
            records = list(self.zone["records"].values())
        for one in records:
            value = one["content"]
            if one["type"] in ("CNAME", "MX", "NS", "PTR"):
                value += "."
            if one["type"] == "MX":
                value = f"{one['priority']} {value}"
            sets.setdefault((one["name"] + ".", one["type"]), (one["ttl"], []))[1].append(value)
        return {key: (ttl, sorted(values)) for key, (ttl, values) in sets.items()}

    def most_requests(self, records, changes):
        # One batch for each 200 operations, and a look at what is changed before and after; find,
        # list, and list again where that is less.
        pages = -(-records // PAGE)
        if changes <= pages:
            return Requests(2 * changes + 1, changes + 1)
        before = 1 if changes >= records else pages
        return Requests(1 + before + -(-changes // BATCH) + pages, 2 + before)


class Conforms(OwnClient, SingleRecords, Conformance, LabCase):
    kind = CloudflareParty
    creating = "batch"
    sdk, package = "cloudflare", "cloudflare"

    def sdk_words(self):
        return {"url": self.party.emulator.url() + "/client/v4", "token": self.party.emulator.token}

    def zone_for_sdk(self):
        return self.party.zone["id"]

    def test_cloudflares_client_for_node_agrees(self):
        self.need_sdk()
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        there = {one["name"].partition(".")[0]: key for key, one in self.party.zone["records"].items()}
        zone = {"zone_id": self.zone_for_sdk()}
        new = {**zone, "type": "A", "name": f"new.{ZONE}", "content": "203.0.113.7", "ttl": 60}
        answers = self.ask_sdk(
            ["call", "create", new], ["call", "create", new],
            ["call", "create", {**new, "content": "192.0.2.300"}],
            ["call", "update", there["a"], {**new, "name": f"a.{ZONE}"}],
            ["call", "batch", {**zone, "deletes": [{"id": there["b"]}],
                               "posts": [{**new, "type": "TXT", "content": '"x"', "name": f"t.{ZONE}"}],
                               "patches": [{"id": there["a"], "ttl": 120}]}],
            ["call", "batch", {**zone, "deletes": [{"id": there["b"]}, {"id": there["a"]}]}],
            ["call", "delete", there["b"], zone], ["zones"], ["records", self.zone_for_sdk()])
        self.assertEqual([one.get("code") for one in answers[:7]],
                         [None, 81058, 1004, None, None, 81044, 81044])
        self.assertEqual({kind: len(done) for kind, done in answers[4].items()},
                         {"deletes": 1, "patches": 1, "puts": 0, "posts": 1})
        self.assertEqual({one["name"] for one in answers[7]}, {ZONE, "example.org"})
        self.assertEqual(sorted(answers[8]), [[f"a.{ZONE}.", "A", 120, ["203.0.113.7"]],
                                              [f"new.{ZONE}.", "A", 60, ["203.0.113.7"]],
                                              [f"t.{ZONE}.", "TXT", 60, ['"x"']]])
        self.assertEqual(self.ask_sdk(["zones"], token="wrong")[0], {"status": 403, "code": 10000})
        said = self.run_verb("plan").stdout
        for name in "a", "b", "new":
            self.assertIn(f"{name}.{ZONE}. A", said)

    def test_a_record_that_is_gone_makes_a_batch_fail_whole(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        raced = []

        def before(operation):
            if operation == "batch" and not raced:
                raced.append(operation)
                self.party.put("a." + ZONE, "A", 300, ["203.0.113.1"])

        self.party.emulator.before = before
        said = self.change(["a 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.9"], 2)
        self.assertIn("applied and read back", said)
        self.assertEqual(self.party.emulator.calls["batch"], 3)
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.9"]))

    def test_records_are_changed_in_place(self):
        self.begin(["a 300 IN A 192.0.2.1", "a 300 IN A 192.0.2.2"])
        self.wait_for_push(1)
        records = self.party.zone["records"]
        ids = {one["content"]: key for key, one in records.items()}
        for one in records.values():
            one["comment"] = "ask Eve"
        self.change(["a 300 IN A 192.0.2.2", "a 300 IN A 192.0.2.3"], 2)
        now = {one["content"]: key for key, one in self.party.zone["records"].items()}
        self.assertEqual(now, {"192.0.2.2": ids["192.0.2.2"], "192.0.2.3": ids["192.0.2.1"]})
        self.change(["a 600 IN A 192.0.2.2", "a 600 IN A 192.0.2.3"], 3)
        self.assertEqual({key for key in self.party.zone["records"]}, set(ids.values()))
        self.assertEqual({one["comment"] for one in self.party.zone["records"].values()}, {"ask Eve"})

    def test_proxied_records_are_left_alone(self):
        self.begin(start=False)
        emulator, zone = self.party.emulator, self.party.zone
        emulator.add(zone, zone["records"], {"name": f"p.{ZONE}", "type": "A", "ttl": 1,
                                             "content": "192.0.2.1", "proxied": True})
        self.write(["p 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 conflict left alone", self.wait_for_push(1))
        self.assertEqual(self.ours()[f"p.{ZONE}.", "A"], (1, ["192.0.2.1"]))
        self.assertFalse(any(one["proxied"] for one in zone["records"].values()
                             if one["name"] == f"b.{ZONE}"))

    def test_cloudflares_client_sees_what_taproot_wrote(self):
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(150)),
                    "m 300 IN MX 10 mail.example.net.", '_sip._tcp 300 IN SRV 1 2 3 sip.example.net.',
                    't 300 IN TXT "a;b" "c"'])
        self.wait_for_push(1)
        listed = client(self.party.emulator, "list", zone=self.party.zone["id"])
        self.assertEqual(len(listed), 153)
        by_type = {one["type"]: one for one in listed}
        self.assertEqual((by_type["MX"]["priority"], by_type["MX"]["content"]), (10, "mail.example.net"))
        self.assertEqual(by_type["SRV"]["data"], {"priority": 1, "weight": 2, "port": 3,
                                                  "target": "sip.example.net"})
        self.assertEqual(by_type["TXT"]["content"], '"a;b" "c"')
        client(self.party.emulator, "post", zone=self.party.zone["id"], data={
            "type": "A", "name": f"host1.{ZONE}", "content": "203.0.113.7", "ttl": 300})
        self.assertIn("203.0.113.7", self.run_verb("plan").stdout)

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(429, json.dumps({"result": None, "success": False, "messages": [], "errors": [
            {"code": 10100, "message": "more than 1200 requests"}]}), "application/json",
            [("Retry-After", "1")])
        self.party.emulator.faults += [Fault("list zones", slow_down, 2), Fault("batch", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("list zones", "list records", "batch"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_calls_keep_to_their_budget(self):
        began = time.monotonic()
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(10 * BATCH)],
                   **{"calls-per-minute": 60})
        self.assertIn("applied and read back", self.wait_for_push(1))
        calls = self.party.between.requests
        self.assertGreaterEqual(calls, 14)
        self.assertGreaterEqual(time.monotonic() - began, calls - 10 - 1, "ten at once, one a second")

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("list records", "batch"), ("lost", "cut", "nothing", "empty object"),
                          remembers=True)

    def test_an_empty_list_with_success_is_no_empty_zone(self):
        """The list says 200 and success, and half of it is missing: the counts do not agree."""
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(20)])
        self.wait_for_push(1)
        lie = Answer(200, json.dumps({"result": [], "success": True, "errors": [], "messages": [],
                                      "result_info": {"page": 1, "per_page": 1000, "count": 0,
                                                      "total_count": 20, "total_pages": 1}}),
                     "application/json")
        self.party.emulator.faults += [Fault("list records", lie, 1)]
        self.assertIn("1 change applied", self.change(
            [f"host{i} 300 IN A 192.0.2.{2 if i == 0 else 1}" for i in range(20)], 2))
        self.assertEqual(len(self.ours()), 20)

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        self.party.emulator.add_zone("xn--bcher-kva.example")
        for i in range(119):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "cloudflare", "--json")
        self.assertIn("xn--bcher-kva.example", done.stdout)
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 122)

    def test_the_emulator_is_honest_to_cloudflares_client(self):
        self.party.start()
        emulator, zone = self.party.emulator, self.party.zone["id"]
        self.assertEqual(client(emulator, "zones", token="wrong")["code"], 10000)
        self.assertEqual({one["name"] for one in client(emulator, "zones")}, {ZONE, "example.org"})
        record = {"type": "A", "name": "x", "content": "192.0.2.1", "ttl": 120}
        made = client(emulator, "post", zone=zone, data=record)
        self.assertEqual((made["name"], made["proxied"]), (f"x.{ZONE}", False))
        self.assertEqual(client(emulator, "post", zone=zone, data=record)["code"], 81058)
        for wrong, code in (({**record, "type": "CNAME", "content": "y.example.net"}, 81053),
                            ({**record, "content": "192.0.2.300"}, 1004),
                            ({**record, "ttl": 30}, 1004), ({**record, "type": "SPF"}, 1004),
                            ({**record, "type": "SRV", "data": {"port": 1}}, 1004)):
            self.assertEqual(client(emulator, "post", zone=zone, data=wrong)["code"], code, wrong)
        client(emulator, "delete", zone=zone, id=made["id"])
        self.assertEqual(client(emulator, "delete", zone=zone, id=made["id"])["code"], 81044)
        self.assertEqual(client(emulator, "list", zone=zone), [])


if __name__ == "__main__":
    main()
