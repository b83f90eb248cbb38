"""Google Cloud DNS's API (v1) on loopback: tokens for service accounts, zones, RRsets, changes.

Checks the assertion that a token is asked with (RS256, audience, times), the token of every call,
pages (one of them never has more than 990 RRsets, whatever is asked for), the limits of a change,
and that deletions name exactly what is there. A change is carried out whole or not at all, and is
pending before it is done.
"""

import base64
import ipaddress
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from emulator import Answer, Emulator

TYPES = {"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "IPSECKEY", "MX", "NAPTR", "NS", "PTR", "SOA",
         "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
STRING = r'"(?:[^"\\]|\\[0-9]{3}|\\.)*"'
VALUES = {
    "CNAME": r"\S+\.", "NS": r"\S+\.", "PTR": r"\S+\.", "MX": r"\d+ \S*\.",
    "SRV": r"\d+ \d+ \d+ \S*\.", "TXT": rf"{STRING}( {STRING})*", "SPF": rf"{STRING}( {STRING})*",
    "CAA": rf"\d+ [a-zA-Z0-9]+ {STRING}", "DS": r"\d+ \d+ \d+ [0-9A-Fa-f]+",
    "SSHFP": r"\d+ \d+ [0-9A-Fa-f]+", "TLSA": r"\d+ \d+ \d+ [0-9A-Fa-f]+",
    "NAPTR": rf"\d+ \d+ {STRING} {STRING} {STRING} \S+", "SVCB": r"\d+ \S+( \S.*)?",
    "HTTPS": r"\d+ \S+( \S.*)?", "SOA": r"\S+ \S+ \d+ \d+ \d+ \d+ \d+", "IPSECKEY": r".+",
}
MAX_CHANGES, MAX_OCTETS, MAX_RECORDS, PAGE = 1000, 100_000, 100, 990
NAMESERVERS = [f"ns-cloud-a{i}.googledomains.com." for i in range(1, 5)]


class Refused(Exception):
    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status, self.reason = status, reason


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Google(Emulator):
    PROJECT = "canary-project"

    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="google-emulator-")
        self.private = os.path.join(self.folder, "key.pem")
        self.public = os.path.join(self.folder, "public.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                        "-out", self.private], check=True, capture_output=True)
        subprocess.run(["openssl", "pkey", "-in", self.private, "-pubout", "-out", self.public],
                       check=True, capture_output=True)
        self.tokens = set()
        self.zones = {}  # by slug
        self.polls = 2  # None: a change is done at once
        self.batches = []

    def stop(self, *_):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def key_file(self, url=None):
        """What Google gives out as a service account's key."""
        with open(self.private, encoding="ascii") as file:
            key = file.read()
        return json.dumps({
            "type": "service_account", "project_id": self.PROJECT, "private_key_id": "k1",
            "private_key": key, "client_email": "taproot@canary-project.iam.gserviceaccount.com",
            "token_uri": (url or self.url()) + "/token"})

    def add_zone(self, name, visibility="public"):
        slug = name.rstrip(".").replace(".", "-") + ("" if visibility == "public" else "-private")
        while slug in self.zones:
            slug += "-2"
        name = name.rstrip(".").lower() + "."
        self.zones[slug] = {
            "name": slug, "dnsName": name, "visibility": visibility, "changes": {},
            "sets": {(name, "NS"): {"ttl": 21600, "rrdatas": list(NAMESERVERS)},
                     (name, "SOA"): {"ttl": 21600, "rrdatas": [
                         f"{NAMESERVERS[0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300"]}}}
        return self.zones[slug]

    ZONES = r"/dns/v1/projects/canary-project/managedZones"
    ROUTES = [
        ("POST", r"/token", "token"),
        ("GET", ZONES, "list zones"),
        ("GET", ZONES + r"/([a-z0-9-]+)", "get zone"),
        ("GET", ZONES + r"/([a-z0-9-]+)/rrsets", "list rrsets"),
        ("POST", ZONES + r"/([a-z0-9-]+)/changes", "change"),
        ("GET", ZONES + r"/([a-z0-9-]+)/changes/(\d+)", "get change"),
    ]

    def answer(self, operation, call):
        try:
            if operation == "token":
                return Answer(200, json.dumps(self.token(call)), "application/json")
            token = call.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                raise Refused(401, "authError", "Invalid Credentials")
            if operation == "unknown":
                raise Refused(404, "notFound", "Not Found")
            query = dict(urllib.parse.parse_qsl(call.query))
            result = getattr(self, operation.replace(" ", "_"))(query, call)
            return Answer(200, json.dumps(result), "application/json")
        except Refused as refused:
            if operation == "token":
                return Answer(refused.status, json.dumps(
                    {"error": refused.reason, "error_description": str(refused)}), "application/json")
            return Answer(refused.status, json.dumps({"error": {
                "code": refused.status, "message": str(refused),
                "errors": [{"domain": "global", "reason": refused.reason,
                            "message": str(refused)}]}}), "application/json")

    # Tokens: RFC 7523 as Google has it.

    def token(self, call):
        form = dict(urllib.parse.parse_qsl(call.body.decode()))
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise Refused(400, "unsupported_grant_type", "Invalid grant_type")
        parts = form.get("assertion", "").split(".")
        try:
            header, claims = (json.loads(unpadded(part)) for part in parts[:2])
            signature = unpadded(parts[2])
        except (ValueError, IndexError) as error:
            raise Refused(400, "invalid_grant", "Invalid JWT") from error
        now = time.time()
        with open(os.path.join(self.folder, "signature"), "wb") as file:
            file.write(signature)
        verified = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", self.public, "-signature", file.name],
            input=".".join(parts[:2]).encode(), capture_output=True, check=False).returncode == 0
        if not verified or header.get("alg") != "RS256":
            raise Refused(400, "invalid_grant", "Invalid JWT Signature.")
        if not claims["aud"].endswith("/token") or "clouddns" not in claims["scope"]:
            raise Refused(400, "invalid_scope", "Invalid audience or scope")
        if abs(claims["iat"] - now) > 300 or claims["exp"] - claims["iat"] > 3600:
            raise Refused(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token")
        token = f"ya29.canary-token-{len(self.tokens)}"
        self.tokens.add(token)
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    # Zones and RRsets.

    @staticmethod
    def shown(zone):
        return {"kind": "dns#managedZone", "id": "1", "nameServers": NAMESERVERS,
                **{key: zone[key] for key in ("name", "dnsName", "visibility")}}

    @staticmethod
    def page_of(items, query, most):
        start = int(query.get("pageToken", "t0")[1:])
        size = min(int(query.get("maxResults", most)), most)
        rest = {"nextPageToken": f"t{start + size}"} if start + size < len(items) else {}
        return items[start:start + size], rest

    def list_zones(self, query, _):
        zones = [self.shown(zone) for zone in self.zones.values()
                 if query.get("dnsName") in (None, zone["dnsName"])]
        page, rest = self.page_of(zones, query, 100)
        return {"kind": "dns#managedZonesListResponse", **({"managedZones": page} if page else {}),
                **rest}

    def zone_of(self, call):
        zone = self.zones.get(call.arguments[0])
        if zone is None:
            raise Refused(404, "notFound", f"The 'parameters.managedZone' resource named "
                                           f"'{call.arguments[0]}' does not exist.")
        return zone

    def get_zone(self, _, call):
        return self.shown(self.zone_of(call))

    def list_rrsets(self, query, call):
        sets = [one for one in sorted(self.zone_of(call)["sets"].items())
                if query.get("name") in (None, one[0][0]) and query.get("type") in (None, one[0][1])]
        page, rest = self.page_of(sets, query, PAGE)
        return {"kind": "dns#resourceRecordSetsListResponse", **rest, "rrsets": [
            {"kind": "dns#resourceRecordSet", "name": name, "type": rrtype, **what}
            for (name, rrtype), what in page]}

    # Changes.

    def change(self, _, call):
        zone = self.zone_of(call)
        try:
            body = json.loads(call.body)
        except ValueError as error:
            raise Refused(400, "parseError", "Parse Error") from error
        additions, deletions = body.get("additions", []), body.get("deletions", [])
        if not additions and not deletions:
            raise Refused(400, "required", "The change is empty")
        octets = sum(len(value) for one in additions + deletions for value in one.get("rrdatas", []))
        if max(len(additions), len(deletions)) > MAX_CHANGES or octets > MAX_OCTETS:
            raise Refused(403, "quotaExceeded", "The change is too large")
        sets = dict(zone["sets"])
        for at, one in enumerate(deletions):
            self.delete(sets, f"entity.change.deletions[{at}]", one)
        for at, one in enumerate(additions):
            self.add(zone, sets, f"entity.change.additions[{at}]", one)
        for rrtype in ("SOA", "NS"):
            if (zone["dnsName"], rrtype) not in sets:
                raise Refused(400, "invalid", f"The {rrtype} record must be there")
        types = {}
        for name, rrtype in sets:
            types.setdefault(name, set()).add(rrtype)
        for name, there in types.items():
            if "CNAME" in there and len(there) > 1:
                raise Refused(400, "cnameResourceRecordSetConflict",
                              f"A CNAME at {name} cannot share its name")
        zone["sets"] = sets
        self.batches.append((len(additions), len(deletions)))
        change = str(len(zone["changes"]) + 1)
        zone["changes"][change] = self.polls or 0
        return {"kind": "dns#change", "id": change,
                "status": "done" if self.polls is None else "pending", "additions": additions,
                "deletions": deletions, "startTime": "2026-11-26T00:00:00Z"}

    @staticmethod
    def delete(sets, where, one):
        key = (one.get("name"), one.get("type"))
        if key not in sets:
            raise Refused(404, "notFound", f"The '{where}' resource named '{key[0]} ({key[1]})' "
                                           "does not exist.")
        there = sets[key]
        if (there["ttl"] != one.get("ttl")
                or sorted(there["rrdatas"]) != sorted(one.get("rrdatas", []))):
            raise Refused(412, "conditionNotMet", f"Precondition not met for '{where}'")
        del sets[key]

    @staticmethod
    def add(zone, sets, where, one):
        def bad(why):
            return Refused(400, "invalid", f"Invalid value for '{where}': {why}")

        name, rrtype, values = one.get("name", ""), one.get("type"), one.get("rrdatas", [])
        if not name.endswith(".") or rrtype not in TYPES or not values:
            raise bad("name, type or rrdatas")
        if name != zone["dnsName"] and not name.endswith("." + zone["dnsName"]):
            raise bad("the name does not lie in the zone")
        if not isinstance(one.get("ttl"), int) or not 0 <= one["ttl"] < 2**31:
            raise bad("ttl")
        if len(values) > MAX_RECORDS or len(set(values)) != len(values):
            raise bad("too many records, or one twice")
        if rrtype in ("A", "AAAA"):
            try:
                values = [str(ipaddress.ip_address(value)) for value in values]
            except ValueError as error:
                raise bad(str(error)) from error
        elif any(not re.fullmatch(VALUES[rrtype], value) for value in values):
            raise bad(f"rrdata of {rrtype}")
        key = (name.lower(), rrtype)
        if key in sets:
            raise Refused(409, "alreadyExists", f"The resource '{where}' named '{name} ({rrtype})' "
                                                "already exists")
        sets[key] = {"ttl": one["ttl"], "rrdatas": values}

    def get_change(self, _, call):
        changes = self.zone_of(call)["changes"]
        change = call.arguments[1]
        if change not in changes:
            raise Refused(404, "notFound", "The change does not exist")
        changes[change] -= 1
        return {"kind": "dns#change", "id": change,
                "status": "pending" if changes[change] >= 0 else "done"}
