#!/bin/sh
# Image (Long Range Arena): CIFAR-10, binary version, 162 MB, to <root>/cifar-10-binary.tar.gz.
# Read in place. Settings: see common.sh.
#
# Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
# https://www.cs.toronto.edu/~kriz/cifar.html. No licence is named; the author asks to cite the
# report. The pictures come from the web.
. "$(dirname "$0")/common.sh"
fetch https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz cifar-10-binary.tar.gz \
  c32a1d4ab5d03f1284b67883e8d87530
