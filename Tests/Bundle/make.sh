#!/usr/bin/env bash
# make.sh BUILD LIBTORCH OUT [with-libtorch]: packs the program that is built in the folder BUILD into
# OUT/sbm-<version>-linux-<machine>.tar.xz, a folder that runs on machines without Swift, apt or root.
set -euo pipefail
build=$(realpath "$1") libtorch=$(realpath "$2") out=$(realpath -m "$3") with_libtorch=${4:-}
cd "$(dirname "$0")/../.."

version=$(sed -nE 's/^let sbmVersion = "([0-9.]+)".*/\1/p' Sources/Commands/*.swift)
minor=$(sed -nE 's/^#define TORCH_VERSION_(MAJOR|MINOR) ([0-9]+)$/\2/p' \
  "$libtorch/include/torch/headeronly/version.h" | paste -sd.)
name=sbm-$version-linux-$(uname -m)
bundle=$out/$name
rm -rf "$bundle"
mkdir -p "$bundle"/{bin,lib,libexec,licenses}

# The objects of `make build` with Swift's runtime inside. Search paths of the old kind, which are asked
# before LD_LIBRARY_PATH and by libraries too: what is in the bundle is what it was tested with.
static=$(realpath "$(dirname "$(realpath "$(command -v swiftc)")")/../lib/swift_static/linux")
libraries=()
for module in hdf5 yaml-0.1 libarchive libpng zlib liblzma libcrypto; do
  pkg-config --exists "$module" && read -ra found < <(pkg-config --libs "$module") &&
    libraries+=("${found[@]}")
done
swiftc -static-stdlib -emit-executable -o "$bundle/libexec/sbm" \
  "@$build/sbm.product/Objects.LinkFileList" "${libraries[@]}" \
  -L "$static" -lFoundation -lCoreFoundation -l_FoundationICU -l_FoundationCShims \
  -lFoundationEssentials -lFoundationInternationalization -l_FoundationCollections -lswiftSynchronization \
  -L "$libtorch/lib" -ltorch_cpu -lc10 -lstdc++ \
  -Xlinker --defsym=main=sbm_main -Xlinker --allow-shlib-undefined -Xlinker --gc-sections \
  -Xlinker --disable-new-dtags -Xlinker -rpath -Xlinker "\$ORIGIN/../lib"
strip "$bundle/libexec/sbm"
echo "$minor" >"$bundle/libexec/libtorch-version"
install -m 755 Tests/Bundle/launcher.sh "$bundle/bin/sbm"

# What the program needs but glibc, which is the machine's, and libtorch.
glibc='^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv))\.so'
LD_LIBRARY_PATH=$libtorch/lib ldd "$bundle/libexec/sbm" >"$out/needed"
if grep 'not found' "$out/needed"; then exit 1; fi
while read -r library path; do
  if [[ $library =~ $glibc ]]; then continue; fi
  case $path in "$libtorch"/* | "$(dirname "$libtorch")"/nvidia/*) continue ;; esac
  install -m 644 "$path" "$bundle/lib/$library"
  strip "$bundle/lib/$library"
  owner=$(dpkg-query -S "*/$(basename "$(realpath "$path")")" | head -n 1 | cut -d : -f 1)
  mkdir -p "$bundle/licenses/$owner"
  cp "/usr/share/doc/$owner/copyright" "$bundle/licenses/$owner/"
done < <(awk '$2 == "=>" { print $1, $3 }' "$out/needed")
rm "$out/needed"

if [ -n "$with_libtorch" ]; then
  echo "Adding libtorch $minor"
  mkdir -p "$bundle/libtorch/lib" "$bundle/libtorch/include/torch/headeronly"
  cp -L "$libtorch"/lib/{libtorch_cpu.so,libc10.so,libgomp*.so*} "$bundle/libtorch/lib/"
  cp "$libtorch/include/torch/headeronly/version.h" "$bundle/libtorch/include/torch/headeronly/"
  # The two libraries of CUDA that the processor's part of a build with CUDA refers to.
  for library in "$(dirname "$libtorch")"/nvidia/cu*/lib/lib{cudart,cupti}.so.*; do
    if [ -e "$library" ]; then cp "$library" "$bundle/libtorch/lib/"; fi
  done
  mkdir -p "$bundle/licenses/libtorch"
  find "$libtorch" -path '*dist-info*' \( -name 'LICENSE*' -o -name 'NOTICE*' \) \
    -exec cp {} "$bundle/licenses/libtorch/" \;
fi

mkdir -p "$bundle/licenses/swift"
cp "$(dirname "$(realpath "$(command -v swiftc)")")/../share/swift/LICENSE.txt" "$bundle/licenses/swift/"
cp LICENSE README.md CHANGELOG.md "$bundle/"
cp -r experiments data-scripts "$bundle/"
mkdir -p "$bundle/check"
cp Tests/Device/* Tests/Fixtures/golden.h5 Tests/Peer/pytorch_step.py "$bundle/check/"

# The newest symbol of glibc that anything in the bundle asks for: what a machine must have.
glibc_version=$(objdump -T "$bundle/libexec/sbm" "$bundle"/lib/*.so* |
  grep -oE 'GLIBC_2\.[0-9]+' | sort -Vu | tail -n 1)
echo "${glibc_version#GLIBC_}" >"$bundle/libexec/glibc-version"
tar -C "$out" --owner 0 --group 0 --numeric-owner --sort name -c "$name" | xz -T0 -3 >"$out/$name.tar.xz"
rm -rf "$bundle"
echo "$out/$name.tar.xz: $(du -h "$out/$name.tar.xz" | cut -f 1), for libtorch $minor and glibc ${glibc_version#GLIBC_} or newer"
