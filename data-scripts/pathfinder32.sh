#!/bin/sh
# The Long Range Arena's Pathfinder32 images, by way of its release of 7.7 GB (lra.sh).
# `sbm data generate pathfinder` makes such data anew by the published rules, in minutes.
. "$(dirname "$0")/common.sh"
exec "$(dirname "$0")/lra.sh" pathfinder32
