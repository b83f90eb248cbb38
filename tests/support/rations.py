"""The limits on calls that providers document, or that were seen, for emulators to enforce; and how
each provider says that there were too many.

An emulator with `rations` refuses what is beyond any of them, as the provider does, and counts it.
"""

import json
import re
import time

from emulator import Answer


class Bucket:
    """So many calls at once, and so many more each second."""

    def __init__(self, at_once, a_second):
        self.at_once, self.a_second = at_once, a_second
        self.calls, self.last = at_once, time.monotonic()

    def take(self):
        """0, or the seconds after which there is a call again."""
        now = time.monotonic()
        self.calls = min(self.at_once, self.calls + (now - self.last) * self.a_second)
        self.last = now
        if self.calls < 1:
            return (1 - self.calls) / self.a_second
        self.calls -= 1
        return 0


class Window:
    """So many calls in each period that begins with the first call after the one before."""

    def __init__(self, most, seconds):
        self.most, self.seconds = most, seconds
        self.calls, self.began = 0, None

    def take(self):
        now = time.monotonic()
        if self.began is None or now >= self.began + self.seconds:
            self.calls, self.began = 0, now
        self.calls += 1
        return 0 if self.calls <= self.most else self.began + self.seconds - now


class Rations:
    """What one account may do. `rules` are (which calls share a ration, what makes one): the first
    is asked with operation and call, and says a key, or None for calls that do not count."""

    def __init__(self, rules, too_many):
        self.rules, self.too_many = rules, too_many
        self.kept = {}

    def refuse(self, operation, call):
        """The answer to a call that is too many; None if it is not."""
        waits = []
        for number, (key_of, make) in enumerate(self.rules):
            key = key_of(operation, call)
            if key is not None:
                waits.append(self.kept.setdefault((number, key), make()).take())
        longest = max(waits, default=0)
        return self.too_many(longest) if longest > 0 else None


def everything(*_):
    return "all"


def as_json(status, body, **headers):
    return Answer(status, json.dumps(body), "application/json",
                  [(name.replace("_", "-"), str(value)) for name, value in headers.items()])


def whole(seconds):
    return max(1, int(seconds + 0.999))


def route53():
    """5 a second for an account until 2026, and since then a bucket of 50 that gains 10 a second: the
    least of both. It says so with status 400, and not for how long."""
    def too_many(_):
        return Answer(400, '<?xml version="1.0"?><ErrorResponse xmlns="https://route53.amazonaws.com/'
                           'doc/2013-04-01/"><Error><Type>Sender</Type><Code>Throttling</Code><Message>'
                           'Rate exceeded</Message></Error><RequestId>0</RequestId></ErrorResponse>')
    return Rations([(everything, lambda: Bucket(50, 5))], too_many)


def google():
    """No figure is documented: 10 a second, and 100 at once."""
    def too_many(_):
        return as_json(429, {"error": {"code": 429, "message": "Quota exceeded", "errors": [
            {"domain": "usageLimits", "reason": "rateLimitExceeded", "message": "Quota exceeded"}]}})
    return Rations([(lambda operation, _: None if operation == "token" else "all",
                     lambda: Bucket(100, 10))], too_many)


def azure():
    """200 writes of each kind and 60 lists a minute for each zone; Resource Manager gives each principal
    250 reads at once and 25 more each second, and 200 and 10 for writes."""
    def zone_of(call):
        found = re.search(r"/dnsZones/([^/?]+)", call.path, re.IGNORECASE)
        return found.group(1).lower() if found else None

    def too_many(wait):
        return as_json(429, {"error": {"code": "TooManyRequests", "message": "slow down"}},
                       Retry_After=whole(wait))

    def of_zone(wanted):
        return lambda operation, call: zone_of(call) if operation == wanted else None

    def principal(methods):
        return lambda operation, call: (
            "all" if call.method in methods and operation != "token" else None)

    return Rations([
        (of_zone("list sets"), lambda: Window(60, 60)), (of_zone("put set"), lambda: Window(200, 60)),
        (of_zone("delete set"), lambda: Window(200, 60)),
        (principal(("GET",)), lambda: Bucket(250, 25)),
        (principal(("PUT", "PATCH", "POST")), lambda: Bucket(200, 10)),
        (principal(("DELETE",)), lambda: Bucket(200, 10))], too_many)


def softlayer():
    """50 in a second were refused; how many are taken is not documented: 20 each second."""
    def too_many(_):
        return as_json(500, {"error": "Rate limit exceeded.",
                             "code": "SoftLayer_Exception_WebService_RateLimitExceeded"})
    return Rations([(everything, lambda: Bucket(100, 20))], too_many)


def cloudflare():
    """1,200 in five minutes; then none for the rest of them."""
    def too_many(wait):
        return as_json(429, {"result": None, "success": False, "messages": [], "errors": [
            {"code": 10100, "message": "more than 1200 requests"}]}, Retry_After=whole(wait))
    return Rations([(everything, lambda: Window(1200, 300))], too_many)


def ns1():
    """A bucket for a key; its size is told in each answer, and not documented: 100, and 10 a second."""
    def too_many(wait):
        return as_json(429, {"message": "rate limit exceeded"}, Retry_After=whole(wait))
    return Rations([(everything, lambda: Bucket(100, 10))], too_many)


def oci():
    """No figure is published: 100, and 10 a second. It does not say for how long."""
    def too_many(_):
        return as_json(429, {"code": "TooManyRequests", "message": "User-rate limit exceeded."})
    return Rations([(everything, lambda: Bucket(100, 10))], too_many)


def dyn():
    """300 a minute for all users of an account; then none for the rest of it."""
    def too_many(_):
        return as_json(429, {"status": "failure", "data": {}, "job_id": 0, "msgs": [
            {"INFO": "too many requests", "SOURCE": "API-B", "ERR_CD": "RATE_LIMIT_EXCEEDED", "LVL": "ERROR"}]})
    return Rations([(everything, lambda: Window(300, 60))], too_many)
