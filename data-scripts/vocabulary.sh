#!/bin/sh
# The WordPiece vocabulary of uncased BERT, 230 KB, to <root>/bert-vocab/vocab.txt, for the GLUE
# tasks and masked LM. Settings: see common.sh.
#
# Source: Devlin and others, "BERT", 2019, Apache License 2.0; from the copy at huggingface.co.
. "$(dirname "$0")/common.sh"
fetch https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt \
  bert-vocab/vocab.txt 64800d5d8528ce344256daf115d4965e
