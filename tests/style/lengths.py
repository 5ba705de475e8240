#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lengths.py SOURCE_ROOT: no source file over 400 lines, no function over 40, an SPDX line on top of each."""

import ast
import re
import sys
from pathlib import Path

FOLDERS = ("libs", "gst-plugins", "launcher", "web", "tests", "scripts")
SUFFIXES = (".cpp", ".hpp", ".h", ".ts", ".mjs", ".js", ".py")
NOT_OURS = {"node_modules", "dist", "__pycache__"}
FILE_LINES = 400
FUNCTION_LINES = 40


def cpp_functions(lines):
    """(first line, length) of each body. clang-format puts the braces of functions, and of types, alone on a line."""
    for number, line in enumerate(lines):
        if line.strip() != "{":
            continue
        indent = line[: line.index("{")]
        head = []
        for before in reversed(lines[:number]):
            if not before.strip() or before.rstrip()[-1] in ";}:{":
                break
            head.append(before)
        if not head or any(re.match(r"\s*(struct|class|union|enum)\b", before) for before in head):
            continue
        for end in range(number + 1, len(lines)):
            if lines[end].startswith(indent + "}"):
                yield number + 1, end - number - 1
                break


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno


def complaints(path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if "SPDX-License-Identifier: LGPL-2.1-or-later" not in "\n".join(lines[:3]):
        yield 1, "has no SPDX line on top"
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines, {FILE_LINES} are the most"
    functions = ()
    if path.suffix in (".cpp", ".hpp", ".h"):
        functions = cpp_functions(lines)
    elif path.suffix == ".py":
        functions = python_functions(text)
    for line, length in functions:
        if length > FUNCTION_LINES:
            yield line, f"function of {length} lines, {FUNCTION_LINES} are the most"


def main(root):
    files = bad = 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SUFFIXES or NOT_OURS & set(path.parts):
                continue
            files += 1
            for line, what in complaints(path):
                print(f"{path.relative_to(root)}:{line}: {what}")
                bad += 1
    print(f"{files} files read, {bad} complaints")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
