#include "pushers/fingerprint.hpp"

#include "dns/rdata.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

namespace taproot::pushers {

namespace {

std::string joined_strings(Octets rdata) {
  std::string text;
  while (!rdata.empty()) {
    const std::size_t size = std::min<std::size_t>(rdata[0], rdata.size() - 1);
    const Octets chunk = rdata.subspan(1, size);
    text.append(chunk.begin(), chunk.end());
    rdata = rdata.subspan(1 + size);
  }
  return text;
}

std::string text_of(Octets octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

void Digest::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  // Without memory or without SHA-256 there is no going on.
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

Digest& Digest::add(std::string_view octets) {
  add(static_cast<std::uint64_t>(octets.size()));
  EVP_DigestUpdate(context_.get(), octets.data(), octets.size());
  return *this;
}

Digest& Digest::add(Octets octets) {
  add(static_cast<std::uint64_t>(octets.size()));
  EVP_DigestUpdate(context_.get(), octets.data(), octets.size());
  return *this;
}

Digest& Digest::add(std::uint64_t number) {
  std::array<std::uint8_t, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  EVP_DigestUpdate(context_.get(), octets.data(), octets.size());
  return *this;
}

std::array<std::uint8_t, 32> Digest::octets() {
  std::array<std::uint8_t, 32> result{};
  EVP_DigestFinal_ex(context_.get(), result.data(), nullptr);
  return result;
}

std::string Digest::hex(std::size_t digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets()) {
    text += alphabet[octet >> 4];
    text += alphabet[octet & 15];
  }
  return text.substr(0, digits);
}

std::uint64_t Digest::number() {
  const auto all = octets();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | all[i];
  return value;
}

std::vector<std::string> comparable(const dns::RRset& rrset, bool chunks_matter) {
  const bool is_text = rrset.type == dns::RRType::TXT || rrset.type == dns::RRType::SPF;
  std::vector<std::string> all;
  all.reserve(rrset.rdata.size());
  for (const auto& rdata : rrset.rdata) {
    all.push_back(is_text && !chunks_matter ? joined_strings(rdata.wire())
                                            : text_of(dns::canonical(rrset.type, rdata).wire()));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::uint64_t fingerprint(const RRsetKey& key) {
  const dns::Name owner = key.owner.lowered();
  return Digest().add(owner.wire()).add(static_cast<std::uint64_t>(key.type)).number();
}

Digest digest_of(const dns::RRset& rrset, bool chunks_matter) {
  Digest digest;
  const dns::Name owner = rrset.owner.lowered();
  digest.add(owner.wire()).add(static_cast<std::uint64_t>(rrset.type));
  digest.add(static_cast<std::uint64_t>(rrset.ttl));
  for (const auto& rdata : comparable(rrset, chunks_matter)) digest.add(std::string_view(rdata));
  return digest;
}

std::uint64_t fingerprint(const dns::RRset& rrset, bool chunks_matter) {
  return digest_of(rrset, chunks_matter).number();
}

}  // namespace taproot::pushers
