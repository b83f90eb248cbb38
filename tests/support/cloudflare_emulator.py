"""Cloudflare's API (client v4) on loopback: zones, their records, and batches of changes.

Checks the token, the pages, the size of a batch, the fields of each type, what may stand beside
what, and identical records. A batch is carried out whole or not at all, deletions first.
"""

import ipaddress
import json
import re
import urllib.parse

from emulator import Answer, Emulator

# Types that are spelled by an object `data`, with its members.
DATA = {
    "SRV": {"priority": int, "weight": int, "port": int, "target": str},
    "CAA": {"flags": int, "tag": str, "value": str},
    "DS": {"key_tag": int, "algorithm": int, "digest_type": int, "digest": str},
    "TLSA": {"usage": int, "selector": int, "matching_type": int, "certificate": str},
    "SMIMEA": {"usage": int, "selector": int, "matching_type": int, "certificate": str},
    "SSHFP": {"algorithm": int, "type": int, "fingerprint": str},
    "NAPTR": {"order": int, "preference": int, "flags": str, "service": str, "regex": str,
              "replacement": str},
    "HTTPS": {"priority": int, "target": str, "value": str},
    "SVCB": {"priority": int, "target": str, "value": str},
}
CONTENT = {"A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT"}
NAMES = {"CNAME", "MX", "NS", "PTR"}
PROXIABLE = {"A", "AAAA", "CNAME"}
STRING = r'"(?:[^"\\]|\\.)*"'


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Records(dict):
    """Records by id, and what they say: no two of a zone say the same."""

    def __init__(self, records=(), same=()):
        super().__init__(records)
        self.same = set(same)

    def copy(self):
        return Records(self, self.same)

    def take(self, record_id):
        record = self.pop(record_id, None)
        if record is not None:
            self.same.discard(Cloudflare.identity(record))
        return record


def bare(name):
    return name.rstrip(".").lower() or "."


class Cloudflare(Emulator):
    def __init__(self):
        super().__init__()
        self.token = "canary-cloudflare-0042"
        self.zones = {}
        self.next_id = 1
        self.max_batch = 200
        self.max_page = 5000
        self.batches = []  # how many operations each accepted batch had

    def new_id(self):
        self.next_id += 1
        return f"{self.next_id:032x}"

    def add_zone(self, name, kind="full"):
        zone = {"id": self.new_id(), "name": bare(name), "type": kind, "status": "active",
                "name_servers": ["a.ns.cloudflare.com", "b.ns.cloudflare.com"]}
        self.zones[zone["id"]] = zone
        zone["records"] = Records()
        return zone

    PREFIX = "/client/v4"
    ROUTES = [
        ("GET", r"/zones", "list zones"),
        ("GET", r"/zones/([0-9a-f]{32})", "get zone"),
        ("GET", r"/zones/([0-9a-f]{32})/dns_records", "list records"),
        ("POST", r"/zones/([0-9a-f]{32})/dns_records", "create record"),
        ("PUT", r"/zones/([0-9a-f]{32})/dns_records/([0-9a-f]{32})", "replace record"),
        ("DELETE", r"/zones/([0-9a-f]{32})/dns_records/([0-9a-f]{32})", "delete record"),
        ("POST", r"/zones/([0-9a-f]{32})/dns_records/batch", "batch"),
    ]

    def answer(self, operation, call):
        try:
            if call.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refused(403, 10000, "Authentication error")
            if operation == "unknown":
                raise Refused(404, 7000, "No route for that URI")
            query = dict(urllib.parse.parse_qsl(call.query))
            result, info = getattr(self, operation.replace(" ", "_"))(query, call)
            envelope = {"result": result, "success": True, "errors": [], "messages": []}
            if info:
                envelope["result_info"] = info
            return Answer(200, json.dumps(envelope), "application/json")
        except Refused as refused:
            envelope = {"result": None, "success": False, "messages": [],
                        "errors": [{"code": refused.code, "message": str(refused)}]}
            return Answer(refused.status, json.dumps(envelope), "application/json")

    @staticmethod
    def page_of(items, query, most, usual):
        page, per_page = int(query.get("page", 1)), int(query.get("per_page", usual))
        if page < 1 or not 1 <= per_page <= most:
            raise Refused(400, 1004, "per_page or page is out of range")
        part = items[(page - 1) * per_page:page * per_page]
        return part, {"page": page, "per_page": per_page, "count": len(part),
                      "total_count": len(items), "total_pages": -(-len(items) // per_page)}

    # Zones.

    @staticmethod
    def shown(zone):
        return {key: value for key, value in zone.items() if key != "records"}

    def list_zones(self, query, _):
        zones = [self.shown(zone) for zone in self.zones.values()
                 if "name" not in query or zone["name"] == query["name"].lower()]
        return self.page_of(zones, query, 50, 20)

    def zone_of(self, call):
        zone = self.zones.get(call.arguments[0])
        if zone is None:
            raise Refused(404, 7003, "Could not route, perhaps your object identifier is invalid?")
        return zone

    def get_zone(self, _, call):
        return self.shown(self.zone_of(call)), None

    # Records.

    def list_records(self, query, call):
        records = [record for record in self.zone_of(call)["records"].values()
                   if query.get("name.exact") in (None, record["name"])]
        return self.page_of(records, query, self.max_page, 100)

    @staticmethod
    def body_of(call):
        try:
            body = json.loads(call.body)
        except ValueError as error:
            raise Refused(400, 9207, "Request body is not JSON") from error
        if not isinstance(body, dict):
            raise Refused(400, 9207, "Request body is not an object")
        return body

    def create_record(self, _, call):
        zone = self.zone_of(call)
        records = zone["records"].copy()
        record = self.add(zone, records, self.body_of(call))
        self.check_beside(records)
        zone["records"] = records
        return record, None

    def replace_record(self, _, call):
        zone = self.zone_of(call)
        records = zone["records"].copy()
        if call.arguments[1] not in records:
            raise Refused(404, 81044, "Record does not exist.")
        record = self.add(zone, records, self.body_of(call), call.arguments[1])
        self.check_beside(records)
        zone["records"] = records
        return record, None

    def delete_record(self, _, call):
        zone = self.zone_of(call)
        if zone["records"].take(call.arguments[1]) is None:
            raise Refused(404, 81044, "Record does not exist.")
        return {"id": call.arguments[1]}, None

    def batch(self, _, call):
        zone, body = self.zone_of(call), self.body_of(call)
        unknown = set(body) - {"deletes", "patches", "puts", "posts"}
        size = sum(map(len, body.values()))
        if unknown or size == 0:
            raise Refused(400, 9207, "batch is malformed")
        if size > self.max_batch:
            raise Refused(400, 81045, f"A batch has at most {self.max_batch} operations")
        records = zone["records"].copy()
        result = {"deletes": [], "patches": [], "puts": [], "posts": []}
        for one in body.get("deletes", []):
            if records.get(one["id"]) is None:
                raise Refused(404, 81044, "Record does not exist.")
            result["deletes"].append(records.take(one["id"]))
            self.check_delegation(records, result["deletes"][-1])
        for one in body.get("patches", []):
            if one.get("id") not in records:
                raise Refused(404, 81044, "Record does not exist.")
            result["patches"].append(self.add(zone, records, {**records[one["id"]], **one}, one["id"]))
        for one in body.get("puts", []):
            if one.get("id") not in records:
                raise Refused(404, 81044, "Record does not exist.")
            result["puts"].append(self.add(zone, records, one, one["id"]))
        for one in body.get("posts", []):
            result["posts"].append(self.add(zone, records, one))
        self.check_beside(records)
        zone["records"] = records
        self.batches.append(size)
        return result, None

    def add(self, zone, records, wanted, record_id=None):
        record = self.checked(zone, wanted)
        if (record_id or "") in records:
            records.same.discard(self.identity(records[record_id]))
        if self.identity(record) in records.same:
            raise Refused(400, 81058, "An identical record already exists.")
        record["id"] = record_id or self.new_id()
        record = {**record, "proxiable": record["type"] in PROXIABLE, "settings": {},
                  "meta": wanted.get("meta", {}), "comment": wanted.get("comment"), "tags": []}
        records[record["id"]] = record
        records.same.add(self.identity(record))
        if record["type"] == "DS":
            self.check_delegation(records, record)
        return record

    @staticmethod
    def identity(record):
        return tuple(record.get(field) for field in ("name", "type", "content", "priority"))

    def checked(self, zone, wanted):
        """A record as it is kept, of one as it was sent."""
        def bad(why):
            return Refused(400, 1004, f"DNS Validation Error: {why}")

        rrtype, ttl = wanted.get("type"), wanted.get("ttl", 1)
        if rrtype not in CONTENT and rrtype not in DATA:
            raise bad(f"type {rrtype}")
        name = bare(wanted.get("name", ""))
        if name != zone["name"] and not name.endswith("." + zone["name"]):
            name = f"{name}.{zone['name']}"
        if name == zone["name"] and rrtype in ("NS", "SOA"):
            raise bad("NS at the apex are Cloudflare's own")
        if not isinstance(ttl, int) or (ttl != 1 and not 60 <= ttl <= 86400):
            raise bad("TTL must be between 60 and 86400 seconds, or 1 for Automatic")
        proxied = bool(wanted.get("proxied", False))
        if proxied and rrtype not in PROXIABLE:
            raise bad("this type cannot be proxied")
        record = {"type": rrtype, "name": name, "ttl": ttl, "proxied": proxied}
        if rrtype in DATA:
            record["data"] = self.checked_data(rrtype, wanted.get("data"), bad)
            record["content"] = " ".join(str(record["data"][key]) for key in DATA[rrtype])
            return record
        content = wanted.get("content")
        if not isinstance(content, str):
            raise bad("content is missing")
        if rrtype == "MX":
            if not isinstance(wanted.get("priority"), int):
                raise bad("MX needs a priority")
            record["priority"] = wanted["priority"]
        record["content"] = self.checked_content(rrtype, content, bad)
        return record

    @staticmethod
    def checked_data(rrtype, data, bad):
        fields = DATA[rrtype]
        if not isinstance(data, dict) or set(data) != set(fields):
            raise bad(f"{rrtype} needs data with {', '.join(fields)}")
        if any(not isinstance(data[key], kind) for key, kind in fields.items()):
            raise bad(f"{rrtype} has a field of the wrong kind")
        return {key: bare(value) if key in ("target", "replacement") else value
                for key, value in data.items()}

    @staticmethod
    def checked_content(rrtype, content, bad):
        if rrtype in ("A", "AAAA"):
            try:
                address = ipaddress.ip_address(content)
            except ValueError as error:
                raise bad("not an address") from error
            if address.version != (4 if rrtype == "A" else 6):
                raise bad("an address of the other kind")
            return str(address)
        if rrtype in NAMES:
            return bare(content)
        if not re.fullmatch(rf"{STRING}( {STRING})*", content):
            content = '"' + content.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if len(content) > 2048 or content == '""':
            raise bad("TXT content is empty or too long")
        return content

    @staticmethod
    def check_delegation(records, changed):
        """A DS stands beside NS: it is made after it and goes before it."""
        if changed["type"] in ("DS", "NS"):
            types = {one["type"] for one in records.values() if one["name"] == changed["name"]}
            if "DS" in types and "NS" not in types:
                raise Refused(400, 9024, "A DS record needs NS records of the same name.")

    @staticmethod
    def check_beside(records):
        types = {}
        for record in records.values():
            types.setdefault(record["name"], []).append(record["type"])
        for there in types.values():
            if "CNAME" in there and len(there) > 1:
                raise Refused(400, 81053, "A CNAME record with that host already exists.")
