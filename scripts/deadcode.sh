#!/usr/bin/env bash
# Fails on functions that neither the program nor a test can reach.
set -euo pipefail
cd "$(dirname "$0")/.."
dead=$(go tool -modfile=tools/go.mod deadcode -test -tags odoo19,guard ./...)
if [ -n "$dead" ]; then
	echo "$dead"
	echo "these functions are reached by nothing; remove them" >&2
	exit 1
fi
