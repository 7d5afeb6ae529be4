#!/usr/bin/env bash
# Looks for known vulnerabilities that the program reaches. The database is the
# module golang.org/x/vulndb, so only the module proxy is needed: the newest
# there, or the one in tools/vuln/go.mod where the proxy is away.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$PWD/tools/vuln/go.mod"
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT

newest() { (cd "$database" && go mod download -json golang.org/x/vulndb@latest) 2>/dev/null; }
pinned() { go mod download -modfile="$tools" -json golang.org/x/vulndb; }
source=$(newest) || { echo "the module proxy gives no newer list of vulnerabilities; the one in tools/vuln/go.mod is taken" >&2; source=$(pinned); }
field() { sed -n "s/^\t\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" <<<"$source"; }

echo "known vulnerabilities as of golang.org/x/vulndb $(field Version)"
go tool -modfile="$tools" indexdb -vulns "$(field Dir)/data/osv" -out "$database/v1"
go tool -modfile="$tools" govulncheck -db "file://$database/v1" -format json ./... >"$database/findings.json"
go run ./internal/vulncheck tools/vuln/excused.yaml <"$database/findings.json"
