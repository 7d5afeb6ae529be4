#!/usr/bin/env bash
# Fuzzes every target that parses bytes from outside, one after the other.
# Usage: scripts/fuzz.sh [time per target], such as 30s or 5m.
set -euo pipefail
cd "$(dirname "$0")/.."
each=${1:-30s}

git grep -l '^func Fuzz' -- '*_test.go' | while read -r file; do
	grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/^func //' | while read -r target; do
		echo "== $target ($(dirname "$file"))"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$each" "./$(dirname "$file")"
	done
done
