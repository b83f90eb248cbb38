"""NS1's API (v1) on loopback: zones and their records, each of which is an RRset.

Checks the key, that a record is made by PUT and changed by POST, the fields of each type, and what may
stand beside what. A zone is listed with short answers: the fields with blanks between them.
"""

import ipaddress
import json
import re
import urllib.parse

from emulator import Answer, Emulator

# How many fields an answer has.
FIELDS = {"A": 1, "AAAA": 1, "CAA": 3, "CNAME": 1, "DNAME": 1, "DS": 4, "HTTPS": 3, "MX": 2, "NAPTR": 6,
          "NS": 1, "PTR": 1, "SPF": 1, "SRV": 4, "SSHFP": 3, "SVCB": 3, "TLSA": 4, "TXT": 1, "ALIAS": 1,
          "HINFO": 2, "RP": 2}
NUMBERS = {"CAA": 1, "DS": 3, "HTTPS": 1, "MX": 1, "NAPTR": 2, "SRV": 3, "SSHFP": 2, "SVCB": 1, "TLSA": 3}
TARGETS = {"CNAME": 0, "DNAME": 0, "MX": 1, "NS": 0, "PTR": 0, "SRV": 3, "ALIAS": 0}
NAMESERVERS = [f"dns{i}.p03.nsone.net" for i in range(1, 5)]


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def bare(name):
    return name.rstrip(".").lower() or "."


class Ns1(Emulator):
    def __init__(self):
        super().__init__()
        self.key = "canary-ns1-8844"
        self.zones = {}
        self.next_id = 0x520422af9f782d37dffb588b
        self.page = None  # zones on a page of the list of them

    def new_id(self):
        self.next_id += 1
        return f"{self.next_id:024x}"

    def add_zone(self, name, secondary=False):
        zone = {"id": self.new_id(), "zone": bare(name), "ttl": 3600, "nx_ttl": 3600, "retry": 7200,
                "refresh": 43200, "expiry": 1209600, "dns_servers": NAMESERVERS, "networks": [0],
                "network_pools": ["p03"], "meta": {}, "link": None, "dnssec": False,
                "hostmaster": "hostmaster@nsone.net", "primary": {"enabled": False, "secondaries": []},
                "serial": 1521989346}
        if secondary:
            zone["secondary"] = {"enabled": True, "primary_ip": "192.0.2.53"}
        self.zones[zone["zone"]] = zone
        zone["sets"], zone["types"] = {}, {}
        self.keep(zone, zone["zone"], "NS", 3600, [[one] for one in NAMESERVERS])
        return zone

    def keep(self, zone, domain, rrtype, ttl, answers, **more):
        old = zone["sets"].get((domain, rrtype), {})
        zone["sets"][domain, rrtype] = {
            "id": old.get("id") or self.new_id(), "domain": domain, "zone": zone["zone"], "type": rrtype,
            "ttl": ttl, "tier": 1, "link": None, "regions": {}, "meta": {}, "filters": [],
            "networks": [0], "use_client_subnet": True,
            "answers": [{"answer": one, "id": self.new_id()} for one in answers], **more}
        zone["types"].setdefault(domain, set()).add(rrtype)
        zone["serial"] += 1
        return zone["sets"][domain, rrtype]

    @staticmethod
    def drop(zone, domain, rrtype):
        if zone["sets"].pop((domain, rrtype), None) is not None:
            zone["types"][domain].discard(rrtype)

    PREFIX = "/v1"
    RECORD = r"/zones/([^/]+)/([^/]+)/([A-Z0-9]+)"
    ROUTES = [
        ("GET", r"/zones", "list zones"),
        ("GET", r"/zones/([^/]+)", "get zone"),
        ("GET", RECORD, "get record"),
        ("PUT", RECORD, "create record"),
        ("POST", RECORD, "update record"),
        ("DELETE", RECORD, "delete record"),
    ]

    def answer(self, operation, call):
        headers = [("X-Ratelimit-By", "customer"), ("X-Ratelimit-Limit", "300"),
                   ("X-Ratelimit-Period", "300"), ("X-Ratelimit-Remaining", "299")]
        try:
            if call.headers.get("X-NSONE-Key") != self.key:
                raise Refused(401, "Unauthorized")
            if operation == "unknown":
                raise Refused(404, "not found")
            result = getattr(self, operation.replace(" ", "_"))(call, headers)
            return Answer(200, json.dumps(result), "application/json", headers)
        except Refused as refused:
            return Answer(refused.status, json.dumps({"message": str(refused)}), "application/json",
                          headers)

    # Zones.

    @staticmethod
    def header(zone):
        return {key: value for key, value in zone.items() if key not in ("sets", "types")}

    def list_zones(self, call, headers):
        names = sorted(self.zones)
        query = dict(urllib.parse.parse_qsl(call.query))
        if self.page is not None:
            rest = [name for name in names if name > query.get("after", "")]
            names = rest[:self.page]
            if len(rest) > len(names):
                headers.append(("Link", f'<http://api.nsone.net/v1/zones?after={names[-1]}&limit='
                                        f'{self.page}>; rel="next"'))
        return [self.header(self.zones[name]) for name in names]

    def zone_of(self, call):
        zone = self.zones.get(bare(urllib.parse.unquote(call.arguments[0])))
        if zone is None:
            raise Refused(404, "zone not found")
        return zone

    def get_zone(self, call, _):
        zone = self.zone_of(call)
        records = [{"id": one["id"], "domain": one["domain"], "type": one["type"], "ttl": one["ttl"],
                    "tier": one["tier"], "link": one["link"],
                    "short_answers": [" ".join(answer["answer"]) for answer in one["answers"]]}
                   for _, one in sorted(zone["sets"].items())]
        return {**self.header(zone), "records": records}

    # Records.

    def place_of(self, call):
        zone = self.zone_of(call)
        domain, rrtype = bare(urllib.parse.unquote(call.arguments[1])), call.arguments[2]
        if domain != zone["zone"] and not domain.endswith("." + zone["zone"]):
            raise Refused(400, "invalid: domain does not lie in the zone")
        if call.method != "GET" and zone.get("secondary"):
            raise Refused(400, "invalid: secondary zones cannot be changed")
        return zone, domain, rrtype

    def get_record(self, call, _):
        zone, domain, rrtype = self.place_of(call)
        if (domain, rrtype) not in zone["sets"]:
            raise Refused(404, "record not found")
        return zone["sets"][domain, rrtype]

    def create_record(self, call, _):
        zone, domain, rrtype = self.place_of(call)
        body = self.body_of(call)
        if (bare(body.get("domain", "")), bare(body.get("zone", "")), body.get("type")) != (
                domain, zone["zone"], rrtype):
            raise Refused(400, "invalid: domain, zone and type must be those of the path")
        if (domain, rrtype) in zone["sets"]:
            raise Refused(400, "record already exists")
        there = zone["types"].get(domain, set())
        if there and (rrtype == "CNAME" or "CNAME" in there):
            raise Refused(400, "invalid: a CNAME cannot coexist with other records")
        return self.keep(zone, domain, rrtype, self.ttl_of(body, zone["ttl"]),
                         self.answers_of(rrtype, body))

    def update_record(self, call, _):
        zone, domain, rrtype = self.place_of(call)
        body = self.body_of(call)
        if (domain, rrtype) not in zone["sets"]:
            raise Refused(404, "record not found")
        old = zone["sets"][domain, rrtype]
        answers = (self.answers_of(rrtype, body) if "answers" in body
                   else [one["answer"] for one in old["answers"]])
        # What is not in the body stays, but for what the answers had.
        stays = {key: old[key] for key in ("tier", "link", "regions", "meta", "filters")}
        return self.keep(zone, domain, rrtype, self.ttl_of(body, old["ttl"]), answers, **stays)

    def delete_record(self, call, _):
        zone, domain, rrtype = self.place_of(call)
        if (domain, rrtype) not in zone["sets"]:
            raise Refused(404, "record not found")
        self.drop(zone, domain, rrtype)
        return {}

    @staticmethod
    def body_of(call):
        try:
            body = json.loads(call.body)
        except ValueError as error:
            raise Refused(400, "invalid: the body is not JSON") from error
        if not isinstance(body, dict):
            raise Refused(400, "invalid: the body is not an object")
        return body

    @staticmethod
    def ttl_of(body, usual):
        ttl = body.get("ttl", usual)
        if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl < 2**31:
            raise Refused(400, "invalid: ttl")
        return ttl

    def answers_of(self, rrtype, body):
        if rrtype not in FIELDS:
            raise Refused(400, f"invalid: record type {rrtype}")
        answers = [one.get("answer") for one in body.get("answers", []) if isinstance(one, dict)]
        if not answers:
            raise Refused(400, "invalid: answers")
        return [self.checked(rrtype, answer) for answer in answers]

    @staticmethod
    def checked(rrtype, answer):
        if not isinstance(answer, list):
            raise Refused(400, "invalid: an answer is a list")
        fields = [str(one) for one in answer]
        if len(fields) != FIELDS[rrtype]:
            raise Refused(400, f"invalid: {rrtype} has {FIELDS[rrtype]} fields")
        if any(not re.fullmatch(r"\d+", one) for one in fields[:NUMBERS.get(rrtype, 0)]):
            raise Refused(400, f"invalid: {rrtype} begins with {NUMBERS[rrtype]} numbers")
        if rrtype in ("A", "AAAA"):
            try:
                address = ipaddress.ip_address(fields[0])
            except ValueError as error:
                raise Refused(400, "invalid: not an address") from error
            if address.version != (4 if rrtype == "A" else 6):
                raise Refused(400, "invalid: an address of the other kind")
        if rrtype in TARGETS:
            fields[TARGETS[rrtype]] = bare(fields[TARGETS[rrtype]])
        if rrtype == "TXT" and not fields[0]:
            raise Refused(400, "invalid: TXT is empty")
        return fields
