#!/bin/sh
# Starts the program of this bundle with libtorch: the one in the folder LIBTORCH, the bundle's own, or the
# one of the PyTorch that python3 finds. A POSIX shell is all it needs.

fail() {
  printf 'Error: %s\n' "$1" >&2
  exit 64
}

self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self") || fail "cannot follow the link $self"
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
case $self in
  */*) folder=${self%/*} ;;
  *) folder=. ;;
esac
bundle=$(CDPATH='' cd -- "$folder/.." && pwd) || fail "cannot enter $folder/.."
read -r needed <"$bundle/libexec/libtorch-version" || fail "$bundle is not a whole bundle"
advice="set LIBTORCH=/path to a folder with lib/libtorch_cpu.so of libtorch $needed.x (the folder 'torch' of an
installed PyTorch is one), or install PyTorch $needed.x for python3"

if [ -n "${LIBTORCH:-}" ]; then
  libtorch=$LIBTORCH
  found="LIBTORCH=$LIBTORCH"
elif [ -d "$bundle/libtorch" ]; then
  libtorch=$bundle/libtorch
  found="the bundle's own"
else
  # Finding the package does not import it, which would take seconds.
  libtorch=$(python3 -c 'import importlib.util
print(importlib.util.find_spec("torch").submodule_search_locations[0])' 2>/dev/null) ||
    fail "no libtorch: LIBTORCH is not set and python3 has no PyTorch;
$advice"
  found="the PyTorch of python3, $libtorch"
fi

[ -e "$libtorch/lib/libtorch_cpu.so" ] || fail "there is no libtorch ($found): no lib/libtorch_cpu.so;
$advice"
version=
if [ -r "$libtorch/include/torch/headeronly/version.h" ]; then
  while read -r word name value; do
    case "$word $name" in
      '#define TORCH_VERSION_MAJOR') version=$value ;;
      '#define TORCH_VERSION_MINOR') version=$version.$value ;;
    esac
  done <"$libtorch/include/torch/headeronly/version.h"
fi
[ "$version" = "$needed" ] ||
  fail "this bundle was built for libtorch $needed, but ${version:-an unknown version} is there ($found);
$advice,
or take the bundle for $version (make bundle TORCH=${version:-<version>}.0)"

LD_LIBRARY_PATH=$libtorch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "$bundle/libexec/sbm" "$@"
