#!/bin/sh
# The Long Range Arena's ListOps tables, by way of its release of 7.7 GB (lra.sh).
# `sbm data generate listops` makes such data anew by the published rules, in minutes.
. "$(dirname "$0")/common.sh"
exec "$(dirname "$0")/lra.sh" listops
