"""Route 53: an emulator of its API, which Amazon's own clients hold to account."""

import datetime
import json
import os
import subprocess

from case import LabCase, main
from conformance import (ZONE, ChangesTakeTime, Conformance, EmulatedParty, Requests,
                         only)
from sdk import OwnClient

from route53_emulator import NAMESERVERS, Route53, decoded  # conformance named the folder
from emulator import Answer, Fault

PAGE = 300


def aws(emulator, *words, secret=None, key_id="AKIDEXAMPLE", service="route53"):
    """Amazon's client against the emulator: what it printed, or its error."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_PAGER": "", "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret or emulator.keys[key_id][0],
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    token = emulator.keys[key_id][1]
    if token:
        environment["AWS_SESSION_TOKEN"] = token
    done = subprocess.run(
        ["/usr/bin/aws", "--endpoint-url", emulator.url(), "--output", "json", service, *words],
        env=environment, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else done.stderr


class Route53Party(EmulatedParty):
    secrets = ["canary-secret-4711", "canary-session-4712"]
    name = "route53"
    page = PAGE
    token = None
    polls = None

    def start(self):
        self.emulator = Route53()
        self.emulator.polls = self.polls
        if self.token:
            self.emulator.keys["AKIDEXAMPLE"] = ("canary-secret-4711/+", self.token)
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.emulator.add_zone("zone." + ZONE)
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        secret, token = self.emulator.keys["AKIDEXAMPLE"]
        taproot.write("keys/secret", secret + "\n", 0o600)
        entry = {"name": self.name, "kind": "route53", "url": f"http://127.0.0.1:{port}",
                 "access-key-id": "AKIDEXAMPLE", "secret-access-key-file": "keys/secret"}
        if token:
            taproot.write("keys/token", token + "\n", 0o600)
            entry["session-token-file"] = "keys/token"
        return entry

    def put(self, name, rrtype, ttl, values):
        with self.emulator.lock:
            key = (decoded(name), rrtype, "")
            self.zone.sets.pop(key, None)
            if values:
                self.zone.sets[key] = {"ttl": ttl, "values": list(values)}

    def rrsets(self):
        with self.emulator.lock:
            return {(name, rrtype): (what["ttl"], sorted(what["values"]))
                    for (name, rrtype, identifier), what in self.zone.sets.items()
                    if not identifier and "values" in what}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # One batch for each 1,000 values, looks until the last is in sync, and what was changed is
        # looked at. At first it is found and listed, and listed again. A change is a deletion and a
        # creation.
        pages = -(-(records + 2) // PAGE)
        if changes < records:
            return Requests(-(-2 * changes // 1000) + self.looks() + min(changes, pages), 1)
        return Requests(2 + -(-changes // 1000) + self.looks() + pages, 3)


class Conforms(OwnClient, ChangesTakeTime, Conformance, LabCase):
    kind = Route53Party
    polled = "GetChange"
    sdk, package = "route53", "@aws-sdk/client-route-53"
    some = PAGE

    def sdk_words(self):
        return {"credentials": {"accessKeyId": "AKIDEXAMPLE",
                                "secretAccessKey": self.party.emulator.keys["AKIDEXAMPLE"][0]}}

    def zone_for_sdk(self):
        return self.party.zone.id

    def test_amazons_client_for_node_agrees(self):
        self.need_sdk()
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)

        def change(action, name, rrtype, *values, ttl=300):
            return ["send", "ChangeResourceRecordSets", {
                "HostedZoneId": self.party.zone.id, "ChangeBatch": {"Changes": [
                    {"Action": action, "ResourceRecordSet": {
                        "Name": name, "Type": rrtype, "TTL": ttl,
                        "ResourceRecords": [{"Value": one} for one in values]}}]}}]

        new = f"new.{ZONE}"
        answers = self.ask_sdk(
            change("CREATE", new, "A", "203.0.113.7"), change("CREATE", new, "A", "203.0.113.7"),
            change("UPSERT", new, "A", "203.0.113.8", ttl=60), change("DELETE", new, "A", "203.0.113.7"),
            change("CREATE", f"b.{ZONE}", "TXT", "unquoted"),
            change("DELETE", f"a.{ZONE}", "A", "192.0.2.1"),
            ["send", "ListHostedZonesByName", {"DNSName": ZONE, "MaxItems": 1}],
            ["send", "GetHostedZone", {"Id": self.party.zone.id}], ["records", self.party.zone.id])
        self.assertEqual([one.get("code") for one in answers[:6]],
                         [None, "InvalidChangeBatch", None, "InvalidChangeBatch", "InvalidChangeBatch", None])
        self.assertIn("already exists", answers[1]["said"])
        self.assertEqual(answers[6]["HostedZones"][0]["Name"], f"{ZONE}.")
        self.assertEqual(answers[7]["HostedZone"]["Id"], f"/hostedzone/{self.party.zone.id}")
        self.assertEqual(answers[8][2:], [[f"{new}.", "A", 60, ["203.0.113.8"]]])
        wait = ["send", "GetChange", {"Id": answers[0]["ChangeInfo"]["Id"]}]
        self.assertEqual(self.ask_sdk(wait)[0]["ChangeInfo"]["Status"], "INSYNC")
        wrong = {"credentials": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "wrong"}}
        self.assertEqual(self.ask_sdk(wait, **wrong)[0]["code"], "SignatureDoesNotMatch")
        said = self.run_verb("plan").stdout
        self.assertIn(f"{new}. A", said)
        self.assertIn(f"a.{ZONE}. A", said)

    def test_amazons_client_sees_what_taproot_wrote(self):
        lines = [f"host{i} 300 IN A 192.0.2.{i % 250 + 1}" for i in range(PAGE)]
        lines += ["* 60 IN TXT \"a;b\" \"c\"", "m 300 IN MX 10 mail.example.net."]
        self.begin(lines)
        self.wait_for_push(1)
        listed = aws(self.party.emulator, "list-resource-record-sets", "--hosted-zone-id",
                     self.party.zone.id)
        sets = {(one["Name"], one["Type"]): one for one in listed["ResourceRecordSets"]}
        self.assertEqual(len(sets), PAGE + 4)
        self.assertEqual(sets[f"\\052.{ZONE}.", "TXT"]["ResourceRecords"], [{"Value": '"a;b" "c"'}])
        self.assertEqual(sets[f"m.{ZONE}.", "MX"]["TTL"], 300)
        # And taproot sees what Amazon's client wrote.
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {
            "Name": f"host1.{ZONE}", "Type": "A", "TTL": 60,
            "ResourceRecords": [{"Value": "203.0.113.7"}]}}]}
        answer = aws(self.party.emulator, "change-resource-record-sets", "--hosted-zone-id",
                     self.party.zone.id, "--change-batch", json.dumps(batch))
        self.assertEqual(answer["ChangeInfo"]["Status"], "INSYNC")
        self.assertIn("203.0.113.7", self.run_verb("plan").stdout)

    def test_weighted_sets_and_aliases_are_left_alone(self):
        self.begin(start=False)
        sets = self.party.zone.sets
        for identifier in ("blue", "green"):
            sets[f"w.{ZONE}.", "A", identifier] = {"ttl": 60, "values": ["192.0.2.1"]}
        sets[f"al.{ZONE}.", "A", ""] = {"alias": "elsewhere.example.net."}
        self.write(["w 300 IN A 192.0.2.9", "b 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("1 conflict left alone", self.wait_for_push(1))
        self.assertEqual(sets[f"w.{ZONE}.", "A", "blue"]["values"], ["192.0.2.1"])
        self.assertIn((f"al.{ZONE}.", "A", ""), self.party.zone.sets)
        self.assertIn((f"b.{ZONE}.", "A", ""), self.party.zone.sets)

    def test_values_are_deleted_as_they_were_typed_in(self):
        self.begin(["m 300 IN MX 10 mail.example.net."])
        self.wait_for_push(1)
        with self.party.emulator.lock:
            self.party.zone.sets[f"m.{ZONE}.", "MX", ""] = {"ttl": 300, "values": ["10 Mail.example.net"]}
        self.assertIn("1 change applied", self.change(["m 300 IN MX 20 mail.example.net."], 2))

    def test_what_it_cannot_hold_is_refused_in_the_plan_or_left_out(self):
        self.begin(["a 300 IN A 192.0.2.1", "l 300 IN LOC 52 22 23.000 N 4 53 32.000 E -2m"])
        self.assertIn("cannot hold", self.wait_for_push(1))
        self.assertEqual(self.party.emulator.calls["ChangeResourceRecordSets"], 0)
        with open(self.taproot.config, encoding="utf-8") as file:
            config = json.load(file)
        config["providers"][0]["unsupported"] = "omit"
        self.taproot.write("taproot.yaml", json.dumps(config))
        self.command(0, "reload")
        self.assertIn("1 RRset omitted", self.wait_for_push(2))
        self.assertIn((f"a.{ZONE}.", "A"), self.ours())

    def test_two_zones_of_one_name_need_an_id(self):
        self.begin(start=False)
        self.party.emulator.add_zone(ZONE)
        done = self.run_verb("provider", "test", "route53")
        self.assertEqual(done.returncode, 1)
        self.assertIn("zone-ids", done.stdout)
        with open(self.taproot.config, encoding="utf-8") as file:
            config = json.load(file)
        config["providers"][0]["zone-ids"] = {ZONE: self.party.zone.id}
        self.taproot.write("taproot.yaml", json.dumps(config))
        self.command(0, "provider", "test", "route53")

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(150):
            self.party.emulator.add_zone(f"z{i}.example.net", private=i == 7)
        done = self.command(0, "provider", "zones", "route53", "--json")
        zones = {one["zone"]: one for one in json.loads(done.stdout)["zones"]}
        self.assertEqual(len(zones), 152)
        self.assertTrue(zones[f"{ZONE}."]["there"] and zones[f"{ZONE}."]["configured"])
        self.assertFalse(zones["z1.example.net."]["configured"])

    def test_throttling_is_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        self.party.emulator.polls = 1  # and a change takes its time
        slow_down = Answer(400, "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
                                "<Message>Rate exceeded</Message></Error></ErrorResponse>")
        self.party.emulator.faults += [Fault("*", slow_down, 2),
                                       Fault("ChangeResourceRecordSets", slow_down, 2)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.2"]))

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("ListHostedZonesByName", "ListResourceRecordSets", "ChangeResourceRecordSets", "GetChange"),
            ("lost", "cut", "nothing", "login page", "null", "server error", "no content"))

    def test_wrong_answers_to_short_questions(self):
        self.check_faults(("ListResourceRecordSets", "ChangeResourceRecordSets"),
                          ("lost", "cut", "nothing", "server error"), remembers=True)


class WithASessionToken(Conformance, LabCase):
    """Keys that end come with a token, which is signed, too."""

    class Party(Route53Party):
        token = "canary-session-4712/=="

    kind = Party


only(WithASessionToken, "test_changes_and_swaps_of_types", "test_a_wrong_key_stops_the_provider")


class WithARole(Conformance, LabCase):
    """A key that may do nothing but assume a role, whose credentials end."""

    class Party(Route53Party):
        ROLE, EXTERNAL_ID = "arn:aws:iam::123456789012:role/dns+writer", "canary id/=&7"
        secrets = [*Route53Party.secrets, "canary-role-secret", "canary-role-token"]

        def start(self):
            super().start()
            self.emulator.role = (self.ROLE, self.EXTERNAL_ID)

        def entry(self, taproot, port):
            return {**super().entry(taproot, port), "role-arn": self.ROLE,
                    "external-id": self.EXTERNAL_ID, "login-url": f"http://127.0.0.1:{port}"}

        def most_requests(self, records, changes):
            most = super().most_requests(records, changes)
            return Requests(most.all + 1, most.write + 1)

    kind = Party

    def test_credentials_that_ended_are_asked_for_anew(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator = self.party.emulator
        emulator.ends = {key: emulator.clock() for key in emulator.ends}  # those of the first push
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(emulator.calls["AssumeRole"], 2)
        self.assert_no_secret()

    def test_a_role_that_may_not_be_assumed(self):
        self.begin(["a 300 IN A 192.0.2.1"], start=False)
        self.party.emulator.role = (self.party.ROLE, "another id")
        self.taproot.start()
        self.assertIn("AccessDenied", self.wait_for_push(1))
        self.assertEqual(dict(self.party.emulator.calls), {"AssumeRole": 1})

    def test_wrong_answers_instead_of_credentials(self):
        self.check_faults(("AssumeRole",), ("lost", "cut", "nothing", "login page", "empty object"))

    def test_amazons_client_assumes_it_too(self):
        self.party.start()
        emulator = self.party.emulator
        self.assertIn("AccessDenied", aws(emulator, "list-hosted-zones"))
        words = ["assume-role", "--role-session-name", "client", "--role-arn", self.party.ROLE]
        self.assertIn("AccessDenied", aws(emulator, *words, service="sts"))
        given = aws(emulator, *words, "--external-id", self.party.EXTERNAL_ID, service="sts")["Credentials"]
        self.assertEqual(emulator.keys[given["AccessKeyId"]],
                         (given["SecretAccessKey"], given["SessionToken"]))
        self.assertIn("HostedZones", aws(emulator, "list-hosted-zones", key_id=given["AccessKeyId"]))
        emulator.ends[given["AccessKeyId"]] -= datetime.timedelta(hours=2)
        self.assertIn("ExpiredToken", aws(emulator, "list-hosted-zones", key_id=given["AccessKeyId"]))


only(WithARole, "test_changes_and_swaps_of_types", "test_a_wrong_key_stops_the_provider",
     "test_a_first_push_of_many_and_a_change_of_one", "test_a_lost_answer_is_looked_up",
     "test_credentials_that_ended_are_asked_for_anew", "test_a_role_that_may_not_be_assumed",
     "test_wrong_answers_instead_of_credentials", "test_amazons_client_assumes_it_too")


class EmulatorIsHonest(Conformance, LabCase):
    """Amazon's client gets from the emulator what it would get from Route 53."""

    kind = Route53Party

    def change_by_client(self, action, name, rrtype, values, ttl=300, **more):
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": {
            "Name": name, "Type": rrtype, "TTL": ttl,
            "ResourceRecords": [{"Value": value} for value in values], **more}}]}
        return aws(self.party.emulator, "change-resource-record-sets", "--hosted-zone-id",
                   self.party.zone.id, "--change-batch", json.dumps(batch))

    def test_it_refuses_what_route53_refuses(self):
        self.party.start()
        self.assertIn("ChangeInfo", self.change_by_client("CREATE", f"a.{ZONE}", "A", ["192.0.2.1"]))
        for words, arguments in (
                ("already exists", ("CREATE", f"a.{ZONE}", "A", ["192.0.2.1"])),
                ("do not match", ("DELETE", f"a.{ZONE}", "A", ["192.0.2.2"])),
                ("do not match", ("DELETE", f"a.{ZONE}", "A", ["192.0.2.1"], 60)),
                ("not found", ("DELETE", f"b.{ZONE}", "A", ["192.0.2.1"])),
                ("not permitted", ("CREATE", f"a.{ZONE}", "CNAME", ["x.example.net"])),
                ("not permitted in zone", ("CREATE", "a.example.org", "A", ["192.0.2.1"])),
                ("Invalid Resource Record", ("CREATE", f"c.{ZONE}", "A", ["192.0.2.300"])),
                ("CharacterString", ("CREATE", f"t.{ZONE}", "TXT", ["unquoted"])),
                ("at least one NS", ("DELETE", ZONE, "NS", NAMESERVERS, 172800))):
            answer = self.change_by_client(*arguments)
            self.assertIn("InvalidChangeBatch", answer)
            self.assertIn(words, answer)

    def test_it_checks_signatures_and_pages(self):
        self.party.polls = 1
        self.party.start()
        self.assertIn("SignatureDoesNotMatch",
                      aws(self.party.emulator, "list-hosted-zones", secret="wrong"))
        for i in range(2 * PAGE + 1):
            self.party.put(f"h{i}.{ZONE}", "A", 60, ["192.0.2.1"])
        self.party.emulator.reset_counters()
        listed = aws(self.party.emulator, "list-resource-record-sets", "--hosted-zone-id",
                     self.party.zone.id)
        self.assertEqual(len(listed["ResourceRecordSets"]), 2 * PAGE + 3)
        self.assertEqual(self.party.emulator.calls["ListResourceRecordSets"], 3)
        change = self.change_by_client("CREATE", f"z.{ZONE}", "A", ["192.0.2.1"])["ChangeInfo"]["Id"]
        states = [aws(self.party.emulator, "get-change", "--id", change)["ChangeInfo"]["Status"]
                  for _ in range(2)]
        self.assertEqual(states, ["PENDING", "INSYNC"])


only(EmulatorIsHonest, "test_it_refuses_what_route53_refuses", "test_it_checks_signatures_and_pages")


if __name__ == "__main__":
    main()
