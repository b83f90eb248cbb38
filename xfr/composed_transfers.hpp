#pragma once

#include "dns/octets.hpp"
#include "net/loop.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::xfr {

/// The messages of one whole transfer of a zone, without OPT and TSIG, as they were composed for
/// one secondary.
struct ComposedTransfer {
  struct Message {
    std::vector<std::uint8_t> octets;
    std::size_t records = 0;
  };
  std::vector<Message> messages;
};

/// Several secondaries fetch the same version of a zone: that is what it is there for. So from the
/// second one on the messages are kept, and others who ask the same question are given copies.
///
///     first asks      its messages are composed                      (one secondary keeps nothing)
///     second asks     its messages are composed, and kept
///     others          are given what was kept, or compose while it is not complete
///
/// Bounded by octets; what was not asked for recently, and what belongs to a version that is gone,
/// is dropped by sweep(). Shared by all serving loops; locked for a moment per transfer, and per
/// message of the one that is being kept.
class ComposedTransfers {
 public:
  struct Limits {
    std::size_t octets = std::size_t{64} << 20;  ///< of all that is kept
    /// Content of a zone below which composing costs next to nothing.
    std::size_t least_content = std::size_t{64} << 10;
    std::chrono::seconds unused{60};  ///< what nobody asked for in that time is dropped
    std::size_t questions = 1024;     ///< remembered at the same time
  };
  explicit ComposedTransfers(Limits limits) : limits_(limits) {}
  ComposedTransfers() : ComposedTransfers(Limits()) {}
  ComposedTransfers(const ComposedTransfers&) = delete;
  ComposedTransfers& operator=(const ComposedTransfers&) = delete;

  /// One transfer whose messages are to be kept, on its way. Destroyed before finish() it leaves
  /// nothing behind.
  class Keeping {
   public:
    ~Keeping();
    Keeping(const Keeping&) = delete;
    Keeping& operator=(const Keeping&) = delete;

    /// False: there is no room for all of it, so it is not kept, nor tried again, nor are later
    /// versions about as large.
    bool add(Octets message, std::size_t records);
    /// It is complete: others may have it.
    void finish();

   private:
    friend class ComposedTransfers;
    Keeping(ComposedTransfers& of, std::string question, std::size_t content)
        : of_(of), question_(std::move(question)), content_(content) {}

    ComposedTransfers& of_;
    std::string question_;
    std::size_t content_;  ///< of the version
    std::shared_ptr<ComposedTransfer> transfer_ = std::make_shared<ComposedTransfer>();
    std::size_t octets_ = 0;
  };

  /// What a transfer can do: copy what is kept, or keep what it composes, or neither.
  struct Choice {
    std::shared_ptr<const ComposedTransfer> kept;
    std::unique_ptr<Keeping> keeping;
  };
  /// `question` is that of the request, as it is repeated in each message.
  Choice choose(const std::shared_ptr<const zonestore::ZoneVersion>& version, Octets question);

  /// The octets that may be kept from now on; 0: nothing is kept.
  void set_limit(std::size_t octets);

  /// Drops what belongs to versions that are gone, and what was not asked for since long. Says what
  /// time it is: what is asked until the next sweep counts as asked now.
  void sweep(net::Instant now);

  std::size_t octets() const;  ///< kept, or being kept

 private:
  struct Entry {
    std::weak_ptr<const zonestore::ZoneVersion> version;
    net::Instant asked;
    std::uint64_t turn = 0;  ///< of the last one who asked
    std::shared_ptr<const ComposedTransfer> kept;
    std::size_t octets = 0;
    const Keeping* keeper = nullptr;  ///< on its way
    std::size_t too_large = 0;        ///< content for which there was no room; 0: not known
  };
  using Entries = std::unordered_map<std::string, Entry>;

  bool reserve(const Keeping& keeping, std::size_t octets);
  void put(Keeping& keeping);
  void give_up(Keeping& keeping);
  Entry* entry_of(const Keeping& keeping);
  void drop(Entries::iterator at);
  enum class Dropping { any, with_octets };
  bool drop_oldest(Dropping which);

  Limits limits_;
  mutable std::mutex mutex_;
  Entries entries_;  ///< by question
  net::Instant now_;
  std::uint64_t turns_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace taproot::xfr
