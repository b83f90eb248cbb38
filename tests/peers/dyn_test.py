"""Dyn Managed DNS, which was retired: an emulator of its protocol. No client of others is at hand that
could judge it: those that are known are neither in Debian nor kept up."""

import json
import re
import sys

from case import LabCase, main
from conformance import ZONE, Conformance, EmulatedParty, Requests, SingleRecords, zone_text

from dyn_emulator import NAMESERVERS, Dyn, bad  # conformance named the folder
from emulator import Answer, Fault


class DynParty(EmulatedParty):
    secrets = ["canary-dyn-", "canary-session"]
    name = "dyn"

    def start(self):
        self.emulator = Dyn()
        self.zone = self.emulator.add_zone(ZONE)
        self.emulator.add_zone("example.org")
        self.server_port = self.emulator.port

    def entry(self, taproot, port):
        taproot.write("keys/password", self.emulator.password + "\n", 0o600)
        return {"name": self.name, "kind": "dyn", "url": f"http://127.0.0.1:{port}",
                "customer": self.emulator.customer, "user": self.emulator.user,
                "password-file": "keys/password"}

    def put(self, name, rrtype, ttl, values):
        self.emulator.put(self.zone, name, rrtype, ttl, values)

    def rrsets(self):
        def text(one):
            return " ".join(" ".join(f'"{part}"' for part in value) if isinstance(value, list)
                            else str(value) for value in one["rdata"].values())

        with self.emulator.lock:
            return {(name + ".", rrtype): (records[0]["ttl"], sorted(map(text, records)))
                    for (name, rrtype), records in self.zone["sets"].items()}

    def apex_ns(self):
        return NAMESERVERS

    def most_requests(self, records, changes):
        # A session; discard and list; one request for each RRset, and publish; discard and list; the
        # end of the session.
        return Requests(1 + 2 + changes + 1 + 2 + 1, 4)


class Conforms(Conformance, LabCase):
    kind = DynParty
    creating = "create"
    test_somebody_else_is_faster = SingleRecords.test_somebody_else_is_faster

    def setUp(self):
        super().setUp()
        if self._testMethodName == "test_hold_and_resume":
            print("dyn: the emulator is checked by no client of others: there is none in Debian or "
                  "on npm", file=sys.stderr)

    def test_all_is_published_at_once_and_the_session_ends(self):
        self.begin(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1", "c 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator, seen = self.party.emulator, []
        emulator.after = lambda operation: seen.append((operation, len(self.ours())))
        emulator.reset_counters()
        self.change(["a 300 IN A 192.0.2.9", "b 300 IN CNAME a", "d 60 IN TXT x"], 2)
        self.assertEqual([one[0] for one in seen[:3]], ["login", "discard", "list"])
        self.assertEqual(sorted(one[0] for one in seen[3:8]),
                         ["create", "create", "delete", "delete", "replace"])
        self.assertEqual(seen[7][1], 3)
        self.assertEqual([one[0] for one in seen[8:]], ["publish", "discard", "list", "logout"])
        self.assertEqual(emulator.sessions, {})

    def test_what_was_staged_and_not_published_is_never_taken_for_done(self):
        """Half an answer comes to a write: the reading that follows must not show what is staged."""
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator = self.party.emulator
        emulator.reset_counters()
        emulator.faults[:] = [Fault("replace", "cut")]
        self.assertIn("1 change applied and read back", self.change(["a 300 IN A 192.0.2.2"], 2))
        self.assertEqual(emulator.log, ["login", "discard", "list", "replace", "discard", "list",
                                        "replace", "publish", "discard", "list", "logout"])
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.2"]))

    def test_whatever_becomes_a_job_is_waited_for(self):
        """Whose redirect leads to another host, where nobody gets a token."""
        self.begin(["a 300 IN A 192.0.2.1"], start=False)
        emulator = self.party.emulator
        emulator.slow = {"discard", "list", "create", "publish"}
        emulator.job_url = "http://127.0.0.2:9"
        self.taproot.start()
        self.assertIn("1 change applied and read back", self.wait_for_push(1))
        self.assertEqual(emulator.calls["job"], 2 * 6)
        self.assertEqual(emulator.calls["create"], 1)
        self.assertEqual(self.ours()[f"a.{ZONE}.", "A"], (300, ["192.0.2.1"]))

    def test_commands_wait_for_jobs_and_end_their_sessions(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator = self.party.emulator
        emulator.slow = {"list", "list zones"}
        self.assertIn("ok: 3 RRsets read", self.command(0, "provider", "test", "dyn").stdout)
        emulator.slow = {"list zones"}
        emulator.polls = 0
        self.command(0, "provider", "zones", "dyn")
        self.assertEqual(emulator.sessions, {})

    def test_a_job_that_fails_is_a_refusal(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)
        emulator = self.party.emulator
        emulator.slow = {"create"}
        emulator.checked = lambda *_: (_ for _ in ()).throw(bad("rdata: not today"))
        said = self.change(["a 300 IN A 192.0.2.1", "b 300 IN A 192.0.2.1"], 2)
        self.assertIn("INVALID_DATA: rdata: not today", said)
        self.assertNotIn((f"b.{ZONE}.", "A"), self.ours())

    def test_one_that_is_refused_does_not_keep_the_others(self):
        self.begin(start=False)
        emulator = self.party.emulator
        ordinary = emulator.checked
        emulator.checked = lambda rrtype, rdata: (
            ordinary(rrtype, rdata if rdata.get("address") != "192.0.2.66" else None))
        self.write(["a 300 IN A 192.0.2.1", "bad 300 IN A 192.0.2.66", "c 300 IN A 192.0.2.1"])
        self.taproot.start()
        said = self.wait_for_push(1)
        self.assertIn("1 RRset refused: bad.example.com. A", said)
        self.assertEqual({key[0] for key in self.ours()}, {f"a.{ZONE}.", f"c.{ZONE}."})

    def test_tasks_and_rate_limits_are_waited_out(self):
        self.begin(["a 300 IN A 192.0.2.1"])
        self.wait_for_push(1)

        def failure(*messages):
            return Answer(400, json.dumps({"status": "failure", "data": {}, "job_id": 1, "msgs": [
                {"INFO": info, "ERR_CD": code, "LVL": "ERROR", "SOURCE": "BLL"}
                for code, info in messages]}), "application/json")

        blocked = failure(("ILLEGAL_OPERATION", "zone: Operation blocked by current task"),
                          (None, "task_id: 4711"))
        limited = failure(("RATE_LIMIT_EXCEEDED", "rate limit exceeded"))
        self.party.emulator.faults += [Fault("replace", blocked, 2), Fault("publish", blocked, 1),
                                       Fault("list", limited, 1)]
        self.assertIn("1 change applied", self.change(["a 300 IN A 192.0.2.2"], 2))

    def test_ttls_that_differ_are_evened_out(self):
        self.begin(["a 300 IN A 192.0.2.1", "a 300 IN A 192.0.2.2"])
        self.wait_for_push(1)
        with self.party.emulator.lock:
            self.party.zone["sets"][f"a.{ZONE}", "A"][0]["ttl"] = 600
        self.assertEqual(self.run_verb("plan").returncode, 2)
        self.run_verb("apply")
        self.assertIn("1 change applied", self.wait_for_push(2))
        self.assertEqual({one["ttl"] for one in self.party.zone["sets"][f"a.{ZONE}", "A"]}, {300})

    def test_services_are_left_alone(self):
        self.begin(start=False)
        emulator = self.party.emulator
        shown = emulator.list
        emulator.list = lambda session, call: {**shown(session, call), "policy_records": [
            {"zone": ZONE, "fqdn": f"geo.{ZONE}", "record_type": "POLICY", "record_id": 7, "ttl": 60,
             "rdata": {"policy": "x"}}]}
        self.write(["a 300 IN A 192.0.2.1"])
        self.taproot.start()
        self.assertIn("applied and read back", self.wait_for_push(1))
        self.assertIn("1 change", self.pushes()[0])

    def test_name_servers_of_ones_own(self):
        self.begin(start=False, **{"apex-ns": "manage"})
        self.taproot.write_zone(ZONE + ".zone", zone_text(["a 300 IN A 192.0.2.1"], ["ns1.example.net."]))
        self.taproot.start()
        plan = re.search(r"plan ([0-9a-f]{12})", self.wait_for_push(1))[1]  # the guard apex-ns
        self.command(0, "apply", "--force", plan, "--wait")
        self.assertEqual(self.party.rrsets()[ZONE + ".", "NS"], (3600, ["ns1.example.net."]))

    def test_a_zone_that_is_not_there(self):
        self.begin(["a 300 IN A 192.0.2.1"], start=False)
        self.party.emulator.zones.clear()
        self.taproot.start()
        self.assertIn("the provider has no zone", self.wait_for_push(1))

    def test_it_is_marked_as_retired(self):
        self.begin(start=False)
        self.assertEqual(self.capabilities()["status"], "retired")
        self.assertIn("retired", self.run_verb("provider", "list").stdout)

    def test_wrong_answers_change_nothing_and_lose_nothing(self):
        self.check_faults(
            ("login", "discard", "list", "replace", "publish"),
            ("lost", "cut", "nothing", "login page", "null", "empty object", "server error", "no content"))

    def test_all_zones_are_listed(self):
        self.begin(start=False)
        for i in range(120):
            self.party.emulator.add_zone(f"z{i}.example.net")
        done = self.command(0, "provider", "zones", "dyn", "--json")
        self.assertEqual(len(json.loads(done.stdout)["zones"]), 122)


if __name__ == "__main__":
    main()
