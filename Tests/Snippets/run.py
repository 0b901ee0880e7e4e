"""Runs the Python of the documentation's pages, each block in a folder of its own beside the logs of results/,
and compares what it prints with the block of output that follows it.

Usage: run.py <folder of pages> … (from the package's folder)
"""

import contextlib
import io
import os
import pathlib
import re
import sys
import tempfile

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(code, name):
    """What `code` prints."""
    package, output = pathlib.Path.cwd(), io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(package / "results", pathlib.Path(folder, "results"))
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(output):
                exec(compile(code, name, "exec"), {"__name__": "__main__"})
        finally:
            os.chdir(package)
    return output.getvalue()


failed = count = 0
for page in sorted(page for folder in sys.argv[1:] for page in pathlib.Path(folder).rglob("*.md")):
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    for (language, code), following in zip(blocks, blocks[1:] + [("", "")]):
        if language != "python":
            continue
        count += 1
        printed, shown = run(code, str(page)), following[1] if not following[0] else ""
        if printed != shown:
            failed += 1
            print(f"{page}: shows\n{shown}but prints\n{printed}", file=sys.stderr)

print(f"{count} snippets of Python, {failed} that print something else")
sys.exit(1 if failed or not count else 0)
