"""SoftLayer's API for DNS on loopback, by REST (v3.1) and by XML-RPC, which are two ways to the same.

Checks user and key, masks, filters, pages, the fields of each type, and what may stand beside what.
Requests that carry several records are carried out one after the other until one is refused: what
was done by then stays. Hosts are scrubbed in silence, as the documentation says.
"""

import base64
import ipaddress
import json
import re
import urllib.parse
import xmlrpc.client

from emulator import Answer, Emulator

TYPES = {"a", "aaaa", "cname", "mx", "ns", "ptr", "spf", "srv", "txt"}
NAMES = {"cname", "mx", "ns", "ptr", "srv"}
NUMBERS = {"mx": ["mxPriority"], "srv": ["priority", "weight", "port"]}
NAMESERVERS = ["ns1.softlayer.com.", "ns2.softlayer.com."]
VERBS = {"DELETE": "deleteObject", "PUT": "editObject", "POST": "createObject", "GET": "getObject"}
RECORD = "Dns_Domain_ResourceRecord"
# What a record has whatever its type.
COMMON = ("id", "domainId", "host", "type", "data", "ttl", "expire", "minimum", "refresh", "retry",
          "responsiblePerson", "mxPriority")


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, "SoftLayer_Exception" + code


def invalid(message):
    return Refused(500, "_InvalidValue", message)


def matches(value, wanted):
    """An objectFilter's operation on one value; names and other texts without regard to case."""
    operation = wanted["operation"] if isinstance(wanted, dict) else wanted
    if isinstance(operation, str):
        return str(value).lower() == operation.removeprefix("_=").strip().lower()
    return value == operation


class SoftLayer(Emulator):
    def __init__(self):
        super().__init__()
        self.user, self.key = "SL123", "canary-softlayer-5511"
        self.domains = {}
        self.next_id = 1000
        self.bare_single = False  # a list of one comes without the list
        self.batches = []  # how many records each request was to write

    def new_id(self):
        self.next_id += 1
        return self.next_id

    def add_zone(self, name, secondary=None):
        domain = {"id": self.new_id(), "name": name.rstrip(".").lower(), "serial": 2026112600,
                  "updateDate": "2026-11-26T00:00:00-06:00", "secondary": secondary, "records": {}, "hosts": {}}
        self.domains[domain["id"]] = domain
        self.keep(domain, {"host": "@", "type": "soa", "data": NAMESERVERS[0], "ttl": 86400,
                           "refresh": 3600, "retry": 300, "expire": 604800, "minimum": 3600,
                           "responsiblePerson": "support.softlayer.com."})
        for server in NAMESERVERS:
            self.keep(domain, {"host": "@", "type": "ns", "data": server, "ttl": 86400})
        return domain

    def keep(self, domain, record):
        record = {**dict.fromkeys(COMMON), **record, "id": record.get("id") or self.new_id(),
                  "domainId": domain["id"]}
        self.drop(domain, record["id"])
        domain["records"][record["id"]] = record
        domain["hosts"].setdefault(record["host"].lower(), {})[record["id"]] = record
        return record

    @staticmethod
    def drop(domain, record_id):
        record = domain["records"].pop(record_id, None)
        if record is not None:
            del domain["hosts"][record["host"].lower()][record_id]

    # The two ways in.

    def operation_of(self, call):
        call.service = call.method_name = call.object_id = None
        rest = re.fullmatch(r"/rest/v3\.1/SoftLayer_(\w+?)(?:/(\d+))?(?:/(\w+))?\.json", call.path)
        remote = re.fullmatch(r"/xmlrpc/v3(?:\.1)?/SoftLayer_(\w+)", call.path)
        if rest:
            call.service, call.object_id, call.method_name = rest.groups()
            if call.method_name is None:
                call.method_name = VERBS.get(call.method, "unknown")
        elif remote and call.method == "POST":
            call.service = remote.group(1)
            call.parameters, call.method_name = xmlrpc.client.loads(call.body)
        call.remote = remote is not None
        return f"{call.service}.{call.method_name}"

    def answer(self, operation, call):
        try:
            result, total = self.invoke_remote(call) if call.remote else self.invoke_rest(call)
        except Refused as refused:
            if call.remote:
                fault = xmlrpc.client.Fault(refused.code, str(refused))
                return Answer(200, xmlrpc.client.dumps(fault), "text/xml")
            return Answer(refused.status, json.dumps({"error": str(refused), "code": refused.code}),
                          "application/json")
        headers = [] if total is None else [("SoftLayer-Total-Items", str(total))]
        if call.remote:
            text = xmlrpc.client.dumps((result,), methodresponse=True, allow_none=True)
            return Answer(200, text, "text/xml", headers)
        if self.bare_single and isinstance(result, list) and len(result) == 1:
            result = result[0]
        return Answer(200, json.dumps(result), "application/json", headers)

    def check_key(self, user, key):
        if (user, key) != (self.user, self.key):
            raise Refused(401, "_InvalidLegacyToken", "Invalid API token.")

    def invoke_rest(self, call):
        login = call.headers.get("Authorization", "").removeprefix("Basic ")
        user, _, key = base64.b64decode(login).decode().partition(":")
        self.check_key(user, key)
        query = dict(urllib.parse.parse_qsl(call.query))
        options = {"mask": query.get("objectMask"), "filter": json.loads(query.get("objectFilter", "{}")),
                   "limit": tuple(map(int, query["resultLimit"].split(",")))
                   if "resultLimit" in query else None}
        arguments = json.loads(call.body).get("parameters", []) if call.body else []
        method = call.method_name
        many = {"editObject": "editObjects", "createObject": "createObjects"}
        if arguments and isinstance(arguments[0], list):
            method = many.get(method, method)
        object_id = int(call.object_id) if call.object_id else None
        return self.invoke(call.service, method, object_id, arguments, options)

    def invoke_remote(self, call):
        headers = call.parameters[0].get("headers", {}) if call.parameters else {}
        login = headers.get("authenticate", {})
        self.check_key(login.get("username"), login.get("apiKey"))
        service = "SoftLayer_" + call.service
        limit = headers.get("resultLimit")
        mask = headers.get("SoftLayer_ObjectMask", headers.get(service + "ObjectMask", {}))
        options = {"mask": mask.get("mask") if isinstance(mask.get("mask"), str) else None,
                   "filter": headers.get(service + "ObjectFilter", {}),
                   "limit": (limit.get("offset", 0), limit["limit"]) if limit else None}
        object_id = headers.get(service + "InitParameters", {}).get("id")
        return self.invoke(call.service, call.method_name, object_id, call.parameters[1:], options)

    # What can be asked for.

    def invoke(self, service, method, object_id, arguments, options):
        if service == "Account" and method == "getDomains":
            wanted = options["filter"].get("domains", {})
            domains = [one for one in self.domains.values()
                       if all(matches(one[key], value) for key, value in wanted.items())]
            return self.listed(domains, options, ("id", "name", "serial", "updateDate"))
        if service == "Dns_Domain" and method == "getByDomainName":
            domains = [one for one in self.domains.values() if arguments[0] in one["name"]]
            return self.listed(domains, options, ("id", "name", "serial", "updateDate"))
        if service == "Dns_Domain" and method == "getObject":
            return self.shown(self.domain_of(object_id), ("id", "name", "serial", "updateDate")), None
        if service == "Dns_Domain" and method == "getResourceRecords":
            wanted = options["filter"].get("resourceRecords", {})
            records = [one for one in self.domain_of(object_id)["records"].values()
                       if all(matches(one[key], value) for key, value in wanted.items())]
            return self.listed(records, options, COMMON)
        if service.startswith(RECORD):
            return self.invoke_record(service, method, object_id, arguments), None
        raise Refused(404, "_MethodNotFound", f"Function ({method}) is not a valid method for this service")

    def invoke_record(self, kind, method, object_id, arguments):
        if method == "getObject":
            return self.shown(self.record_of(object_id)[1], COMMON)
        argument = arguments[0] if arguments else None
        many = argument if isinstance(argument, list) else [argument]
        self.batches.append(len(many))
        if method == "createObject" and isinstance(argument, dict):
            return self.shown(self.create(kind, argument), COMMON)
        if method == "createObjects" and isinstance(argument, list):
            return [self.shown(self.create(kind, one), COMMON) for one in argument]
        if method == "editObject" and isinstance(argument, dict) and object_id:
            return self.edit(object_id, argument)
        if method == "editObjects" and isinstance(argument, list):
            return all([self.edit(one.get("id"), one) for one in argument])
        if method == "deleteObject" and object_id:
            return self.delete(object_id)
        if method == "deleteObjects" and isinstance(argument, list):
            return all([self.delete(one.get("id")) for one in argument])
        raise Refused(404, "_MethodNotFound", f"Function ({method}) is not a valid method for this service")

    def listed(self, items, options, fields):
        mask = re.findall(r"\w+", (options["mask"] or "").removeprefix("mask"))
        offset, count = options["limit"] or (0, len(items))
        page = [self.shown(one, mask or fields) for one in items[offset:offset + count]]
        return page, len(items)

    @staticmethod
    def shown(item, fields):
        """Of what an item has these fields; what is not set stands there as nothing."""
        return {key: item[key] for key in fields if key in item}

    def domain_of(self, domain_id):
        if domain_id is None or int(domain_id) not in self.domains:
            raise Refused(404, "_ObjectNotFound", f"Unable to find object with id of '{domain_id}'.")
        return self.domains[int(domain_id)]

    def record_of(self, record_id):
        for domain in self.domains.values():
            if record_id is not None and int(record_id) in domain["records"]:
                return domain, domain["records"][int(record_id)]
        raise Refused(404, "_ObjectNotFound", f"Unable to find object with id of '{record_id}'.")

    # Records.

    def create(self, kind, wanted):
        domain = self.domain_of(wanted.get("domainId"))
        if domain["secondary"]:
            raise Refused(500, "_Public", "A secondary zone cannot be changed")
        for field in ("host", "type", "data"):
            if not isinstance(wanted.get(field), str):
                raise Refused(500, "_MissingCreationProperty",
                              f"The property '{field}' must be set to create an instance")
        record = {key: value for key, value in wanted.items() if key not in ("id", "complexType")}
        record["type"] = record["type"].lower()
        record["host"] = re.sub(r"[^A-Za-z0-9@_.*-]", "", record["host"])
        record.setdefault("ttl", 86400)
        self.check(domain, record, wanted.get("complexType", kind).rpartition("_")[2])
        return self.written(domain, record)

    def edit(self, record_id, changes):
        domain, record = self.record_of(record_id)
        changed = {**record, **{key: value for key, value in changes.items() if key != "id"}}
        changed["type"] = changed["type"].lower()
        if record["type"] == "soa":
            raise invalid("SOA records are changed with their domain")
        self.check(domain, changed, None)
        self.written(domain, changed)
        return True

    def delete(self, record_id):
        domain, record = self.record_of(record_id)
        if record["type"] in ("soa", "ptr") or record["data"] in NAMESERVERS:
            raise invalid("This record cannot be deleted")
        self.drop(domain, record["id"])
        domain["serial"] += 1
        return True

    def written(self, domain, record):
        domain["serial"] += 1
        return self.keep(domain, record)

    @staticmethod
    def check(domain, record, kind):
        rrtype, data, ttl = record["type"], record["data"], record["ttl"]
        if rrtype not in TYPES:
            raise invalid(f"Invalid record type '{rrtype}'")
        typed = {"mx": "MxType", "srv": "SrvType"}.get(rrtype)
        allowed = {typed} if rrtype == "srv" else {typed, "ResourceRecord"}
        if kind is not None and kind not in allowed:
            raise invalid(f"A record of type '{rrtype}' belongs to another service")
        if isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 60:
            raise invalid("ttl must be at least 60")
        for number in NUMBERS.get(rrtype, []):
            if not isinstance(record.get(number), int) or not 0 <= record[number] < 65536:
                raise invalid(f"{number} must be a number from 0 to 65535")
        if rrtype == "srv" and not all(str(record.get(part, "")).startswith("_")
                                       for part in ("service", "protocol")):
            raise invalid("service and protocol must begin with _")
        if rrtype in ("a", "aaaa"):
            try:
                right = ipaddress.ip_address(data).version == (4 if rrtype == "a" else 6)
            except ValueError:
                right = False
            if not right:
                raise invalid(f"'{data}' is not an address")
        if rrtype in NAMES and not re.fullmatch(r"\.|[A-Za-z0-9@_.*-]+", data):
            raise invalid(f"'{data}' is not a name")
        if data == "":
            raise invalid("data must not be empty")
        for other in domain["hosts"].get(record["host"].lower(), {}).values():
            if other["id"] == record.get("id"):
                continue
            if "srv" not in (rrtype, other["type"]) and "cname" in (rrtype, other["type"]):
                raise invalid("A CNAME cannot share its host")
