#!/bin/sh
# Text (Long Range Arena): the IMDb reviews, 80 MB, to <root>/aclImdb_v1.tar.gz. Read in place.
# Settings: see common.sh.
#
# Source: Maas and others, "Learning Word Vectors for Sentiment Analysis", ACL 2011,
# https://ai.stanford.edu/~amaas/data/sentiment/. The archive names no licence; the authors ask to
# cite the paper, and the texts are their writers'. Use it for research.
. "$(dirname "$0")/common.sh"
fetch https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz aclImdb_v1.tar.gz \
  7c2ac02c03563afcf9b574c7e56c153a
