"""A real PowerDNS is pushed by its HTTP API: plan, guards, apply, read back, proof by query."""

import http.server
import threading

from case import ZONE, LabCase, main, source
from lab import Knot, PowerDns, free_port, short, wait_until


class Push(LabCase):
    def start(self, text=None, servers=(), zones=(ZONE,)):
        self.powerdns = self.lab.add(PowerDns(self.lab, list(zones))).start()
        self.taproot.write_zone(ZONE + ".yaml", text or source())
        self.configure([self.powerdns, *servers])
        self.taproot.start()

    def records(self, name, rrtype):
        status, zone = self.powerdns.api("GET", f"/zones/{ZONE}.")
        self.assertEqual(status, 200)
        return sorted(record["content"] for rrset in zone["rrsets"]
                      if (rrset["name"], rrset["type"]) == (name + ".", rrtype)
                      for record in rrset["records"])

    def test_transfer_and_api_providers_are_one_change_set(self):
        knot, = self.secondaries(Knot)
        self.start(servers=[knot])
        self.command(0, "apply", "--wait")
        self.command(0, "plan")
        self.assertEqual(short(self.powerdns.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        wait_until("both to serve the change", lambda: all(
            short(server.port, "www." + ZONE, "A") == ["192.0.2.81"]
            for server in (knot, self.powerdns)))
        self.command(0, "apply", "--wait")
        self.command(0, "verify")
        status = self.taproot.ask("status")
        for provider in status["zones"][0]["providers"]:
            self.assertEqual(provider["state"], "in-sync", provider)

    def test_a_zone_published_on_apply_waits_for_it(self):
        knot, = self.secondaries(Knot)
        self.powerdns = self.lab.add(PowerDns(self.lab, [ZONE])).start()
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([knot, self.powerdns], zones=[
            {"name": ZONE, "source": f"zones/{ZONE}.yaml", "publish": "on-apply",
             "providers": ["knot", "powerdns"]}])
        self.taproot.start()
        self.command(0, "apply", "--wait")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        done = self.command(2, "plan")
        self.assertIn("192.0.2.81", done.stdout)
        self.assertIn("knot", done.stdout)
        self.assertIn("powerdns", done.stdout)
        plan = self.taproot.ask("plan")
        self.assertEqual(short(knot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.command(1, "apply", "--plan", "0123456789ab")
        self.command(0, "apply", "--plan", plan["id"], "--wait")
        for server in (knot, self.powerdns):
            self.assertEqual(short(server.port, "www." + ZONE, "A"), ["192.0.2.81"])
        self.command(0, "plan")

    def test_drift_is_shown_and_mended_by_apply(self):
        self.start()
        self.command(0, "apply", "--wait")
        status, _ = self.powerdns.api("PATCH", f"/zones/{ZONE}.", {"rrsets": [{
            "name": f"www.{ZONE}.", "type": "A", "ttl": 300, "changetype": "REPLACE",
            "records": [{"content": "203.0.113.66", "disabled": False}]}]})
        self.assertEqual(status, 204)
        done = self.taproot.run("verify")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("203.0.113.66", done.stdout)
        self.assertIn("203.0.113.66", self.taproot.run("plan").stdout)

    def test_records_of_others_are_left_alone(self):
        self.powerdns = self.lab.add(PowerDns(self.lab, [ZONE])).start()
        foreign = {"rrsets": [{"name": f"theirs.{ZONE}.", "type": "A", "ttl": 60,
                               "changetype": "REPLACE",
                               "records": [{"content": "198.51.100.1", "disabled": False}]}]}
        self.assertEqual(self.powerdns.api("PATCH", f"/zones/{ZONE}.", foreign)[0], 204)
        self.taproot.write_zone(ZONE + ".yaml", source())
        self.configure([self.powerdns])
        self.taproot.start()
        wait_until("the push", lambda: self.records("www." + ZONE, "A") == ["192.0.2.80"])
        self.assertEqual(self.records("theirs." + ZONE, "A"), ["198.51.100.1"])

    def test_a_guard_stops_a_mass_deletion_until_it_is_forced(self):
        many = "".join(f"host{i}: {{type: A, value: 192.0.2.{i}}}\n" for i in range(1, 40))
        self.start(source(more=many))
        self.command(0, "apply", "--wait")
        self.taproot.write_zone(ZONE + ".yaml", source())
        wait_until("the source to be stopped",  # by the guard before: it loses most of its names
                   lambda: self.taproot.run("reload", ZONE).returncode == 5)
        stop = self.taproot.ask("status")["zones"][0]["guard"]["force_id"]
        self.taproot.run("reload", ZONE, "--force", stop)
        wait_until("the change to be installed",
                   lambda: self.taproot.ask("status")["zones"][0]["version"] == 2)
        done = self.command(5, "apply", "--wait")
        self.assertIn("--force", done.stdout + done.stderr)
        self.assertEqual(self.records("host1." + ZONE, "A"), ["192.0.2.1"])
        zone, = self.taproot.ask("plan")["zones"]
        force = zone["providers"][0]["guard"]["force_id"]
        self.command(0, "apply", "--force", force, "--wait")
        self.assertEqual(self.records("host1." + ZONE, "A"), [])

    def test_rollback_goes_everywhere_and_stays(self):
        knot, = self.secondaries(Knot)
        self.start(servers=[knot])
        self.command(0, "apply", "--wait")
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.81"))
        wait_until("version 2", lambda: self.taproot.ask("status")["zones"][0]["version"] == 2)
        self.command(0, "apply", "--wait")
        self.command(0, "rollback", ZONE)
        for server in (knot, self.powerdns):
            wait_until(f"{server.name} to serve the old address",
                       lambda server=server: short(server.port, "www." + ZONE, "A") == ["192.0.2.80"])
        history = self.taproot.ask("history", ZONE)
        self.assertEqual([row["version"] for row in history["versions"]], [3, 2, 1])
        serials = [row["serial"] for row in history["versions"]]
        self.assertEqual(serials, sorted(serials, reverse=True))
        self.command(0, "diff", ZONE, "1", "3")
        # Neither apply, reload nor a restart brings back what the operator went back from.
        self.command(0, "apply", "--wait")
        self.command(0, "reload")
        self.assertIn("rolled back", self.taproot.ask("status")["zones"][0]["candidate_refused"])
        self.taproot.stop()
        self.taproot.start()
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        self.taproot.write_zone(ZONE + ".yaml", source("192.0.2.82"))
        wait_until("a new change to go through", lambda: short(
            self.powerdns.port, "www." + ZONE, "A") == ["192.0.2.82"])


class Answers(http.server.BaseHTTPRequestHandler):
    """An HTTP server that answers everything with the same wrong thing."""

    status, body, kind = 200, b"", "application/json"

    def answer(self):
        self.send_response(self.status)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_PATCH = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


class WrongAnswers(LabCase):
    """Whatever a provider says, it is one clear line, the right exit code, and nothing is lost."""

    CASES = [
        ("401", 401, b"Unauthorized", "text/plain"),
        ("422", 422, b'{"error": "nothing of the sort"}', "application/json"),
        ("500", 500, b'{"error": "backend down"}', "application/json"),
        ("nothing", 200, b"", "application/json"),
        ("garbage", 200, b"<html>please log in</html>", "text/html"),
        ("null", 200, b"null", "application/json"),
        ("half", 200, b'[{"name": "example.com.", "id"', "application/json"),
        ("redirect", 302, b"", "text/plain"),
    ]

    def test_wrong_answers(self):
        for name, status, body, kind in self.CASES:
            with self.subTest(name):
                self.setUp()
                handler = type("Handler", (Answers,), {"status": status, "body": body, "kind": kind})
                port = free_port()
                server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
                thread = threading.Thread(target=server.serve_forever, daemon=True)
                thread.start()
                try:
                    self.against(f"http://127.0.0.1:{port}")
                finally:
                    server.shutdown()
                    server.server_close()

    def test_nobody_there(self):
        self.against(f"http://127.0.0.1:{free_port()}")

    def against(self, url):
        secret = "s3cret-canary-0123456789"
        self.taproot.write("keys/api", secret + "\n", 0o600)
        self.taproot.write_zone(ZONE + ".yaml", source())
        from lab import taproot_config
        taproot_config(self.taproot, [], [
            {"name": "wrong", "kind": "powerdns", "url": url, "api-key-file": "keys/api",
             "nameservers": {"ns1.example.net.": [f"127.0.0.1:{free_port()}"]}}],
            [{"name": ZONE, "source": f"zones/{ZONE}.yaml", "providers": ["wrong"]}])
        self.taproot.start()
        done = self.taproot.run("plan", timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout)
        text = done.stdout + done.stderr
        self.assertIn("wrong", text)
        self.assertEqual(short(self.taproot.port, "www." + ZONE, "A"), ["192.0.2.80"])
        status = self.taproot.run("status").stdout
        with open(self.taproot.log, encoding="utf-8") as log:
            self.assertNotIn(secret, text + status + log.read())


if __name__ == "__main__":
    main()
