#!/bin/sh
# Fails when a room includes a room, or one header of it, that its line in rooms.allow does not
# name, and when a library's header is included outside of the files that may know it.
cd "$(dirname "$0")/.." || exit 2
bad=0
while IFS=: read -r room allowed; do
  [ -d "$room" ] || { echo "rooms.allow names $room, which is not there"; bad=1; continue; }
  for used in $(grep -rhoE '^#include "[a-z_]+/[^"]*"' "$room" | cut -d'"' -f2 | sort -u); do
    case " $room $allowed " in
      *" ${used%%/*} "* | *" $used "*) ;;
      *) echo "$room must not include $used:"; grep -rn "^#include \"$used\"" "$room"; bad=1 ;;
    esac
  done
done < tests/rooms.allow

# only HEADER FILES…: a library we could not name elsewhere is a library we can replace.
only() {
  header=$1
  shift
  for file in $(grep -rlE "^#include <$header" dns net zonestore xfr pushers monitor server); do
    ok=0
    for allowed in "$@"; do case "$file" in $allowed) ok=1 ;; esac; done
    [ "$ok" = 1 ] || { echo "$file must not include <$header>"; bad=1; }
  done
}
only uv.h 'net/*'
only ldns/ 'dns/presentation.cpp'
only curl/ 'net/*'
only microhttpd 'net/*'
only openssl/ssl 'net/*'
only openssl/ 'dns/*' 'net/*' 'pushers/*' 'zonestore/*.cpp' 'server/*.cpp'
only sqlite3.h 'zonestore/*.cpp'
only nlohmann/ '*.cpp'
only yaml-cpp/ '*.cpp'
only pugixml 'pushers/drivers/*.cpp'
exit $bad
