# shellcheck shell=sh
# commit.sh PACKAGE FILE: writes the package's commit into FILE, if it is not what stands there: another time
# stamp would compile the program anew.
package=$1
file=$2
commit=
# A clone of another project that this one only lies in says nothing.
top=$(git -C "$package" rev-parse --show-toplevel 2>/dev/null)
if [ -n "$top" ] && [ "$(cd "$top" && pwd -P)" = "$(cd "$package" && pwd -P)" ]; then
  commit=$(git -C "$package" rev-parse --short HEAD 2>/dev/null)
  # What is compiled counts; pages beside the code and logs of runs below results do not.
  changes=$(GIT_OPTIONAL_LOCKS=0 git -C "$package" status --porcelain -- Package.swift Sources \
    ':(exclude,glob)Sources/**/*.md')
  [ -z "$commit" ] || [ -z "$changes" ] || commit=$commit-dirty
fi
line="/// The commit this was built from, with -dirty if there were changes; empty if nobody knows.
let codeCommit = \"$commit\""
[ "$(cat "$file" 2>/dev/null)" = "$line" ] || printf '%s\n' "$line" >"$file"
