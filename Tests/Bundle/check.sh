#!/usr/bin/env bash
# check.sh BUNDLE.tar.xz LIBTORCH: runs a bundle in a root file system that has nothing but it, glibc, a shell
# and libtorch.
set -euo pipefail
archive=$(realpath "$1") libtorch=$(realpath "$2")
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
mkdir -p "$root"/{proc,tmp,lib64,libtorch/lib,libtorch/include/torch/headeronly,python}

tar -C "$root" -xJf "$archive"
bundle=/$(basename "$archive" .tar.xz)

# glibc and a shell, as any machine has them; nothing else of this one.
copy() { mkdir -p "$root$(dirname "$1")" && cp -L "$1" "$root$1"; }
copy /lib64/ld-linux-x86-64.so.2
for library in libc libm libdl librt libpthread libresolv; do
  copy "$(ldconfig -p | sed -nE "s/^\t$library\.so\.[0-9]+ .*x86-64.* => //p" | head -n 1)"
done
copy /bin/sh
# Hard links where they can be made: libtorch is half a gigabyte.
cp -lL "$libtorch"/lib/*.so* "$root/libtorch/lib/" 2>/dev/null || cp -L "$libtorch"/lib/*.so* "$root/libtorch/lib/"
for library in "$(dirname "$libtorch")"/nvidia/cu*/lib/lib{cudart,cupti}.so.*; do
  if [ -e "$library" ]; then cp -L "$library" "$root/libtorch/lib/"; fi
done
cp "$libtorch/include/torch/headeronly/version.h" "$root/libtorch/include/torch/headeronly/"
cp Tests/Fixtures/golden.h5 "$root/tmp/"

# A name space of its own, in which /proc can be mounted (the loader asks it where a program lies); who is not
# root is root there.
enter=("$(command -v unshare)" --mount --pid --fork)
if [ "$(id -u)" != 0 ]; then enter+=(--map-root-user); fi
# shellcheck disable=SC2016 # for the shell inside
enter+=(/bin/sh -ec 'PATH=$PATH:/usr/bin:/usr/sbin; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$root")

# inside LINE: runs a line of shell there, with libtorch named.
inside() { env -i PATH=/bin HOME=/tmp TMPDIR=/tmp LIBTORCH=/libtorch "${enter[@]}" /bin/sh -ec "cd $bundle; $1"; }
# refused CODE WORDS LINE: the line must end with the code and say the words.
refused() {
  local status=0 text
  text=$(env -i PATH=/bin HOME=/tmp TMPDIR=/tmp "${enter[@]}" /bin/sh -ec "cd $bundle; $3" 2>&1) || status=$?
  if [ "$status" != "$1" ] || [[ $text != *"$2"* ]]; then
    echo "expected exit $1 with '$2', got $status: $text" >&2
    exit 1
  fi
}
# says WORDS LINE: the line must succeed and say the words.
says() {
  local text
  text=$(inside "$2" 2>&1) || { echo "failed: $2: $text" >&2; exit 1; }
  if [[ $text != *"$1"* ]]; then echo "expected '$1' from: $2; got: $text" >&2; exit 1; fi
}

says 'sbm 0.' 'bin/sbm --version'
says ' 0 beyond' 'bin/sbm verify /tmp/golden.h5'
# HDF5, YAML, threads, the kernels; then what the logs have.
says listops-softmax-s0 \
  'bin/sbm run experiments/listops.yaml --scale smoke --only softmax --root /tmp/data --out /tmp/results'
says 'listops' 'bin/sbm report /tmp/results'
# A PNG, an archive.
says '' 'bin/sbm data generate pathfinder --count 20 --difficulty hard --root /tmp/data
  bin/sbm data show pathfinder32 --root /tmp/data --out /tmp/sheet.png'
[ -s "$root/tmp/sheet.png" ] || { echo "no contact sheet was written" >&2; exit 1; }
(cd "$scratch" && mkdir corpus && printf 'some text to read\n%.0s' {1..300} >corpus/a.txt &&
  tar -czf "$root/tmp/corpus.tar.gz" corpus)
cp Tests/TokenizationTests/Fixtures/vocab.txt "$root/tmp/"
says 'mlm: 11 ok' 'bin/sbm data check mlm --root /tmp/data --corpus /tmp/corpus.tar.gz --vocab /tmp/vocab.txt'

refused 64 'no libtorch: LIBTORCH is not set' 'bin/sbm --version'
refused 64 'no lib/libtorch_cpu.so' 'LIBTORCH=/tmp bin/sbm --version'
sed -iE 's/MINOR 1/MINOR 9/' "$root/libtorch/include/torch/headeronly/version.h" 2>/dev/null ||
  sed -i 's/MINOR 1/MINOR 9/' "$root/libtorch/include/torch/headeronly/version.h"
refused 64 'this bundle was built for libtorch' 'LIBTORCH=/libtorch bin/sbm --version'
echo "The bundle runs in an empty root file system"
