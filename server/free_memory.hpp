#pragma once

namespace taproot::server {

/// What this thread has let go of goes back to the system. After what is large and rare: reading
/// a large zone takes several times what the zone itself takes.
void give_back_free_memory();

}  // namespace taproot::server
