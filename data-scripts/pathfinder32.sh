#!/bin/sh
# The Long Range Arena's the published Pathfinder32 images, by way of its release of 7.7 GB (lra.sh).
# `sbm data generate pathfinder` makes such data anew by the published rules, in minutes.
exec "$(dirname "$0")/lra.sh" pathfinder32
