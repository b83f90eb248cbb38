#include "server/outgoing_transfer.hpp"

#include <utility>

namespace taproot::server {

namespace {

void count_start(Counters& counters, xfr::IxfrChoice::Kind what) {
  using Kind = xfr::IxfrChoice::Kind;
  switch (what) {
    case Kind::current:
      ++counters.ixfr_current;
      return;
    case Kind::differences:
      ++counters.ixfr_started;
      return;
    case Kind::whole_zone:
      ++counters.axfr_started;
      return;
  }
}

}  // namespace

OutgoingTransfer::OutgoingTransfer(xfr::Transfer transfer, std::optional<dns::TsigSession> session,
                                   TransferEvent about, Counters& counters,
                                   const WallClock& wall_clock, const Tell& tell)
    : transfer_(std::move(transfer)),
      session_(std::move(session)),
      about_(std::move(about)),
      counters_(counters),
      wall_clock_(wall_clock),
      tell_(tell) {
  about_.what = transfer_.kind();
  about_.serial = transfer_.serial();
  about_.kind = TransferEvent::Kind::started;
  count_start(counters_, about_.what);
  tell_(about_);
}

OutgoingTransfer::~OutgoingTransfer() {
  if (ended_) return;
  if (about_.why.empty()) about_.why = "the connection ended";
  ++counters_.transfers_aborted;
  if (by_peer_) remember_end(false);
  end_as(TransferEvent::Kind::aborted);
}

std::size_t OutgoingTransfer::next(std::span<std::uint8_t> buffer) {
  std::size_t size = transfer_.next(buffer, session_ ? session_->max_size() : 0);
  if (size > 0 && session_) size = session_->sign_answer(buffer, size, wall_clock_()).value_or(0);
  if (size == 0) {
    failed_ = transfer_.failed() || !transfer_.done();
    if (failed_) about_.why = "a record does not fit into a message";
    return 0;
  }
  about_.octets += size;
  ++about_.messages;
  return size;
}

void OutgoingTransfer::finish() {
  ++counters_.transfers_finished;
  remember_end(true);
  end_as(TransferEvent::Kind::finished);
}

void OutgoingTransfer::remember_end(bool finished) {
  const bool differences = about_.what == xfr::IxfrChoice::Kind::differences;
  if (delivered_ == nullptr || !differences || !about_.before) return;
  const xfr::DeliveredDifferences::Place place({about_.apex, about_.from.address(), about_.key});
  finished ? delivered_->on_delivered(place, *about_.before)
           : delivered_->on_broken_off(place, *about_.before);
}

void OutgoingTransfer::end_as(TransferEvent::Kind kind) {
  ended_ = true;
  about_.kind = kind;
  about_.records = transfer_.records();
  about_.took = std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - begin_);
  counters_.transfer_octets.add(about_.octets);
  counters_.transfer_records.add(about_.records);
  tell_(about_);
}

}  // namespace taproot::server
