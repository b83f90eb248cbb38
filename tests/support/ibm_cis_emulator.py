"""The API of IBM Cloud Internet Services on loopback: Cloudflare's, below the name of an instance.

Checks the API key that a token is asked with, and the token of every call. Its zones cannot be asked
for by name, it has fewer types, and the data of SRV says where it is.
"""

import json
import re
import urllib.parse

import cloudflare_emulator
from cloudflare_emulator import Cloudflare, Refused
from emulator import Answer

TYPES = {"A", "AAAA", "CAA", "CNAME", "DS", "MX", "NS", "PTR", "SRV", "TXT", "LOC"}
WHERE = ("service", "proto", "name")


class IbmCis(Cloudflare):
    CRN = "crn:v1:bluemix:public:internet-svcs:global:a/0123456789abcdef::"

    def __init__(self):
        super().__init__()
        self.key = "canary-cis-6612"
        self.tokens = set()

    PREFIX = "/v1/" + urllib.parse.quote(CRN, safe="")
    ROUTES = [("POST", "/identity/token", "token"), *Cloudflare.ROUTES]

    def answer(self, operation, call):
        if operation == "token":
            return self.token_for(call)
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        # What Cloudflare's emulator holds it against.
        self.token = token if token in self.tokens else "no token is good"
        return super().answer(operation, call)

    def token_for(self, call):
        form = dict(urllib.parse.parse_qsl(call.body.decode()))
        if form.get("grant_type") != "urn:ibm:params:oauth:grant-type:apikey" or form.get("apikey") != self.key:
            return Answer(400, json.dumps({"errorCode": "BXNIM0415E",
                                           "errorMessage": "Provided API key could not be found."}),
                          "application/json")
        token = f"canary-iam-token-{len(self.tokens)}"
        self.tokens.add(token)
        return Answer(200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600,
                                       "expiration": 1473188353}), "application/json")

    def list_zones(self, query, _):
        zones = [self.shown(zone) for zone in self.zones.values()]
        return self.page_of(zones, query, 1000, 20)

    def checked(self, zone, wanted):
        rrtype, ttl = wanted.get("type"), wanted.get("ttl", 1)
        if rrtype not in TYPES:
            raise Refused(400, 1004, f"DNS Validation Error: type {rrtype}")
        if ttl != 1 and (not isinstance(ttl, int) or not 120 <= ttl <= 2**31 - 1):
            raise Refused(400, 1004, "DNS Validation Error: TTL must be at least 120, or 1 for automatic")
        data = wanted.get("data") if rrtype == "SRV" else None
        if isinstance(data, dict):
            where = [data.get(part) for part in WHERE]
            if not all(isinstance(part, str) for part in where) or not re.match("_", where[0]):
                raise Refused(400, 1004, "DNS Validation Error: SRV needs service, proto and name")
            rest = {key: value for key, value in data.items() if key not in WHERE}
            wanted = {**wanted, "name": ".".join(where), "data": rest}
        # What IBM allows beyond Cloudflare's own range is kept all the same.
        record = super().checked(zone, {**wanted, "ttl": min(ttl, 86400) if ttl != 1 else 1})
        if isinstance(data, dict):
            record["data"] = {**record["data"], **dict(zip(WHERE, where))}
        return {**record, "ttl": ttl}


assert set(cloudflare_emulator.DATA["SRV"]) == {"priority", "weight", "port", "target"}
