# shellcheck shell=sh
# Shared by the scripts of this folder; not run by itself.
#
# Settings, all optional, from the environment:
#   SBM_DATA      the data root, where `sbm` looks for files (default: data)
#   SBM_MIRROR    an address whose files are taken instead of the public ones, by the same file
#                 names, such as file:///srv/datasets or https://mirror.example.org/sbm
#   SBM_CHECKSUM  the MD5 sum to demand instead of the published one (an archive packed anew), or
#                 "any" to skip the comparison
#
# A script that takes words lists them in `words` before it reads this file; `-h` or `--help` prints its head
# comment.
#
# Exit codes are those of sbm: 0 done, 64 bad usage, 65 wrong data, 74 cannot be had or written.

set -eu

root=${SBM_DATA:-data}

say() { printf '%s\n' "$*" >&2; }

# Prints the comment at the head of the script, and the settings above.
help() {
  sed -n '2,/^[^#]/{/^#/!d; s/^# \{0,1\}//; p;}' "$0"
  echo
  sed -n '/^# Settings,/,/^#$/{s/^# \{0,1\}//; p;}' "$(dirname "$0")/common.sh"
}

for word; do
  case " ${words:-} " in *" $word "*) continue ;; esac
  case $word in
    -h | --help)
      help
      exit 0
      ;;
  esac
  say "${0##*/}: unknown argument '$word'; it takes ${words:-none}."
  exit 64
done

# Prints the MD5 sum of a file.
md5_of() {
  if command -v md5sum >/dev/null 2>&1; then md5sum <"$1" | cut -d ' ' -f 1; else md5 -q "$1"; fi
}

# intact FILE NAME: whether a downloaded archive is whole, as far as its format tells.
intact() {
  case $2 in
    *.gz) gzip -t "$1" 2>/dev/null ;;
    *.zip)
      # Local headers at the beginning, the directory's end mark in the last 64 KiB.
      [ "$(head -c 2 "$1")" = PK ] &&
        tail -c 65557 "$1" | LC_ALL=C grep -aq "$(printf 'PK\005\006')"
      ;;
    *) [ -s "$1" ] ;;
  esac
}

# fetch URL TARGET [MD5]: leaves the file at TARGET (below the root), or says why it cannot.
# Quiet when it is there already. A download that broke off goes on where it stopped.
fetch() {
  fetch_name=${1##*/}
  fetch_url=$1
  [ -z "${SBM_MIRROR:-}" ] || fetch_url=${SBM_MIRROR%/}/$fetch_name
  fetch_target=$root/$2
  fetch_sum=${3:-}
  [ -z "$fetch_sum" ] || fetch_sum=${SBM_CHECKSUM:-$fetch_sum}

  [ ! -s "$fetch_target" ] || return 0
  mkdir -p "${fetch_target%/*}" || exit 74
  fetch_part=$fetch_target.part
  say "$fetch_name: fetching $fetch_url"
  fetch_code=0
  download "$fetch_url" "$fetch_part" || fetch_code=$?
  if [ $fetch_code -ne 0 ] && [ -s "$fetch_part" ]; then
    # The beginning that is there may be of another file, or the server cannot go on in the middle.
    case $fetch_code in
      18 | 33 | 36 | 22)
        rm -f "$fetch_part"
        fetch_code=0
        download "$fetch_url" "$fetch_part" || fetch_code=$?
        ;;
    esac
  fi
  if [ $fetch_code -ne 0 ]; then
    say "$fetch_name: curl failed with code $fetch_code. Run this script again to go on, or set" \
      "SBM_MIRROR to an address that has the file."
    return 74
  fi
  if [ -n "$fetch_sum" ] && [ "$fetch_sum" != any ]; then
    fetch_found=$(md5_of "$fetch_part")
    if [ "$fetch_found" != "$fetch_sum" ]; then
      rm -f "$fetch_part"
      say "$fetch_name: its MD5 sum is $fetch_found, not $fetch_sum: this is not the published" \
        "file. SBM_CHECKSUM=$fetch_found accepts it."
      exit 65
    fi
  fi
  if ! intact "$fetch_part" "$fetch_name"; then
    rm -f "$fetch_part"
    say "$fetch_name: what came is damaged, or another kind of file. Run this script again."
    exit 65
  fi
  mv "$fetch_part" "$fetch_target" || exit 74
}

# download URL FILE: curl, going on where FILE ends.
download() {
  curl --fail --location --silent --show-error --retry 3 --continue-at - --output "$2" "$1"
}
