"""Azure DNS's API (2018-05-01) on loopback: tokens for app registrations, zones, record sets.

Checks the secret that a token is asked with, the token and the API version of every call, the
conditions (If-Match, If-None-Match), the fields of each type, and what may stand beside what. Lists
have pages of 100, whatever is asked for, with a whole URL as the link to the next one.
"""

import ipaddress
import json
import re
import urllib.parse

from emulator import Answer, Emulator

VERSION = "2018-05-01"
PAGE = 100
MAX_RECORDS, MAX_SETS, MAX_TEXT = 20, 10_000, 4096
NAMESERVERS = ["ns1-05.azure-dns.com.", "ns2-05.azure-dns.net.", "ns3-05.azure-dns.org.",
               "ns4-05.azure-dns.info."]
# The member that holds the records of a type, and their members.
TYPES = {
    "A": ("ARecords", {"ipv4Address": str}), "AAAA": ("AAAARecords", {"ipv6Address": str}),
    "CAA": ("caaRecords", {"flags": int, "tag": str, "value": str}),
    "CNAME": ("CNAMERecord", {"cname": str}),
    "MX": ("MXRecords", {"preference": int, "exchange": str}), "NS": ("NSRecords", {"nsdname": str}),
    "PTR": ("PTRRecords", {"ptrdname": str}),
    "SRV": ("SRVRecords", {"priority": int, "weight": int, "port": int, "target": str}),
    "TXT": ("TXTRecords", {"value": list}),
}


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def bad(message):
    return Refused(400, "BadRequest", message)


class Azure(Emulator):
    TENANT, SUBSCRIPTION, GROUP = "canary-tenant", "11111111-2222-3333-4444-555555555555", "dns-group"
    CLIENT = "66666666-7777-8888-9999-000000000000"

    def __init__(self):
        super().__init__()
        self.secret = "canary-azure~0042/+="
        self.tokens = set()
        self.zones = {}
        self.etags = 0
        self.small_letters = False  # how members of types are spelled in lists
        self.public_url = self.url()  # what the links of lists begin with

    def new_etag(self):
        self.etags += 1
        return f"00000000-0000-4000-8000-{self.etags:012x}"

    def add_zone(self, name, kind="Public"):
        name = name.rstrip(".")
        zone = self.zones[name.lower()] = {"name": name, "etag": self.new_etag(), "kind": kind, "sets": {},
                                           "types": {}}
        self.keep(zone, "@", "NS", 172800, [{"nsdname": one} for one in NAMESERVERS])
        self.keep(zone, "@", "SOA", 3600, [{
            "host": NAMESERVERS[0], "email": "azuredns-hostmaster.microsoft.com", "serialNumber": 1,
            "refreshTime": 3600, "retryTime": 300, "expireTime": 2419200, "minimumTTL": 300}])
        return zone

    def keep(self, zone, name, rrtype, ttl, records, **more):
        zone["sets"][name, rrtype] = {"ttl": ttl, "records": records, "etag": self.new_etag(), **more}
        zone["types"].setdefault(name, set()).add(rrtype)

    @staticmethod
    def drop(zone, name, rrtype):
        if zone["sets"].pop((name, rrtype), None) is not None:
            zone["types"][name].discard(rrtype)

    ZONES = (rf"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft\.Network"
             r"/dns[Zz]ones")
    ROUTES = [
        ("POST", rf"/{TENANT}/oauth2/v2\.0/token", "token"),
        ("GET", ZONES, "list zones"),
        ("GET", ZONES + r"/([^/]+)", "get zone"),
        ("GET", ZONES + r"/([^/]+)/(?:recordsets|all)", "list sets"),
        ("GET", ZONES + r"/([^/]+)/([A-Z]+)/([^/]+)", "get set"),
        ("PUT", ZONES + r"/([^/]+)/([A-Z]+)/([^/]+)", "put set"),
        ("DELETE", ZONES + r"/([^/]+)/([A-Z]+)/([^/]+)", "delete set"),
    ]

    def answer(self, operation, call):
        try:
            if operation == "token":
                return Answer(200, json.dumps(self.token(call)), "application/json")
            token = call.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                raise Refused(401, "InvalidAuthenticationToken", "The access token is invalid.")
            query = dict(urllib.parse.parse_qsl(call.query))
            if operation == "unknown":
                raise Refused(404, "InvalidResourceType", "The resource type could not be found.")
            if query.get("api-version") != VERSION:
                raise Refused(400, "InvalidApiVersionParameter", "The api-version is invalid.")
            status, result, etag = getattr(self, operation.replace(" ", "_"))(query, call)
            body = "" if result is None else json.dumps(result)
            return Answer(status, body, "application/json", [("ETag", etag)] if etag else [])
        except Refused as refused:
            if operation == "token":
                return Answer(refused.status, json.dumps(
                    {"error": refused.code, "error_description": str(refused),
                     "error_codes": [7000215]}), "application/json")
            error = {"code": refused.code, "message": str(refused)}
            bare = refused.code in ("BadRequest", "NotFound")  # Azure's DNS itself has no envelope
            return Answer(refused.status, json.dumps(error if bare else {"error": error}),
                          "application/json")

    def token(self, call):
        form = dict(urllib.parse.parse_qsl(call.body.decode()))
        if form.get("grant_type") != "client_credentials":
            raise Refused(400, "unsupported_grant_type", "AADSTS70003: unsupported grant type")
        if form.get("client_id") != self.CLIENT:
            raise Refused(400, "unauthorized_client", "AADSTS700016: Application was not found")
        if form.get("client_secret") != self.secret:
            raise Refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if not form.get("scope", "").endswith("/.default"):
            raise Refused(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid")
        token = f"eyJ0.canary-token-{len(self.tokens)}"
        self.tokens.add(token)
        return {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token}

    # Zones and record sets.

    def page_of(self, items, query, call):
        start = int(query.get("$skipToken", 0))
        size = min(int(query.get("$top", PAGE)), PAGE)
        answer = {"value": items[start:start + size]}
        if start + size < len(items):
            rest = {**query, "$skipToken": str(start + size)}
            answer["nextLink"] = (f"{self.public_url}{call.path}?" + urllib.parse.urlencode(rest, safe="$"))
        return 200, answer, None

    def shown_zone(self, zone):
        path = (f"/subscriptions/{self.SUBSCRIPTION}/resourceGroups/{self.GROUP}/providers"
                f"/Microsoft.Network/dnszones/{zone['name']}")
        return {"id": path, "name": zone["name"], "type": "Microsoft.Network/dnszones",
                "etag": zone["etag"], "location": "global", "tags": {},
                "properties": {"maxNumberOfRecordSets": MAX_SETS, "nameServers": NAMESERVERS,
                               "numberOfRecordSets": len(zone["sets"]), "zoneType": zone["kind"]}}

    def list_zones(self, query, call):
        return self.page_of([self.shown_zone(one) for _, one in sorted(self.zones.items())], query, call)

    def zone_of(self, call):
        zone = self.zones.get(urllib.parse.unquote(call.arguments[0]).lower())
        if zone is None:
            code = "ResourceNotFound" if call.method == "GET" else "ParentResourceNotFound"
            raise Refused(404, code, f"The Resource 'Microsoft.Network/dnszones/{call.arguments[0]}' under "
                                     f"resource group '{self.GROUP}' was not found.")
        return zone

    def get_zone(self, _, call):
        zone = self.zone_of(call)
        return 200, self.shown_zone(zone), zone["etag"]

    def shown(self, zone, name, rrtype):
        one = zone["sets"][name, rrtype]
        member = "SOARecord" if rrtype == "SOA" else TYPES[rrtype][0]
        if self.small_letters:
            member = re.sub(r"^[A-Z]+(?=Record)", lambda match: match.group().lower(), member)
        records = one["records"][0] if member.endswith("Record") and one["records"] else one["records"]
        fqdn = f"{zone['name']}." if name == "@" else f"{name}.{zone['name']}."
        properties = {"fqdn": fqdn, "TTL": one["ttl"], "targetResource": one.get("target", {}),
                      "provisioningState": "Succeeded"}
        if records or rrtype not in ("TXT", "CNAME"):
            properties[member] = records
        if one.get("metadata"):
            properties["metadata"] = one["metadata"]
        return {"id": f"{self.shown_zone(zone)['id']}/{rrtype}/{name}", "name": name,
                "type": f"Microsoft.Network/dnszones/{rrtype}", "etag": one["etag"],
                "properties": properties}

    def list_sets(self, query, call):
        zone = self.zone_of(call)
        places = sorted(zone["sets"])
        status, answer, etag = self.page_of(places, query, call)
        answer["value"] = [self.shown(zone, *place) for place in answer["value"]]
        return status, answer, etag

    def place_of(self, call):
        zone = self.zone_of(call)
        rrtype, name = call.arguments[1], urllib.parse.unquote(call.arguments[2]).lower()
        if not re.fullmatch(r"@|(\*|[a-z0-9_-]+)(\.[a-z0-9_-]+)*", name):
            raise bad(f"The record set name '{name}' is not valid.")
        if rrtype not in TYPES and rrtype != "SOA":
            raise bad(f"The record type '{rrtype}' is not supported.")
        return zone, name, rrtype

    def get_set(self, _, call):
        zone, name, rrtype = self.place_of(call)
        if (name, rrtype) not in zone["sets"]:
            raise Refused(404, "NotFound", f"The resource record '{name}' does not exist")
        return 200, self.shown(zone, name, rrtype), zone["sets"][name, rrtype]["etag"]

    @staticmethod
    def check_condition(call, there):
        match, none_match = call.headers.get("If-Match"), call.headers.get("If-None-Match")
        failed = Refused(412, "PreconditionFailed", "The condition set in the request was not met.")
        if none_match == "*" and there is not None:
            raise failed
        if match not in (None, "") and (there is None or match not in ("*", there["etag"])):
            raise failed

    def delete_set(self, _, call):
        zone, name, rrtype = self.place_of(call)
        there = zone["sets"].get((name, rrtype))
        self.check_condition(call, there)
        if name == "@" and rrtype in ("SOA", "NS"):
            raise bad(f"Record sets of type '{rrtype}' with name '@' cannot be deleted.")
        if there is None:
            return 204, None, None
        self.drop(zone, name, rrtype)
        return 200, None, None

    def put_set(self, _, call):
        zone, name, rrtype = self.place_of(call)
        there = zone["sets"].get((name, rrtype))
        self.check_condition(call, there)
        try:
            properties = json.loads(call.body)["properties"]
        except (ValueError, KeyError, TypeError) as error:
            raise bad("The request body is not a record set.") from error
        if rrtype == "SOA":
            raise bad("Record sets of type 'SOA' are not made so.")
        records = self.checked(rrtype, properties)
        if name == "@" and rrtype == "NS":
            given = {one["nsdname"].rstrip(".").lower() + "." for one in records}
            if not given.issuperset(NAMESERVERS):
                raise bad("The name servers of Azure cannot be removed.")
        beside = zone["types"].get(name, set()) - {rrtype}
        if beside and (rrtype == "CNAME" or "CNAME" in beside):
            raise bad(f"The record could not be created because a CNAME record with the same name "
                      f"'{name}' already exists in this zone, or something beside it.")
        if there is None and len(zone["sets"]) >= MAX_SETS:
            raise bad("The zone has as many record sets as it may have.")
        self.keep(zone, name, rrtype, properties["TTL"], records, metadata=properties.get("metadata"))
        return 200 if there else 201, self.shown(zone, name, rrtype), zone["sets"][name, rrtype]["etag"]

    @staticmethod
    def checked(rrtype, properties):
        member, fields = TYPES[rrtype]
        ttl = properties.get("TTL")
        if isinstance(ttl, bool) or not isinstance(ttl, int) or not 1 <= ttl < 2**31:
            raise bad("The TTL is not valid.")
        records = properties.get(member, [])
        records = [records] if isinstance(records, dict) else records
        if len(records) > MAX_RECORDS:
            raise bad(f"A record set has at most {MAX_RECORDS} records.")
        for record in records:
            if set(record) != set(fields) or any(not isinstance(record[key], kind)
                                                 for key, kind in fields.items()):
                raise bad(f"A record of type {rrtype} has {', '.join(fields)}.")
        values = [json.dumps(record, sort_keys=True) for record in records]
        if len(set(values)) != len(values):
            raise bad("A record is there twice.")
        if rrtype in ("A", "AAAA"):
            try:
                kinds = {ipaddress.ip_address(next(iter(record.values()))).version for record in records}
            except ValueError as error:
                raise bad("The value is not an IP address.") from error
            if kinds - {4 if rrtype == "A" else 6}:
                raise bad("The value is an address of the other kind.")
        if rrtype == "MX" and any(record["exchange"].rstrip(".") == "" for record in records):
            raise bad("The exchange is not valid.")
        if rrtype == "TXT":
            strings = [text for record in records for text in record["value"]]
            if any(len(text.encode()) > 255 for text in strings) or sum(map(len, strings)) > MAX_TEXT:
                raise bad("The text is too long.")
        return records
