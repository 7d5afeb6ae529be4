#!/usr/bin/env bash
# Makes sure of a C compiler: Go's race detector, which `make test-race` uses, is
# linked with one. The program itself needs none.
set -euo pipefail

# What Go would call: CC, else gcc or clang. A compiler without the C library's
# headers is not enough.
compiles() { echo '#include <stdlib.h>' | $(go env CC) -x c -fsyntax-only - 2>/dev/null; }

compiles && exit 0
"$(dirname "$0")/install-packages.sh" "a C compiler, for Go's race detector," gcc libc6-dev
compiles || { echo "a C compiler was installed, yet $(go env CC) does not compile" >&2; exit 1; }
