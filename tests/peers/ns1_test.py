"""NS1: an emulator of its API, which libcloud and NS1's own client hold to account."""

import json
import subprocess

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests
from sdk import OwnClient

from ns1_emulator import NAMESERVERS, Ns1  # conformance named the folder
from emulator import Answer, Fault

CLIENT = """
import json, sys
from libcloud.dns.drivers.nsone import NsOneDNSDriver
from libcloud.common.nsone import NsOneException
words = json.loads(sys.stdin.read())
driver = NsOneDNSDriver(words["key"], secure=False, host="127.0.0.1", port=words["port"])
try:
    zones = {one.domain: one for one in driver.list_zones()}
    zone = zones.get(words["zone"])
    for record in words.get("create", []):
        driver.create_record(record[0], zone, record[1], record[2],
                             extra=record[3] if len(record) > 3 else {})
    for one in driver.list_records(zone):
        if one.type in words.get("delete", []):
            driver.delete_record(one)
    print(json.dumps({"zones": sorted(zones), "records": [
        [one.name, one.type, one.data, one.extra["ttl"]] for one in driver.list_records(zone)]}))
except NsOneException as error:
    print(json.dumps({"code": error.code, "message": error.message}))
except Exception as error:
    print(json.dumps({"message": type(error).__name__}))
"""


def libcloud(emulator, key=None, **words):
    words = {"port": emulator.port, "key": key or emulator.key, "zone": ZONE, **words}
    done = subprocess.run(["/usr/bin/python3", "-c", CLIENT], input=json.dumps(words), text=True,
                          capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Ns1Party(EmulatedParty):
    secrets = ["canary-ns1-8844"]
    name = "ns1"

    def start(self):
        self.emulator = Ns1()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        taproot.write("keys/key", self.emulator.key + "\n", 0o600)
        return {"name": self.name, "kind": "ns1", "api-key-file": "keys/key",
                "url": f"http://127.0.0.1:{port}/v1"}

    def put(self, name, rrtype, ttl, values):
        with self.emulator.lock:
            self.emulator.drop(self.zone, name, rrtype)
            if values:
                self.emulator.keep(self.zone, name, rrtype, ttl, [[one.strip('"')] for one in values])

    def rrsets(self):
        with self.emulator.lock:
            sets = {}
            for (domain, rrtype), one in self.zone["sets"].items():
                values = []
                for answer in one["answers"]:
                    value = " ".join(answer["answer"])
                    if rrtype in ("CNAME", "MX", "NS", "PTR", "SRV", "DNAME"):
                        value = value.rstrip(".") + "."
                    values.append(f'"{value}"' if rrtype == "TXT" else value)
                sets[domain + ".", rrtype] = (one["ttl"], sorted(values))
            return sets

    def apex_ns(self):
        return [one + "." for one in NAMESERVERS]

    def most_requests(self, records, changes):
        # The zone, one request for each RRset, and the zone again; of one RRset that alone.
        return Requests(1 + changes + 1, 2)


class Conforms(OwnClient, Conformance, LabCase):
    kind = Ns1Party
    sdk, package = "ns1", "ns1"
    some = 40  # each takes a request

    def sdk_words(self):
        return {"key": self.party.emulator.key}

    def test_ns1s_client_agrees(self):
        self.need_sdk()
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        new = {"zone": ZONE, "domain": f"new.{ZONE}", "type": "A", "ttl": 60,
               "answers": [{"answer": ["203.0.113.7"]}]}
        answers = self.ask_sdk(
            ["create", "Record", new], ["create", "Record", new],
            ["create", "Record", {**new, "domain": f"c.{ZONE}", "answers": [{"answer": ["192.0.2.300"]}]}],
            ["update", "Record", f"{ZONE}/a.{ZONE}/A", {"ttl": 120}],
            ["destroy", "Record", f"{ZONE}/b.{ZONE}/A"], ["find", "Record", f"{ZONE}/b.{ZONE}/A"],
            ["find", "Zone"], ["find", "Zone", "none.example"], ["records", ZONE])
        self.assertEqual(answers[0][0]["answers"][0]["answer"], ["203.0.113.7"])
        self.assertEqual([answers[i]["said"] for i in (1, 5, 7)],
                         ["record already exists", "record not found", "zone not found"])
        self.assertIn("invalid", answers[2]["said"])
        self.assertEqual(answers[3][0]["ttl"], 120)
        self.assertEqual({one["zone"] for one in answers[6]}, {ZONE, "example.org"})
        self.assertEqual([one for one in sorted(answers[8]) if one[1] == "A"],
                         [[f"a.{ZONE}.", "A", 120, ["192.0.2.1"]],
                          [f"new.{ZONE}.", "A", 60, ["203.0.113.7"]]])
        self.assertEqual(self.ask_sdk(["find", "Zone"], key="wrong")[0]["said"], "Unauthorized")
        said = self.run_verb("plan").stdout
        for name in "a", "b", "new":
            self.assertIn(f"{name}.{ZONE}. A", said)

    def test_libcloud_agrees(self):
        """The same records made by libcloud and by taproot are the same records."""
        self.begin(["@ 3600 IN TXT text", "a 3600 IN A 192.0.2.1", "c 3600 IN CNAME a",
                    "m 3600 IN MX 10 mail.example.net."], start=False)
        emulator = self.party.emulator
        made = libcloud(emulator, create=[
            ["", "TXT", "text"], ["a", "A", "192.0.2.1"], ["c", "CNAME", f"a.{ZONE}"],
            ["m", "MX", "mail.example.net", {"priority": 10}]])
        self.assertEqual(made["zones"], [ZONE, "example.org"])
        self.taproot.start()
        self.assertIn("nothing to change", self.wait_for_push(1))
        for place in list(self.party.zone["sets"]):
            if place[1] in ("CNAME", "MX", "TXT"):
                emulator.drop(self.party.zone, *place)
        self.command(0, "apply", "--wait")
        self.assertEqual(libcloud(emulator), made)

    def test_libcloud_sees_what_taproot_wrote(self):
        self.begin([*(f"host{i} 300 IN A 192.0.2.1" for i in range(20)),
                    '* 60 IN TXT "a;b" "c"', '@ 300 IN CAA 0 issue "ca.example.net; x=1"',
                    'n 300 IN NAPTR 100 50 "s" "" "!^.* x$!sip:a@b!" .'])
        self.wait_for_push(1)
        self.assert_in_sync()
        emulator = self.party.emulator
        listed = {(name, rrtype): data for name, rrtype, data, _ in libcloud(emulator)["records"]}
        self.assertEqual(len(listed), 24)
        self.assertEqual(listed[f"*.{ZONE}", "TXT"], ["a;bc"])
        self.assertEqual(listed[f"n.{ZONE}", "NAPTR"], ["100 50 s  !^.* x$!sip:a@b! ."])
        libcloud(emulator, create=[["x", "A", "203.0.113.7"]], delete=["CAA"])
        said = self.run_verb("plan").stdout
        self.assertIn(f"{ZONE}. CAA", said)
        self.assertIn(f"x.{ZONE}.", said)

    def test_what_ns1_makes_of_its_own_is_left_alone(self):
        self.begin(start=False)
        emulator, zone = self.party.emulator, self.party.zone
        emulator.keep(zone, f"geo.{ZONE}", "A", 60, [["192.0.2.1"]], tier=3,
                      filters=[{"filter": "geotarget_country"}])
        emulator.keep(zone, f"l.{ZONE}", "A", 60, [["192.0.2.1"]], link="other.example.net")
        emulator.keep(zone, f"al.{ZONE}", "ALIAS", 60, [["a.example.net"]])
        emulator.keep(zone, ZONE, "DNSKEY", 60, [["257 3 13 AAAA"]])
        self.write(["geo 300 IN A 192.0.2.9", "l 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 change applied and read back, 2 conflicts left alone", self.wait_for_push(1))
        self.assertEqual(zone["sets"][f"geo.{ZONE}", "A"]["tier"], 3)

    def test_filters_and_metadata_are_seen_before_anything_is_lost(self):
        """The list of a zone shows none of it at tier 1, only the record alone."""
        self.begin([f"{name} 300 IN A 192.0.2.1" for name in "abcde"])
        self.wait_for_push(1)
        emulator, zone = self.party.emulator, self.party.zone
        answer = {"answer": ["192.0.2.1"], "id": "1"}
        more = {"a": {"filters": [{"filter": "up", "config": {}}]}, "b": {"meta": {"note": "ask Eve"}},
                "c": {"regions": {"eu": {"meta": {}}}}, "d": {"answers": [{**answer, "meta": {"weight": 3}}]}}
        for name, kept in more.items():
            zone["sets"][f"{name}.{ZONE}", "A"].update(kept)
        before = {name: dict(zone["sets"][f"{name}.{ZONE}", "A"]) for name in more}
        lines = [f"{name} 300 IN A 192.0.2.2" for name in "abe"]  # c and d go
        self.assertIn("1 change applied and read back, 2 conflicts left alone", self.change(lines, 2))
        said = self.run_verb("plan").stdout
        for words in ("NS1 filters its answers", "it has metadata at NS1", "NS1 groups its answers",
                      "its answers have metadata at NS1"):
            self.assertIn(words, said)
        for name, kept in before.items():
            self.assertEqual(zone["sets"][f"{name}.{ZONE}", "A"], kept)
        self.assertEqual(self.ours()[f"e.{ZONE}.", "A"], (300, ["192.0.2.2"]))
        emulator.keep(zone, f"a.{ZONE}", "A", 300, [["192.0.2.1"]])  # as it was before
        emulator.drop(zone, f"d.{ZONE}", "A")
        self.run_verb("apply")
        self.assertIn("1 change applied and read back, 1 conflict left alone", self.wait_for_push(3))
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.2"]))

    def test_a_secondary_zone_is_refused(self):
        self.begin(start=False)
        self.party.zone["secondary"] = {"enabled": True}
        self.taproot.start()
        self.assertIn("kind: transfer", self.wait_for_push(1))

    def test_one_refused_rrset_keeps_no_other_from_its_place(self):
        self.begin(start=False)
        keep = self.party.emulator.keep

        def refuse(zone, domain, *more, **words):
            if domain.startswith("h5."):
                from ns1_emulator import Refused
                raise Refused(400, "invalid: not today")
            return keep(zone, domain, *more, **words)

        self.party.emulator.keep = refuse
        self.party.put(f"h5.{ZONE}", "A", 300, [])
        self.write([*(f"h{i} 300 IN A 192.0.2.1" for i in range(8))])
        self.taproot.start()
        said = self.wait_for_push(1)
        self.assertIn("7 changes applied and read back, 1 RRset refused", said)
        self.assertIn("not today", said)

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("get record", "update record"), ("lost", "cut", "nothing", "empty object"),
                          remembers=True)

    def test_one_record_of_many_is_little_to_read(self):
        lines = [f"host{i} 300 IN A 192.0.2.1" for i in range(1000)]
        self.begin(lines)
        self.wait_for_push(1, 120)
        self.party.between.reset()
        self.assertIn("1 change applied", self.change(["host0 300 IN A 198.51.100.1", *lines[1:]], 2))
        self.assertEqual(self.party.emulator.log[-3:], ["get record", "update record", "get record"])
        self.assertLess(self.party.between.octets_back, 5000)

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        slow_down = Answer(429, json.dumps({"message": "rate limit exceeded"}), "application/json",
                           [("X-Ratelimit-Limit", "300"), ("X-Ratelimit-Period", "300")])
        self.party.emulator.faults += [Fault("get zone", slow_down, 2), Fault("update record", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("get zone", "update record"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_an_empty_list_with_success_is_no_empty_zone(self):
        self.begin([f"host{i} 300 IN A 192.0.2.1" for i in range(20)], **{"reading-interval": "0s"})
        self.wait_for_push(1)
        lie = Answer(200, json.dumps({"zone": ZONE, "records": []}), "application/json")
        self.party.emulator.faults += [Fault("get zone", lie, 1)]
        self.write([f"host{i} 300 IN A 192.0.2.{2 if i == 0 else 1}" for i in range(20)])
        self.command(0, "reload", ZONE)
        self.assertIn("vanished-zone", self.wait_for_push(2))
        self.assertEqual(self.party.emulator.calls["update record"], 0)

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(120):
            self.party.emulator.add_zone(f"z{i}.example.net")
        for page in (None, 50, 61):
            self.party.emulator.page = page
            done = self.command(0, "provider", "zones", "ns1", "--json")
            self.assertEqual(len(json.loads(done.stdout)["zones"]), 122)

    def test_the_emulator_is_honest(self):
        self.party.start()
        emulator = self.party.emulator
        self.assertEqual(libcloud(emulator, key="wrong")["message"], "Unauthorized")
        libcloud(emulator, create=[["x", "A", "192.0.2.1"]])
        self.assertEqual(libcloud(emulator, create=[["x", "A", "192.0.2.1"]])["message"],
                         "RecordAlreadyExistsError")
        for record in (["x", "CNAME", "y.example.net"], ["y", "A", "192.0.2.300"], ["y", "TXT", ""],
                       ["y", "AAAA", "192.0.2.1"], ["y", "LOC", "x"], ["y", "SRV", "x"]):
            self.assertIn("invalid", libcloud(emulator, create=[record])["message"], record)


if __name__ == "__main__":
    main()
