#!/bin/sh
# The Long Range Arena release, 7.7 GB, to <root>/lra_release.gz. Settings: see common.sh.
#
#   lra.sh              fetches the archive; Retrieval is read from it in place
#   lra.sh listops      also unpacks the published ListOps tables
#   lra.sh pathfinder32 also unpacks the published Pathfinder32 images (600,000 small files)
#
# Without it: `sbm data generate listops` and `sbm data generate pathfinder` make both anew by the
# published rules, in minutes.
#
# Source: https://github.com/google-research/long-range-arena, Apache License 2.0 for the code and
# what it generates. No checksum is published for the archive: it is only tested to be whole.
words='listops pathfinder32'
. "$(dirname "$0")/common.sh"
[ $# -le 1 ] || {
  say "usage: lra.sh [listops | pathfinder32]"
  exit 64
}
case ${1:-} in
  listops) folder=listops-1000 ;;
  pathfinder32) folder=pathfinder32 ;;
  *) folder= ;;
esac
[ -z "$folder" ] || [ ! -d "$root/lra_release/$folder" ] || exit 0
fetch https://storage.googleapis.com/long-range-arena/lra_release.gz lra_release.gz || {
  say "If the bucket no longer gives it out: generate ListOps and Pathfinder32 with sbm; for" \
    "Retrieval see retrieval.sh."
  exit 74
}
[ -n "$folder" ] || exit 0
# Unpacked aside and moved when whole, so that a killed run leaves nothing that looks ready.
aside=$root/lra_release.unpacking
rm -rf "$aside"
mkdir -p "$aside" "$root/lra_release"
say "$folder: unpacking"
tar -xzf "$root/lra_release.gz" -C "$aside" --wildcards "*$folder/*" || exit 65
found=$(find "$aside" -type d -name "$folder" | head -n 1)
[ -n "$found" ] || {
  say "lra_release.gz has no folder $folder."
  exit 65
}
mv "$found" "$root/lra_release/$folder"
rm -rf "$aside"
