#!/bin/sh
# GLUE: the tables of all nine tasks, or of those named, to <root>/glue. Settings: see common.sh.
#
#   glue.sh                  CoLA SST-2 MRPC STS-B QQP MNLI QNLI RTE WNLI, 480 MB
#   glue.sh CoLA MRPC        these two
#
# Zip archives stay as they are; sbm reads them in place. MRPC is published as Microsoft's two
# files and a list of ids, which make its three tables. GLUE publishes no checksums.
#
# Source: Wang and others, "GLUE", ICLR 2019, https://gluebenchmark.com. Each task has its own
# licence or terms (https://gluebenchmark.com/tasks); MRPC is Microsoft's, for research.
words='CoLA SST-2 MRPC STS-B QQP MNLI QNLI RTE WNLI'
. "$(dirname "$0")/common.sh"
glue=https://dl.fbaipublicfiles.com/glue/data
senteval=https://dl.fbaipublicfiles.com/senteval/senteval_data

# Divides Microsoft's files as GLUE does: train without the dev ids, dev, test without labels.
mrpc() {
  folder=$root/glue/MRPC
  # Left of `||`, as below, a shell goes on after errors: each step says what its own means.
  [ ! -s "$folder/train.tsv" ] || return 0
  fetch "$senteval/msr_paraphrase_train.txt" glue/MRPC/msr_paraphrase_train.txt || return $?
  fetch "$senteval/msr_paraphrase_test.txt" glue/MRPC/msr_paraphrase_test.txt || return $?
  fetch "$glue/mrpc_dev_ids.tsv" glue/MRPC/dev_ids.tsv || return $?
  LC_ALL=C awk -F '\t' -v train="$folder/train.part" -v dev="$folder/dev.part" '
    { sub(/\r$/, "") }
    NR == FNR { isDev[$1 "\t" $2] = 1; next }
    FNR == 1 { print > train; print > dev; next }
    { print > (($2 "\t" $3) in isDev ? dev : train) }
  ' "$folder/dev_ids.tsv" "$folder/msr_paraphrase_train.txt" || return 74
  LC_ALL=C awk -F '\t' -v OFS='\t' '
    { sub(/\r$/, "") }
    NR == 1 { print "index", "#1 ID", "#2 ID", "#1 String", "#2 String"; next }
    { print NR - 2, $2, $3, $4, $5 }
  ' "$folder/msr_paraphrase_test.txt" >"$folder/test.part" || return 74
  # Train last: its presence says that all three are there.
  for part in test dev train; do
    mv "$folder/$part.part" "$folder/$part.tsv" || return 74
  done
}

# shellcheck disable=SC2086 # a word each
[ $# -gt 0 ] || set -- $words
for task; do
  [ ! -s "$root/glue/$task/train.tsv" ] || continue
  case $task in
    MRPC) mrpc ;;
    QQP) fetch $glue/QQP-clean.zip glue/QQP-clean.zip ;;
    QNLI) fetch $glue/QNLIv2.zip glue/QNLIv2.zip ;;
    *) fetch "$glue/$task.zip" "glue/$task.zip" ;;
  esac || exit $?
done
