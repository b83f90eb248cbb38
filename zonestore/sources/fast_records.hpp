#pragma once

#include "dns/name.hpp"
#include "zonestore/sources/piece_records.hpp"

#include <string_view>

namespace taproot::zonestore {

/// Reads whole lines of a zone file, the first of which begins with an owner, into `into`, which
/// is emptied before. Says nothing about mistakes: it is true only if read_zone_text() would find
/// nothing at all to say about this text behind the text that `start` stands for, and `into` then
/// holds the same records. It is false, and `into` holds anything, if the text has a mistake, or
/// something that needs more than the piece to be understood: a parenthesis that is not closed, a
/// blank owner at the beginning, $INCLUDE, $GENERATE, an owner outside of the zone `apex`. The
/// file must be read by the reader that explains then.
///
/// The usual types on one line take a short way of their own; everything else is read by the
/// scanner of the other reader and by dns, so that there is one judge of rare things.
[[nodiscard]] bool read_piece(const dns::Name& apex, std::string_view text,
                              const ReadingContext& start, PieceRecords& into);

}  // namespace taproot::zonestore
