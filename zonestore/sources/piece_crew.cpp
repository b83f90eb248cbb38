#include "zonestore/sources/piece_crew.hpp"

#include "zonestore/sources/fast_records.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

constexpr std::size_t slots_per_thread = 6;

}  // namespace

PieceCrew::PieceCrew(const dns::Name& apex, PieceReader& pieces, std::size_t threads)
    : apex_(apex), pieces_(pieces), context_{apex, {}, {}}, latest_(context_) {
  for (std::size_t i = 0; i < threads * slots_per_thread; ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
  threads_.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

PieceCrew::~PieceCrew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

/// Puts pieces into all slots that are free.
Result<void> PieceCrew::fill() {
  while (!at_end_ && filled_ - handed_ < slots_.size()) {
    auto piece = pieces_.next();
    if (!piece) return tl::unexpected(piece.error());
    if (!*piece) {
      at_end_ = true;
      break;
    }
    Slot& slot = *slots_[filled_ % slots_.size()];
    slot.piece.text.assign((*piece)->text);
    slot.piece.hash = (*piece)->hash;
    slot.piece.octets = static_cast<std::uint32_t>((*piece)->text.size());
    slot.piece.newlines = (*piece)->newlines;
    // The first one most often says what holds for all others: nobody guesses before it is read.
    if (filled_++ == 0) {
      read(slot, context_, packer_);
      latest_ = slot.piece.records.end;
      slot.state = Slot::State::read;
      continue;
    }
    const std::lock_guard lock(mutex_);
    slot.state = Slot::State::waiting;
    waiting_.push_back(&slot);
    changed_.notify_one();
  }
  return {};
}

Result<const ReadPiece*> PieceCrew::next() {
  if (handed_ > 0) slots_[(handed_ - 1) % slots_.size()]->state = Slot::State::empty;
  if (auto filled = fill(); !filled) return tl::unexpected(filled.error());
  if (handed_ == filled_) return nullptr;
  Slot& slot = *slots_[handed_ % slots_.size()];
  std::unique_lock lock(mutex_);
  while (slot.state != Slot::State::read) {
    Slot* other = take_waiting();
    if (other == nullptr) {
      changed_.wait(lock);
      continue;
    }
    const ReadingContext from = latest_;
    lock.unlock();
    read(*other, from, packer_);
    lock.lock();
    other->state = Slot::State::read;
  }
  lock.unlock();
  if (slot.thrown) std::rethrow_exception(slot.thrown);
  if (!(slot.piece.from == context_)) {
    read(slot, context_, packer_);
    if (slot.thrown) std::rethrow_exception(slot.thrown);
  }
  ++handed_;
  context_ = slot.piece.records.end;
  lock.lock();
  latest_ = context_;
  return &slot.piece;
}

/// Under the lock.
PieceCrew::Slot* PieceCrew::take_waiting() {
  if (waiting_.empty()) return nullptr;
  Slot* slot = waiting_.front();
  waiting_.pop_front();
  slot->state = Slot::State::taken;
  return slot;
}

void PieceCrew::read(Slot& slot, const ReadingContext& from, TextPacker& packer) noexcept {
  auto& piece = slot.piece;
  slot.thrown = nullptr;
  try {
    piece.from = from;
    piece.is_plain = read_piece(apex_, piece.text, from, piece.records);
    if (piece.is_plain) piece.packed = packer.pack(piece.text);
  } catch (...) {
    slot.thrown = std::current_exception();
  }
}

void PieceCrew::work() {
  std::unique_ptr<TextPacker> packer;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Slot* slot = take_waiting();
    const ReadingContext from = latest_;
    lock.unlock();
    try {
      if (!packer) packer = std::make_unique<TextPacker>();
      read(*slot, from, *packer);
    } catch (...) {
      slot->thrown = std::current_exception();
    }
    lock.lock();
    slot->state = Slot::State::read;
    changed_.notify_all();
  }
}

}  // namespace taproot::zonestore
