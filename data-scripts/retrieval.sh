#!/bin/sh
# Retrieval (Long Range Arena): pairs of papers of the ACL Anthology Network (AAN).
#
# The AAN corpus is no longer public: it was given out on request by its makers, to whom the
# Arena's README sent people. What was put on the net are the Arena's own tables
# (new_aan_pairs.train.tsv, .eval.tsv, .test.tsv), inside lra_release.gz. This script fetches that
# archive, 7.7 GB, through lra.sh. When it cannot be had, put the three tables, from a colleague who
# has them, into <root>/retrieval. They cannot be made anew: nobody can give out the papers.
#
# Terms of AAN: non-commercial research. Papers belong to their authors. Settings: see common.sh.
. "$(dirname "$0")/common.sh"
for folder in retrieval lra_release/tsv_data lra_release/lra_release/tsv_data tsv_data .; do
  [ ! -s "$root/$folder/new_aan_pairs.train.tsv" ] || exit 0
done
[ ! -s "$root/lra_release.gz" ] || exit 0
"$(dirname "$0")/lra.sh" || {
  say "Retrieval: without lra_release.gz, put new_aan_pairs.{train,eval,test}.tsv into" \
    "$root/retrieval. The AAN corpus they were made from is no longer public."
  exit 74
}
