#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/sources/packed_text.hpp"
#include "zonestore/sources/piece_records.hpp"
#include "zonestore/sources/zone_pieces.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace taproot::zonestore {

/// A piece of a zone file, read.
struct ReadPiece {
  PieceHash hash;
  std::uint32_t octets = 0;
  std::uint32_t newlines = 0;
  std::string text;     ///< until it is handed over
  std::string packed;   ///< the text, packed
  ReadingContext from;  ///< what it was read behind
  PieceRecords records;
  bool is_plain = false;
};

/// Reads the pieces of one file on all cores and hands them over in their order.
///
/// What a piece is to be read behind is known only when the one before it has been read. It hardly
/// ever differs from what an earlier one ended with, so that is taken; where it was wrong, the
/// piece is read again. The thread that calls next() reads pieces itself rather than wait.
class PieceCrew {
 public:
  /// Borrows `apex` and `pieces`; `threads` counts the caller's.
  PieceCrew(const dns::Name& apex, PieceReader& pieces, std::size_t threads);
  ~PieceCrew();
  PieceCrew(const PieceCrew&) = delete;
  PieceCrew& operator=(const PieceCrew&) = delete;

  /// The next piece, good until the next call; null at the end. Fails with what the PieceReader
  /// fails with. Rethrows what a thread threw.
  Result<const ReadPiece*> next();

 private:
  struct Slot {
    enum class State { empty, waiting, taken, read };
    ReadPiece piece;
    State state = State::empty;
    std::exception_ptr thrown;
  };

  Result<void> fill();
  void read(Slot& slot, const ReadingContext& from, TextPacker& packer) noexcept;
  Slot* take_waiting();
  void work();

  const dns::Name& apex_;
  PieceReader& pieces_;
  TextPacker packer_;
  bool at_end_ = false;
  std::size_t filled_ = 0;  // pieces that were put into slots, and …
  std::size_t handed_ = 0;  // … that were handed over
  ReadingContext context_;  // what the piece to be handed over next is to be read behind

  std::mutex mutex_;  // guards what follows, and the state of the slots
  std::condition_variable changed_;
  std::deque<Slot*> waiting_;
  ReadingContext latest_;  // a guess for those that come
  bool ending_ = false;

  std::vector<std::unique_ptr<Slot>> slots_;  // a ring
  std::vector<std::thread> threads_;
};

}  // namespace taproot::zonestore
