"""Zones made of documents on a web server, and of several sources."""

import hashlib
import http.server
import os
import re
import subprocess
import threading

from case import ZONE, LabCase, main, source
from lab import short, taproot_config, wait_until


class Pages(http.server.ThreadingHTTPServer):
    """Documents in memory, with ETags; counts what it was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0):
        self.documents = {}
        self.asked = []
        super().__init__(("127.0.0.1", port), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def put(self, path, text):
        self.documents[path] = text.encode() if isinstance(text, str) else text

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # a connection each: the end of the server is seen at once

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.server.documents.get(self.path)
        etag = '"' + hashlib.sha256(body or b"").hexdigest()[:12] + '"'
        status = 404 if body is None else 200
        if body is not None and self.headers.get("If-None-Match") == etag:
            status, body = 304, b""
        self.server.asked.append((self.path, status, self.headers.get("Authorization")))
        self.send_response(status)
        if status == 200:
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body or b"")


class Source(LabCase):
    def setUp(self):
        super().setUp()
        self.pages = Pages()
        self.addCleanup(lambda: self.pages.stop())

    def configure_sources(self, zone):
        taproot_config(self.taproot, [], [], [{"name": ZONE, **zone}])

    def www(self):
        return short(self.taproot.port, "www." + ZONE, "A")

    def wait_www(self, address):
        wait_until(f"taproot to serve {address}", lambda: self.www() == [address], 20)

    def document(self):
        return self.taproot.ask("status", ZONE)["zones"][0]["documents"][0]

    def metric(self, name):
        lines = self.metrics().splitlines()
        return [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{")]

    def test_a_document_is_followed_outlives_its_server_and_a_restart(self):
        self.pages.put("/z.yaml", source())
        self.taproot.write("token", "sesame\n", 0o600)
        self.configure_sources({"source": {"url": self.pages.url("/z.yaml"), "interval": "1s",
                                           "token-file": "token"}})
        self.taproot.start()
        self.wait_www("192.0.2.80")
        self.assertIn(("/z.yaml", 200, "Bearer sesame"), self.pages.asked)
        # A change is found by the timer; then the server says "not modified" again.
        self.pages.put("/z.yaml", source("192.0.2.81"))
        self.wait_www("192.0.2.81")
        self.pages.asked.clear()
        wait_until("a look that finds nothing new",
                   lambda: ("/z.yaml", 304, "Bearer sesame") in self.pages.asked, 20)
        self.assertEqual(self.document()["error"], "")
        # `reload` does not wait for the timer.
        self.pages.put("/z.yaml", source("192.0.2.82"))
        self.command(0, "reload", ZONE)
        self.assertEqual(self.www(), ["192.0.2.82"])
        # A bad document keeps the last good version, and says which line of the URL it is.
        self.pages.put("/z.yaml", source("192.0.2.83").replace("mail:\n", "mail: 7\nm:\n"))
        done = self.command(1, "reload", ZONE)
        self.assertIn(self.pages.url("/z.yaml") + ":8:", done.stdout)
        self.assertEqual(self.www(), ["192.0.2.82"])
        # The server dies.
        port = self.pages.port
        self.pages.stop()
        row = wait_until("the failure to be seen",
                         lambda: self.document() if self.document()["error"] else None, 20)
        self.assertIn("refused", row["error"])
        self.assertTrue(row["next"])
        said = re.compile(r"z\.yaml  the copy is .* old; last attempt: .*refused.*, next in ")
        wait_until("status to say it", lambda: said.search(self.command(0, "status").stdout))
        self.assertIn("source-unreachable", self.command(1, "reload", ZONE).stdout)
        self.assertEqual(self.metric("taproot_source_failing"), [1.0])
        age = self.metric("taproot_source_age_seconds")[0]
        self.assertGreater(age, 0)
        # A restart without the server: the copy is still the good one, and as old as it is.
        self.taproot.stop()
        self.taproot.start()
        self.assertEqual(self.www(), ["192.0.2.82"])
        wait_until("the copy to be shown", lambda: self.document()["confirmed"])
        self.assertGreaterEqual(self.metric("taproot_source_age_seconds")[0], age)
        zone = self.taproot.ask("status", ZONE)["zones"][0]
        self.assertEqual(zone["candidate_refused"], "", "the copy is the good document")
        # The server is back.
        self.pages = Pages(port)
        self.pages.put("/z.yaml", source("192.0.2.84"))
        self.wait_www("192.0.2.84")
        wait_until("the error to go", lambda: self.document()["error"] == "")

    def test_a_damaged_copy_is_fetched_anew(self):
        self.pages.put("/z.yaml", source())
        self.configure_sources({"source": self.pages.url("/z.yaml")})
        self.taproot.start()
        self.wait_www("192.0.2.80")
        folder = self.taproot.path("state", "sources")
        name, = wait_until("the copy", lambda: [n for n in os.listdir(folder)
                                                if n.endswith(".copy")])
        self.taproot.stop()
        with open(os.path.join(folder, name), "r+b") as copy:
            copy.seek(-20, os.SEEK_END)
            copy.write(b"garbage")
        self.pages.asked.clear()
        self.taproot.start()
        self.wait_www("192.0.2.80")
        # The damaged copy's ETag is not used: it would bring no document.
        wait_until("the document to be fetched",
                   lambda: ("/z.yaml", 200, None) in self.pages.asked)
        self.command(0, "reload", ZONE)

    def test_a_document_must_be_signed_and_whole(self):
        key = self.taproot.path("key.pem")
        self.run_tool("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
        self.run_tool("openssl", "pkey", "-in", key, "-pubout", "-out",
                      self.taproot.path("public.pem"))
        self.configure_sources({"source": {
            "url": self.pages.url("/z.yaml"), "interval": "1s", "checksum": "sha256",
            "signature": {"public-key-file": "public.pem"}}})

        def publish(text, signed=None):
            self.taproot.write("document", signed if signed is not None else text)
            self.run_tool("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in",
                          self.taproot.path("document"), "-out", self.taproot.path("sig"))
            with open(self.taproot.path("sig"), "rb") as file:
                self.pages.put("/z.yaml.sig", file.read())
            digest = hashlib.sha256(text.encode()).hexdigest()
            self.pages.put("/z.yaml.sha256", f"{digest}  z.yaml\n")
            self.pages.put("/z.yaml", text)

        publish(source())
        self.taproot.start()
        self.wait_www("192.0.2.80")
        self.command(0, "check")
        # Somebody else's document, with a checksum of its own.
        publish(source("192.0.2.66"), signed=source())
        self.assertIn("source-signature", self.command(1, "reload", ZONE).stdout)
        self.assertEqual(self.www(), ["192.0.2.80"])
        zone = self.taproot.ask("status", ZONE)["zones"][0]
        self.assertIn("source-signature", zone["candidate_refused"])
        self.assertIn("source-signature", self.command(2, "check").stdout)
        # Half a document.
        publish(source("192.0.2.67"))
        self.pages.put("/z.yaml", source("192.0.2.67")[:100])
        self.assertIn("source-checksum", self.command(1, "reload", ZONE).stdout)
        self.assertEqual(self.www(), ["192.0.2.80"])
        publish(source("192.0.2.81"))
        self.command(0, "reload", ZONE)
        self.assertEqual(self.www(), ["192.0.2.81"])

    def run_tool(self, *words):
        subprocess.run(words, check=True, capture_output=True, timeout=30)

    def test_several_sources_make_one_zone(self):
        team = "www.team-a: {type: A, value: ADDRESS}\n"
        self.taproot.write_zone("base.yaml", source())
        self.pages.put("/team-a.yaml", team.replace("ADDRESS", "192.0.2.90"))
        url = self.pages.url("/team-a.yaml")
        self.configure_sources({"sources": [
            "zones/base.yaml", {"url": url, "interval": "1s", "owns": ["*.team-a"]}]})
        self.taproot.start()

        def served():
            return self.www(), short(self.taproot.port, "www.team-a." + ZONE, "A")

        def wait_served(www, team_www):
            wait_until(f"{www} and {team_www}", lambda: served() == ([www], [team_www]), 20)

        wait_served("192.0.2.80", "192.0.2.90")
        # Either may change alone.
        self.taproot.write_zone("base.yaml", source("192.0.2.81"))
        wait_served("192.0.2.81", "192.0.2.90")
        self.pages.put("/team-a.yaml", team.replace("ADDRESS", "192.0.2.91"))
        wait_served("192.0.2.81", "192.0.2.91")
        # The team reaches for what is not its own, by name and by RRset.
        self.pages.put("/team-a.yaml", "mail: {type: TXT, value: mine}\n")
        done = self.command(1, "reload", ZONE)
        self.assertIn("source-not-owner", done.stdout)
        self.assertIn(url + ":1:", done.stdout)
        self.pages.put("/team-a.yaml", team.replace("ADDRESS", "192.0.2.92"))
        self.taproot.write_zone("base.yaml",
                                source("192.0.2.82", team.replace("ADDRESS", "192.0.2.99")))
        done = self.command(1, "reload", ZONE)
        self.assertIn("source-conflict", done.stdout)
        self.assertIn("zones/base.yaml:", done.stdout)
        self.assertEqual(served(), (["192.0.2.81"], ["192.0.2.91"]))
        # A source that is gone takes nothing away.
        os.remove(self.taproot.zone_path("base.yaml"))
        self.command(1, "reload", ZONE)
        self.assertEqual(served(), (["192.0.2.81"], ["192.0.2.91"]))
        self.taproot.write_zone("base.yaml", source("192.0.2.82"))
        wait_served("192.0.2.82", "192.0.2.92")

    def test_a_first_start_without_the_server_says_why(self):
        port = self.pages.port
        self.pages.stop()
        self.configure_sources({"source": {"url": self.pages.url("/z.yaml"), "interval": "1s"}})
        self.taproot.start()
        refused = wait_until("the reason", lambda: self.taproot.ask(
            "status", ZONE)["zones"][0]["candidate_refused"])
        self.assertIn("source-unreachable", refused)
        self.pages = Pages(port)
        self.pages.put("/z.yaml", source())
        self.wait_www("192.0.2.80")


if __name__ == "__main__":
    main()
