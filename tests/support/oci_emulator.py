"""The DNS API of Oracle Cloud Infrastructure (20180115) on loopback: zones and their records.

Checks the signature of every call (draft-cavage-http-signatures, rsa-sha256: which headers must be
in it, the time, the digest of the body), pages (50 records unless asked for up to 100), conditions
(If-Match, REQUIRE, PROHIBIT), the limits of a PATCH, which is carried out whole or not at all, and
that what it says means the same in any order. Backslashes in TXT get lost, as they do at Oracle.
"""

import base64
import email.utils
import hashlib
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

PAGE, MOST, MAX_OPERATIONS = 50, 100, 500
NAMESERVERS = [f"ns{i}.p68.dns.oraclecloud.net." for i in range(1, 5)]
STRING = r'"(?:[^"\\]|\\[0-9]{3}|\\.)*"'
NAME, HEX, BASE64 = r"\S*\.", r"[0-9A-Fa-f]+", r"[A-Za-z0-9+/= ]+"
VALUES = {
    "CAA": rf"\d+ [a-zA-Z0-9]+ {STRING}", "CERT": rf"\d+ \d+ \d+ {BASE64}", "CNAME": NAME,
    "CSYNC": r"\d+ \d+( \S+)*", "DHCID": BASE64, "DNAME": NAME, "DS": rf"\d+ \d+ \d+ {HEX}",
    "IPSECKEY": r"\d+ \d+ \d+ \S+ \S*", "KX": rf"\d+ {NAME}", "LOC": r"\d+ .*[NS] \d+ .*[EW] .*m.*",
    "MX": rf"\d+ {NAME}", "NAPTR": rf"\d+ \d+ {STRING} {STRING} {STRING} {NAME}", "NS": NAME,
    "PTR": NAME, "PX": rf"\d+ {NAME} {NAME}", "RP": rf"{NAME} {NAME}",
    "SPF": rf"{STRING}( {STRING})*", "SRV": rf"\d+ \d+ \d+ {NAME}", "SSHFP": rf"\d+ \d+ {HEX}",
    "TLSA": rf"\d+ \d+ \d+ {HEX}", "TXT": rf"{STRING}( {STRING})*",
}
# The digest that PKCS#1 has before SHA-256 (RFC 8017 section 9.2).
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def bad(message):
    return Refused(400, "InvalidParameter", message)


class Key:
    """A user's API key; `passphrase` encrypts its file."""

    def __init__(self, passphrase=None):
        self.folder = tempfile.mkdtemp(prefix="oci-emulator-")
        self.file = os.path.join(self.folder, "key.pem")
        secret = ["-aes-256-cbc", "-pass", "pass:" + passphrase] if passphrase else []
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", *secret,
                     "-out", self.file)
        given = ["-in", self.file] + (["-passin", "pass:" + passphrase] if passphrase else [])
        der = self.openssl("pkey", *given, "-pubout", "-outform", "DER")
        self.fingerprint = hashlib.md5(der, usedforsecurity=False).digest().hex(":")
        modulus = self.openssl("rsa", *given, "-noout", "-modulus").decode()
        self.modulus = int(modulus.partition("=")[2], 16)

    @staticmethod
    def openssl(*words):
        return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout

    def pem(self):
        with open(self.file, encoding="ascii") as file:
            return file.read()

    def verifies(self, signature, text):
        """RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2), with the exponent that OpenSSL takes."""
        size = (self.modulus.bit_length() + 7) // 8
        digest = DIGEST_INFO + hashlib.sha256(text.encode()).digest()
        wanted = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
        number = int.from_bytes(signature, "big")
        return len(signature) == size and pow(number, 65537, self.modulus) == int.from_bytes(wanted, "big")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Oci(Emulator):
    TENANCY = "ocid1.tenancy.oc1..canarytenancy"
    USER = "ocid1.user.oc1..canaryuser"
    COMPARTMENT = "ocid1.compartment.oc1..canarycompartment"
    PREFIX = "/20180115"

    def __init__(self, passphrase=None):
        super().__init__()
        self.key = Key(passphrase)
        self.session = None  # (token, Key) of the one that is open; None: none is
        self.sessions = 0
        self.zones = {}  # by OCID
        self.requests = 0
        self.refused = 0  # for their signature
        self.batches = []  # how many operations each PATCH had

    def stop(self, *_):
        super().stop()
        self.key.remove()
        self.end_session()

    def end_session(self):
        if self.session:
            self.session[1].remove()
        self.session = None

    def begin_session(self):
        """What `oci session authenticate` leaves behind: a token and the key that goes with it."""
        self.end_session()
        self.sessions += 1
        self.session = (f"eyJraWQiOiJjYW5hcnkifQ.canary-session-{self.sessions}.c2ln", Key())
        return self.session

    def add_zone(self, name, scope="GLOBAL"):
        name = name.rstrip(".").lower()
        ocid = f"ocid1.dns-zone.oc1..{hashlib.sha256((name + scope).encode()).hexdigest()[:32]}"
        zone = self.zones[ocid] = {"id": ocid, "name": name, "scope": scope, "version": 1, "sets": {},
                                   "sorted": None}
        self.keep(zone, (name, "NS"), 86400, NAMESERVERS)
        self.keep(zone, (name, "SOA"), 300, [self.soa(zone)])
        return zone

    @staticmethod
    def soa(zone):
        return f"{NAMESERVERS[0]} hostmaster.{zone['name']}. {zone['version']} 3600 600 604800 1800"

    @staticmethod
    def keep(zone, key, ttl, values):
        zone["sets"][key] = {"ttl": ttl, "values": list(values), "version": zone["version"]}
        zone["sorted"] = None

    def put(self, zone, name, rrtype, ttl, values):
        """Somebody changes an RRset."""
        with self.lock:
            zone["version"] += 1
            zone["sets"].pop((name.lower(), rrtype), None)
            zone["sorted"] = None
            if values:
                self.keep(zone, (name.lower(), rrtype), ttl, values)
            self.keep(zone, (zone["name"], "SOA"), 300, [self.soa(zone)])

    ROUTES = [
        ("GET", r"/zones", "list zones"),
        ("GET", r"/zones/([^/]+)", "get zone"),
        ("GET", r"/zones/([^/]+)/records", "list records"),
        ("PATCH", r"/zones/([^/]+)/records", "patch records"),
    ]

    def operation_of(self, call):
        operation = super().operation_of(call)
        return "look" if operation == "list records" and "domain=" in call.query else operation

    def answer(self, operation, call):
        self.requests += 1
        identity = [("opc-request-id", f"CANARYREQUEST{self.requests:08d}")]
        try:
            try:
                self.check_signature(call)
            except Refused:
                self.refused += 1
                raise
            query = dict(urllib.parse.parse_qsl(call.query))
            name = {"look": "list_records"}.get(operation, operation.replace(" ", "_"))
            if name == "unknown":
                raise Refused(404, "NotAuthorizedOrNotFound", "Authorization failed or not found.")
            result, headers = getattr(self, name)(query, call)
            return Answer(200, json.dumps(result), "application/json", [*identity, *headers])
        except Refused as refused:
            return Answer(refused.status, json.dumps({"code": refused.code, "message": str(refused)}),
                          "application/json", identity)

    # Signatures.

    def check_signature(self, call):
        def wrong(why):
            return Refused(401, "NotAuthenticated", "The required information to complete "
                                                    f"authentication was not provided or was incorrect: {why}")

        kind, _, rest = call.headers.get("Authorization", "").partition(" ")
        fields = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        names = fields.get("headers", "").lower().split(" ")
        needed = {"date", "(request-target)", "host"}
        if "x-date" in names:
            needed = needed - {"date"} | {"x-date"}
        if call.method in ("POST", "PUT", "PATCH"):
            needed |= {"content-length", "content-type", "x-content-sha256"}
        if kind != "Signature" or fields.get("version") != "1" or not needed <= set(names):
            raise wrong("headers")
        key = self.key
        if self.session and fields.get("keyId") == f"ST${self.session[0]}":
            key = self.session[1]
        elif fields.get("keyId") != f"{self.TENANCY}/{self.USER}/{self.key.fingerprint}":
            raise wrong(f"keyId {fields.get('keyId')}")
        if fields.get("algorithm") != "rsa-sha256":
            raise wrong("algorithm")
        target = f"{call.method.lower()} {call.target}"
        text = "\n".join(f"{name}: " + (target if name == "(request-target)" else
                                        call.headers.get(name, "").strip()) for name in names)
        try:
            signature = base64.b64decode(fields.get("signature", ""), validate=True)
            date = call.headers.get("x-date") or call.headers.get("date")
            age = abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time())
        except (ValueError, TypeError) as error:
            raise wrong("signature or date") from error
        if age > 300:
            raise wrong("date")
        if not key.verifies(signature, text):
            raise wrong("signature")
        digest = base64.b64encode(hashlib.sha256(call.body).digest()).decode()
        if "x-content-sha256" in needed and call.headers.get("x-content-sha256") != digest:
            raise wrong("x-content-sha256")

    # Zones and records.

    @staticmethod
    def shown(zone):
        return {"id": zone["id"], "name": zone["name"], "zoneType": "PRIMARY", "scope": zone["scope"],
                "compartmentId": Oci.COMPARTMENT, "version": str(zone["version"]),
                "serial": zone["version"], "lifecycleState": "ACTIVE", "isProtected": False,
                "self": f"https://dns.example/20180115/zones/{zone['id']}",
                "timeCreated": "2026-11-26T00:00:00Z",
                "nameservers": [{"hostname": one.rstrip(".")} for one in NAMESERVERS]}

    @staticmethod
    def page_of(items, query, mark):
        """A part of a list, and the headers that tell of the rest."""
        try:
            size = int(query.get("limit", PAGE))
            start = int(base64.urlsafe_b64decode(query["page"]).decode().partition(":")[2]) \
                if "page" in query else 0
        except ValueError as error:
            raise bad("limit or page is not valid") from error
        if not 1 <= size <= MOST:
            raise bad(f"limit must be 1 to {MOST}")
        headers = [("opc-total-items", str(len(items)))]
        if start + size < len(items):
            page = base64.urlsafe_b64encode(f"{mark}:{start + size}".encode()).decode()
            headers.append(("opc-next-page", page))
        return items[start:start + size], headers

    def list_zones(self, query, _):
        if query.get("compartmentId") != self.COMPARTMENT:
            raise Refused(404, "NotAuthorizedOrNotFound",
                          "Authorization failed or requested resource not found.")
        zones = [self.shown(zone) for zone in self.zones.values()
                 if query.get("scope", "GLOBAL") == zone["scope"]]
        return self.page_of(zones, query, "zones")

    def zone_of(self, query, call):
        wanted = urllib.parse.unquote(call.arguments[0])
        scope = query.get("scope", "GLOBAL")
        for zone in self.zones.values():
            if scope == zone["scope"] and wanted.lower() in (zone["id"], zone["name"]):
                return zone
        raise Refused(404, "NotAuthorizedOrNotFound",
                      "Authorization failed or requested resource not found.")

    @staticmethod
    def etag(zone):
        return ("ETag", f"\"{zone['version']}{zone['id']}#application/json\"")

    def get_zone(self, query, call):
        zone = self.zone_of(query, call)
        return self.shown(zone), [self.etag(zone)]

    @staticmethod
    def is_protected(zone, name, rrtype, value):
        return name == zone["name"] and (rrtype == "SOA" or (rrtype == "NS" and value in NAMESERVERS))

    def records(self, zone):
        if zone["sorted"] is None:
            zone["sorted"] = [
                {"domain": name, "rtype": rrtype, "rdata": value, "ttl": what["ttl"],
                 "recordHash": hashlib.md5(f"{name} {rrtype} {value}".encode(),
                                           usedforsecurity=False).hexdigest(),
                 "isProtected": self.is_protected(zone, name, rrtype, value),
                 "rrsetVersion": str(what["version"])}
                for (name, rrtype), what in sorted(zone["sets"].items())
                for value in what["values"]]
        return zone["sorted"]

    def list_records(self, query, call):
        zone = self.zone_of(query, call)
        records = self.records(zone)
        if "domain" in query:
            records = [one for one in records if one["domain"] == query["domain"].lower()]
        page, headers = self.page_of(records, query, zone["version"])
        return {"items": page}, [*headers, self.etag(zone)]

    # PATCH.

    def patch_records(self, query, call):
        zone = self.zone_of(query, call)
        wanted = call.headers.get("If-Match")
        if wanted not in (None, "*", self.etag(zone)[1]):
            raise Refused(412, "NoEtagMatch", "The ETag does not match.")
        try:
            operations = json.loads(call.body)["items"]
            kinds = {one["operation"] for one in operations}
        except (ValueError, KeyError, TypeError) as error:
            raise bad("The body is not a list of operations.") from error
        if len(operations) > MAX_OPERATIONS:
            raise bad(f"A PATCH has at most {MAX_OPERATIONS} operations.")
        if kinds - {"ADD", "REMOVE", "REQUIRE", "PROHIBIT"}:
            raise bad("An operation is none.")
        operations = [self.checked(zone, one) for one in operations]
        for one in operations:
            if one["operation"] in ("REQUIRE", "PROHIBIT"):
                if bool(self.matching(zone, zone["sets"], one)) != (one["operation"] == "REQUIRE"):
                    raise Refused(409, "Conflict", "A precondition is not met.")
        sets = dict(zone["sets"])
        for one in operations:
            if one["operation"] == "REMOVE":
                self.remove(zone, sets, one)
            if one["operation"] == "ADD":
                self.add(zone, sets, one)
        self.check_end(zone, sets, operations)
        self.batches.append(len(operations))
        if sets != zone["sets"]:
            zone["version"] += 1
            for key, what in sets.items():
                if zone["sets"].get(key) is not what:
                    what["version"] = zone["version"]
            zone["sets"], zone["sorted"] = sets, None
            self.keep(zone, (zone["name"], "SOA"), 300, [self.soa(zone)])
        page, headers = self.page_of(self.records(zone), {}, zone["version"])
        return {"items": page}, [*headers, self.etag(zone)]

    def checked(self, zone, one):
        """An operation with its values as Oracle normalises them."""
        if "recordHash" in one and "domain" not in one:
            found = [record for record in self.records(zone) if record["recordHash"] == one["recordHash"]]
            if not found:
                return {"operation": one["operation"], "domain": "", "rtype": "", "rdata": ""}
            return {**one, **{key: found[0][key] for key in ("domain", "rtype", "rdata")}}
        domain, rrtype = one.get("domain", "").lower().rstrip("."), one.get("rtype")
        if domain != zone["name"] and not domain.endswith("." + zone["name"]):
            raise bad(f"{domain} does not lie in the zone.")
        if rrtype not in VALUES and rrtype not in ("A", "AAAA"):
            raise bad(f"{rrtype} is not a type of records.")
        checked = {**one, "domain": domain, "rtype": rrtype}
        if "rdata" in one:
            checked["rdata"] = self.normal(rrtype, one["rdata"])
        if one["operation"] == "ADD" and ("ttl" not in one or not 1 <= one["ttl"] < 2**31):
            raise bad("The TTL is not valid.")
        return checked

    @staticmethod
    def normal(rrtype, value):
        if rrtype in ("A", "AAAA"):
            try:
                address = ipaddress.ip_address(value)
            except ValueError as error:
                raise bad("The rdata is not an address.") from error
            if address.version != (4 if rrtype == "A" else 6):
                raise bad("The rdata is an address of the other kind.")
            return str(address)
        if not re.fullmatch(VALUES[rrtype], value):
            raise bad(f"The rdata is not one of {rrtype}.")
        if rrtype in ("TXT", "SPF"):
            if not value.replace('"', "").strip():
                raise bad("The text is empty.")
            return value.replace("\\", "")
        return value

    @staticmethod
    def matching(zone, sets, one):
        """Which values of an RRset an operation speaks of."""
        there = sets.get((one["domain"], one["rtype"]))
        if there is None or one.get("ttl", there["ttl"]) != there["ttl"]:
            return []
        if one.get("rrsetVersion", str(there["version"])) != str(there["version"]):
            return []
        return [value for value in there["values"] if one.get("rdata", value) == value]

    def remove(self, zone, sets, one):
        gone = self.matching(zone, sets, one)
        key = (one["domain"], one["rtype"])
        if any(self.is_protected(zone, *key, value) for value in gone):
            raise bad("Protected records cannot be removed.")
        left = [value for value in sets.get(key, {"values": []})["values"] if value not in gone]
        if left and gone:
            sets[key] = {**sets[key], "values": left}
        elif gone:
            del sets[key]

    @staticmethod
    def add(zone, sets, one):
        key = (one["domain"], one["rtype"])
        ttl = 86400 if key == (zone["name"], "NS") else one["ttl"]
        there = sets.get(key)
        if "rdata" not in one and there is None:
            raise bad("The record lacks its rdata.")
        values = [] if there is None else list(there["values"])
        if one.get("rdata", *values[:1]) not in values:
            values.append(one["rdata"])
        if there is None or (ttl, values) != (there["ttl"], there["values"]):
            sets[key] = {"ttl": ttl, "values": values, "version": 0}

    def check_end(self, zone, sets, operations):
        for one in operations:
            place = {key: one[key] for key in ("domain", "rtype", "rdata") if key in one}
            there = self.matching(zone, sets, place)
            if one["operation"] == "ADD" and not there:
                raise bad("A record that is added would not be there at the end.")
            if one["operation"] == "REMOVE" and there:
                raise bad("A record that is removed would be there at the end.")
        types = {}
        for name, rrtype in sets:
            types.setdefault(name, set()).add(rrtype)
        for (name, rrtype), what in sets.items():
            if rrtype in ("CNAME", "DNAME") and len(what["values"]) > 1:
                raise bad(f"{name} has more than one {rrtype}.")
            if rrtype == "CNAME" and len(types[name]) > 1:
                raise bad(f"The CNAME at {name} cannot share its name.")
