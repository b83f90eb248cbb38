#!/usr/bin/env python3
"""An example of a program for taproot's providers of kind exec: it speaks with PowerDNS.

    exec_provider.py URL KEY-FILE

docs/exec-driver.md describes what comes on standard input and is wanted on standard output. Each
run is one operation; whatever goes wrong is told as trouble, or ends the program with a code that
is not 0, and then taproot looks for itself what was done.
"""

import http.client
import json
import sys
import urllib.parse

ZONES = "/api/v1/servers/localhost/zones"


class Trouble(Exception):
    """What taproot is told instead of an answer."""

    def __init__(self, kind, words):
        super().__init__(words)
        self.kind, self.words = kind, words


class Provider:
    def __init__(self, url, key_file):
        self.url = urllib.parse.urlsplit(url)
        with open(key_file, encoding="ascii") as file:
            self.key = file.read().strip()

    def call(self, method, path, body=None):
        """The status and the JSON of one request; redirects are not followed."""
        secure = self.url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.url.hostname, self.url.port, timeout=20)
        data = None if body is None else json.dumps(body)
        connection.request(method, ZONES + path, data, {
            "X-API-Key": self.key, "Content-Type": "application/json", "Connection": "close"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status in (401, 403):
            raise Trouble("auth", "PowerDNS refuses the API key")
        if answer.status in (429, 503):
            raise Trouble("retry", f"PowerDNS says {answer.status}")
        if answer.status >= 500:
            raise Trouble("unknown", f"PowerDNS says {answer.status}")
        return answer.status, json.loads(text) if text else None

    # Operations.

    def find(self, order):
        status, zone = self.call("GET", f"/{order['zone']}?rrsets=false")
        if status in (404, 422):
            return {"absent": True}
        return {"id": zone["id"]}

    def list(self, order, query=""):
        status, zone = self.call("GET", f"/{order['id']}{query}")
        if status in (404, 422):
            return {"absent": True}
        return {"complete": True, "rrsets": [rrset for rrset in map(rrset_of, zone["rrsets"])
                                             if rrset is not None]}

    def look(self, order):
        name = urllib.parse.quote(order["name"], safe="")
        return self.list(order, f"?rrset_name={name}")

    def apply(self, order):
        # What makes room comes first: PowerDNS goes through them one after the other.
        changes = sorted(order["changes"], key=lambda change: "after" in change)
        status, said = self.call("PATCH", f"/{order['id']}", {"rrsets": list(map(patch_of, changes))})
        if status == 204:
            return {"done": True}
        raise Trouble("conflict" if status == 404 else "refused",
                      f"PowerDNS says {status}: {(said or {}).get('error', '')}")

    def zones(self, _):
        _, zones = self.call("GET", "?dnssec=false")
        return {"zones": [{"zone": zone["name"], "id": zone["id"]} for zone in zones]}


def rrset_of(rrset):
    """One RRset of PowerDNS's as taproot reads it."""
    if not rrset["records"]:
        return None  # it has nothing but comments
    result = {"name": rrset["name"], "type": rrset["type"], "ttl": rrset["ttl"],
              "records": [record["content"] for record in rrset["records"]]}
    if any(record.get("disabled") for record in rrset["records"]):
        result.update(kind="opaque", why="it has disabled records")
    return result


def patch_of(change):
    """One change of taproot's as PowerDNS takes it."""
    patch = {"name": change["name"], "type": change["type"]}
    if "after" not in change:
        return {**patch, "changetype": "DELETE"}
    after = change["after"]
    return {**patch, "changetype": "REPLACE", "ttl": after["ttl"],
            "records": [{"content": record, "disabled": False} for record in after["records"]]}


def main():
    order = json.load(sys.stdin)
    if order["taproot"] != 1:
        sys.exit("this program speaks version 1 of taproot's exec protocol")
    try:
        operations = {"find", "list", "look", "apply", "zones"}
        if order["operation"] not in operations:
            raise Trouble("refused", f"the operation {order['operation']} is not known")
        answer = getattr(Provider(*sys.argv[1:]), order["operation"])(order)
    except Trouble as trouble:
        answer = {"trouble": {"kind": trouble.kind, "words": trouble.words}}
    json.dump({"taproot": 1, **answer}, sys.stdout)


if __name__ == "__main__":
    main()
