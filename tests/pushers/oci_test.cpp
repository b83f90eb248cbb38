#include "pushers/drivers/oci.hpp"

#include "dns/tsig.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <ctime>

namespace taproot::pushers {

using namespace test;

namespace {

using Json = nlohmann::json;

// The example of Oracle's page "Request Signatures": a key that everybody knows.
constexpr const char* pem = R"(-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QF
NUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+F
UR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB
AoGBAJR8ZkCUvx5kzv+utdl7T5MnordT1TvoXXJGXK7ZZ+UuvMNUCdN2QPc4sBiA
QWvLw1cSKt5DsKZ8UETpYPy8pPYnnDEz2dDYiaew9+xEpubyeW2oH4Zx71wqBtOK
kqwrXa/pzdpiucRRjk6vE6YY7EBBs/g7uanVpGibOVAEsqH1AkEA7DkjVH28WDUg
f1nqvfn2Kj6CT7nIcE3jGJsZZ7zlZmBmHFDONMLUrXR/Zm3pR5m0tCmBqa5RK95u
412jt1dPIwJBANJT3v8pnkth48bQo/fKel6uEYyboRtA5/uHuHkZ6FQF7OUkGogc
mSJluOdc5t6hI1VsLn0QZEjQZMEOWr+wKSMCQQCC4kXJEsHAve77oP6HtG/IiEn7
kpyUXRNvFsDE0czpJJBvL/aRFUJxuRK91jhjC68sA7NsKMGg5OXb5I5Jj36xAkEA
gIT7aFOYBFwGgQAQkWNKLvySgKbAZRTeLBacpHMuQdl1DfdntvAyqpAZ0lY0RKmW
G6aFKaqQfOXKCyWoUiVknQJAXrlgySFci/2ueKlIE1QqIiLSZ8V8OlpFLRnb1pzI
7U1yQXnTAEFYM560yJlzUpOb1V4cScGd365tiSMvxLOvTA==
-----END RSA PRIVATE KEY-----
)";
constexpr const char* tenancy =
    "ocid1.tenancy.oc1..aaaaaaaaba3pv6wkcr4jqae5f15p2b2m2yt2j6rx32uzr4h25vqstifsfdsq";
constexpr const char* user =
    "ocid1.user.oc1..aaaaaaaat5nvwcna5j6aqzjcaty5eqbb6qt2jvpkanghtgdaqedqw3rynjq";

OciKey key() {
  return must(OciKey::make(tenancy, user, Secret(pem), Secret()));
}

constexpr const char* token = "eyJraWQiOiJ4In0.canary-token_1.c2lnbmF0dXJl+/=";

OciKey session_key() {
  return must(OciKey::of_session(Secret(token), Secret(pem), Secret()));
}

/// Thu, 05 Jan 2014 21:31:40 GMT, as the example has it: that day was a Sunday.
WallTime day_of_example() {
  std::tm parts{};
  parts.tm_year = 114;
  parts.tm_mday = 5;
  parts.tm_hour = 21;
  parts.tm_min = 31;
  parts.tm_sec = 40;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

Oci driver() {
  return Oci({"https://dns.eu-frankfurt-1.oraclecloud.com/",
              [] { return std::make_shared<const OciKey>(key()); }, "compartment-1"});
}

const Call call{WallTime(std::chrono::hours(500'000)), ""};
const ZoneRef zone_ref{name("@"), "example.org"};
const std::string zones_url = "https://dns.eu-frankfurt-1.oraclecloud.com/20180115/zones";

Response json(int status, const Json& body, net::HttpHeaders headers = {}) {
  return {{status, std::move(headers), body.dump(), false}, std::nullopt};
}

Json record(const std::string& domain, const std::string& type, const std::string& rdata,
            bool is_protected = false) {
  return {{"domain", domain},
          {"rtype", type},
          {"rdata", rdata},
          {"ttl", 300},
          {"recordHash", "h-" + domain + type + rdata},
          {"isProtected", is_protected},
          {"rrsetVersion", "7"}};
}

Json one_record() {
  return {{"items", Json::array({record("a.example.org", "A", "192.0.2.1")})}};
}

Seen<Page> seen(const Json& body, net::HttpHeaders headers, const std::string& cursor = "") {
  Call at = call;
  at.cursor = cursor;
  return driver().parse_list(at, zone_ref, json(200, body, std::move(headers)));
}

std::string header(const Request& request, std::string_view name) {
  return std::string(net::find_header(request.headers, name).value_or("-"));
}

Json items_of(const PlannedChange& change) {
  LiveZone live;
  live.zone = zone_ref;
  const auto requests = driver().apply(call, live, {change});
  return requests.empty() ? Json() : Json::parse(requests.front().body)["items"];
}

PlannedChange change(const char* before, const char* after) {
  PlannedChange result;
  if (before != nullptr) result.before = rrset(before);
  if (after != nullptr) result.after = rrset(after);
  return result;
}

}  // namespace

TEST_CASE("the fingerprint of Oracle's example key", "[pushers][oci]") {
  CHECK(key().id.reveal() ==
        std::string(tenancy) + "/" + user + "/73:61:a2:21:67:e0:df:be:7e:4b:93:1e:15:98:a5:b7");
}

TEST_CASE("signatures of Oracle's example requests", "[pushers][oci]") {
  // The example's day of the week is wrong, which a signature of it would repeat: what is signed is
  // checked with the right one, and the example itself with RsaKey.
  const std::string get =
      "date: Thu, 05 Jan 2014 21:31:40 GMT\n(request-target): get /20160918/instances"
      "?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=ocid1.compartment.oc1.."
      "aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa&displayName=TeamXInstances"
      "&volumeId=ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
      "\nhost: iaas.us-phoenix-1.oraclecloud.com";
  const auto example = must(RsaKey::from_pem(Secret(pem)));
  CHECK(dns::base64_encode(must(example.sign_sha256(get))) ==
        "GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZ"
        "AHc9r2DmE4pMwOAy/kiITcZxa1oHPOeRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M=");
  const std::string post_body = R"({
    "compartmentId": "ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa",
    "instanceId": "ocid1.instance.oc1.phx.abuw4ljrlsfiqw6vzzxb43vyypt4pkodawglp3wqxjqofakrwvou52gb6s5a",
    "volumeId": "ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
})";
  const std::string post =
      "date: Thu, 05 Jan 2014 21:31:40 GMT\n(request-target): post /20160918/volumeAttachments\n"
      "host: iaas.us-phoenix-1.oraclecloud.com\ncontent-length: 316\n"
      "content-type: application/json\n"
      "x-content-sha256: V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0=";
  CHECK(dns::base64_encode(must(example.sign_sha256(post))) ==
        "Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhq"
        "locMwoSXv0fbukP8J5N80LCmzT/FFBvIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso=");

  const auto signed_as = [&](std::string text) {
    text.replace(6, 3, "Sun");
    return "signature=\"" + dns::base64_encode(must(example.sign_sha256(text))) + "\"";
  };
  net::HttpRequest request;
  const auto path_at = get.find("/20160918");
  request.url = "https://iaas.us-phoenix-1.oraclecloud.com" +
                get.substr(path_at, get.find("\nhost") - path_at);
  sign_oci(request, key(), day_of_example());
  CHECK(*net::find_header(request.headers, "Date") == "Sun, 05 Jan 2014 21:31:40 GMT");
  CHECK(*net::find_header(request.headers, "Authorization") ==
        "Signature version=\"1\",keyId=\"" + std::string(key().id.reveal()) +
            "\",algorithm=\"rsa-sha256\",headers=\"date (request-target) host\"," + signed_as(get));

  // A session's key signs the same, under the name of its token.
  net::HttpRequest of_session;
  of_session.url = request.url;
  sign_oci(of_session, session_key(), day_of_example());
  CHECK(*net::find_header(of_session.headers, "Authorization") ==
        "Signature version=\"1\",keyId=\"ST$" + std::string(token) +
            "\",algorithm=\"rsa-sha256\",headers=\"date (request-target) host\"," + signed_as(get));

  net::HttpRequest with_body;
  with_body.method = "POST";
  with_body.url = "https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumeAttachments";
  with_body.body = post_body;
  sign_oci(with_body, key(), day_of_example());
  CHECK(*net::find_header(with_body.headers, "X-Content-SHA256") ==
        "V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0=");
  CHECK(net::find_header(with_body.headers, "Authorization")->ends_with(signed_as(post)));
}

TEST_CASE("tokens of Oracle's sessions", "[pushers][oci]") {
  for (const char* wrong : {"", "two words", "quo\"te", "back\\slash", "line\nbreak"}) {
    INFO(wrong);
    const auto made = OciKey::of_session(Secret(wrong), Secret(pem), Secret());
    REQUIRE_FALSE(made);
    CHECK(made.error().detail == "has a session token that is none");
  }
  CHECK(session_key().token().reveal() == token);
  CHECK(key().token().empty());

  // What is said of a refused key shows none, nor one that was replaced meanwhile.
  const Oci oci({"https://dns.example",
                 [] { return std::make_shared<const OciKey>(session_key()); }, "compartment-1"});
  const auto said = [&](const std::string& words) {
    const auto seen = oci.parse_list(call, zone_ref,
                                     json(401, {{"code", "NotAuthenticated"}, {"message", words}}));
    CHECK(seen.trouble()->kind == TroubleKind::auth);
    return seen.trouble()->words;
  };
  CHECK_THAT(said("no " + std::string(token) + " here"), Catch::Contains("no *** here"));
  CHECK_THAT(said("keyId=\"ST$older.canary.one\", twice ST$older.canary.two"),
             Catch::Contains("keyId=\"ST$***\", twice ST$***") && !Catch::Contains("canary"));
}

TEST_CASE("keys that cannot sign", "[pushers][oci]") {
  // What `openssl rsa -aes128` makes of a key, with the passphrase "canary-pass".
  const auto words = [](const std::string& text, const std::string& passphrase) {
    const auto made = RsaKey::from_pem(Secret(text), Secret(passphrase));
    return made ? std::string("read") : made.error().detail;
  };
  CHECK(words(pem, "") == "read");
  CHECK(words(pem, "not needed") == "read");
  CHECK(words("", "") == "has a private key that cannot be read");
  CHECK(words("canary", "x").find("canary") == std::string::npos);
  const std::string encrypted =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
      "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
      "-----END RSA PRIVATE KEY-----\n";
  CHECK(words(encrypted, "") == "has a private key that is encrypted, and no passphrase");
  CHECK(words(encrypted, "wrong") == "has a private key that its passphrase does not open");
}

TEST_CASE("pages of Oracle's lists are of one state, and complete", "[pushers][oci]") {
  const auto first =
      seen(one_record(), {{"ETag", "\"5z\""}, {"opc-next-page", "p2"}, {"opc-total-items", "2"}});
  REQUIRE(first.value() != nullptr);
  CHECK_FALSE(first.value()->complete);
  REQUIRE(first.value()->next);
  CHECK(driver().list(call, zone_ref, *first.value()->next).url ==
        zones_url + "/example.org/records?scope=GLOBAL&limit=100&page=p2");
  const auto cursor = *first.value()->next;
  const auto last = seen(one_record(), {{"ETag", "\"5z\""}, {"opc-total-items", "2"}}, cursor);
  CHECK(last.value()->complete);
  CHECK(last.value()->state_token == "\"5z\"");
  CHECK_FALSE(
      seen(one_record(), {{"ETag", "\"5z\""}, {"opc-total-items", "3"}}, cursor).value()->complete);
  const auto changed = seen(one_record(), {{"ETag", "\"6z\""}}, cursor);
  REQUIRE(changed.trouble() != nullptr);
  CHECK(changed.trouble()->kind == TroubleKind::incomplete_read);
  CHECK(seen(one_record(), {{"ETag", "\"5z\""}}).value()->complete);
}

TEST_CASE("lists of Oracle's that are none", "[pushers][oci]") {
  const net::HttpHeaders tag{{"ETag", "\"5z\""}};
  auto lacking = record("a.example.org", "A", "192.0.2.1");
  lacking.erase("recordHash");
  for (const auto& wrong :
       {Json(nullptr), Json::object(), Json{{"items", nullptr}}, Json{{"items", Json::array()}},
        Json{{"items", Json::array({7})}}, Json{{"items", Json::array({lacking})}},
        Json{{"items", Json::array({record("a.example.net", "A", "192.0.2.1")})}}}) {
    INFO(wrong);
    REQUIRE(seen(wrong, tag).trouble() != nullptr);
    CHECK(seen(wrong, tag).trouble()->kind == TroubleKind::incomplete_read);
  }
  CHECK(seen(one_record(), {}).trouble() != nullptr);
}

TEST_CASE("what Oracle protects is foreign, but for the apex", "[pushers][oci]") {
  const auto page =
      seen({{"items", Json::array({record("example.org", "NS", "ns1.example.net.", true),
                                   record("key.example.org", "DS",
                                          "1 13 2 00112233445566778899aabb"
                                          "ccddeeff00112233445566778899aabbccddeeff",
                                          true),
                                   record("al.example.org", "ALIAS", "x.example.net.")})}},
           {{"ETag", "\"5z\""}});
  REQUIRE(page.value() != nullptr);
  std::map<std::string, LiveKind> kinds;
  for (const auto& one : page.value()->rrsets) kinds[one.rrset.owner.to_text()] = one.kind;
  CHECK(kinds["example.org."] == LiveKind::plain);
  CHECK(kinds["key.example.org."] == LiveKind::foreign);
  CHECK(kinds["al.example.org."] == LiveKind::opaque);
}

TEST_CASE("operations of a PATCH to Oracle", "[pushers][oci]") {
  const Json place{{"domain", "a.example.org"}, {"rtype", "A"}};
  const auto with = [&](Json more) {
    Json all = place;
    all.update(more);
    return all;
  };
  CHECK(items_of(change(nullptr, "a 300 A 192.0.2.1")) ==
        Json::array({with({{"operation", "ADD"}, {"ttl", 300}, {"rdata", "192.0.2.1"}})}));
  CHECK(items_of(change("a 300 A 192.0.2.1 | 192.0.2.2", nullptr)) ==
        Json::array({with({{"operation", "REMOVE"}})}));
  CHECK(items_of(change("a 300 A 192.0.2.1 | 192.0.2.2", "a 60 A 192.0.2.1 | 192.0.2.2")) ==
        Json::array({with({{"operation", "ADD"}, {"ttl", 60}})}));
  CHECK(items_of(change("a 300 A 192.0.2.1", "a 300 A 192.0.2.1")) ==
        Json::array({with({{"operation", "ADD"}, {"ttl", 300}})}));
  CHECK(items_of(change("a 300 A 192.0.2.1 | 192.0.2.2", "a 60 A 192.0.2.2 | 192.0.2.3")) ==
        Json::array({with({{"operation", "REMOVE"}, {"rdata", "192.0.2.1"}}),
                     with({{"operation", "ADD"}, {"ttl", 60}}),
                     with({{"operation", "ADD"}, {"ttl", 60}, {"rdata", "192.0.2.3"}})}));
  CHECK(driver().weight_of(
            change("a 300 A 192.0.2.1 | 192.0.2.2", "a 60 A 192.0.2.2 | 192.0.2.3")) == 3);
}

TEST_CASE("a PATCH to Oracle is made on the condition of what was read", "[pushers][oci]") {
  LiveZone live;
  live.zone = zone_ref;
  live.state_token = "\"5z\"";
  const auto requests = driver().apply(
      call, live, {change(nullptr, "b 60 CNAME c"), change("b 60 A 192.0.2.1", nullptr)});
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "PATCH");
  CHECK(requests[0].url == zones_url + "/example.org/records?scope=GLOBAL");
  CHECK(header(requests[0], "If-Match") == "\"5z\"");
  CHECK(header(requests[0], "Content-Type") == "application/json");
  CHECK(Json::parse(requests[0].body)["items"][0]["operation"] == "REMOVE");
  const auto done =
      driver().parse_apply(call, zone_ref, json(200, one_record(), {{"ETag", "\"6z\""}}));
  REQUIRE(std::holds_alternative<Accepted>(done));
  CHECK(std::get<Accepted>(done).state_token == "\"6z\"");
}

TEST_CASE("what Oracle says of changes", "[pushers][oci]") {
  const auto said = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    const auto* trouble = std::get_if<Trouble>(&outcome);
    return trouble == nullptr ? std::string("accepted")
                              : to_text(trouble->kind) + ": " + trouble->words;
  };
  const auto error = [](int status, const std::string& code) {
    return json(status, {{"code", code}, {"message", "no"}}, {{"opc-request-id", "R1"}});
  };
  CHECK(said(error(412, "NoEtagMatch")) ==
        "conflict: HTTP 412: NoEtagMatch: no (opc-request-id R1)");
  CHECK(said(error(400, "InvalidParameter")).starts_with("permanent"));
  CHECK(said(error(401, "NotAuthenticated")).starts_with("auth"));
  CHECK(said(error(404, "NotAuthorizedOrNotFound")).starts_with("conflict"));
  CHECK(said(error(429, "TooManyRequests")).starts_with("retry-after"));
  CHECK(said(error(500, "InternalServerError")).starts_with("unknown-outcome"));
  CHECK(said(json(200, one_record())).starts_with("unknown-outcome"));
  CHECK(said(json(200, nullptr, {{"ETag", "1"}})).starts_with("unknown-outcome"));
  CHECK(said(json(204, one_record(), {{"ETag", "1"}})).starts_with("unknown-outcome"));
  const auto skewed =
      json(401, {{"code", "NotAuthenticated"}}, {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  CHECK(said(skewed).find("clocks differ") != std::string::npos);
}

TEST_CASE("Oracle's zones", "[pushers][oci]") {
  CHECK(driver().zones(call, "")->url ==
        zones_url + "?compartmentId=compartment-1&scope=GLOBAL&limit=100");
  const Json zone{{"name", "example.org"}, {"id", "ocid1.x"}};
  const auto page =
      driver().parse_zones(call, json(200, Json::array({zone}), {{"opc-next-page", "q"}}));
  REQUIRE(page.value() != nullptr);
  CHECK(page.value()->zones.front().id == "ocid1.x");
  CHECK(page.value()->next == "q");
  CHECK(driver().parse_zones(call, json(200, Json::object())).trouble() != nullptr);
  CHECK(driver().parse_zones(call, json(200, Json::array({Json::object()}))).trouble() != nullptr);
  CHECK(driver().parse_zones(call, json(404, Json::object())).trouble() != nullptr);
}

}  // namespace taproot::pushers
