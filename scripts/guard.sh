#!/usr/bin/env bash
# The gates that a change has to pass, each with PASS or FAIL: section 4 of the constitution and the
# verification commands of the plan, in the form they have for this project.
# Usage: guard.sh [gate...]; without a name every gate is tried. Exit code 1 when one fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

gates=(secrets registry ledger answers contracts client install)
scan=(go tool -modfile=tools/guard/go.mod gitleaks --no-banner --redact --log-level warn --config .gitleaks.toml)

# No secret in what would be committed: every file that git does not ignore, whether it is tracked
# yet or not. A developer's own .env is ignored, and not looked at.
tree_is_clean() {
	local copy status=0
	copy="$(mktemp -d)"
	git ls-files --cached --others --exclude-standard -z |
		while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
		tar --null -T - -cf - | tar -xf - -C "$copy" || status=1
	"${scan[@]}" -v dir "$copy" || status=1
	rm -rf "$copy"
	return "$status"
}

# No secret in the diff, nor in any commit before it: what was committed once is known for good.
diff_is_clean() {
	"${scan[@]}" -v git --staged . && "${scan[@]}" -v git .
}

secrets() { tree_is_clean && diff_is_clean; }

# Go calls a run without a single test a success; here it means that a gate lost its test.
tests() {
	local output
	output="$(go test -count=1 "$@" 2>&1)" || { echo "$output" && return 1; }
	if grep -q 'no tests to run' <<<"$output"; then
		echo "go test $*: no such test" && return 1
	fi
}

# Every secret that the program knows is registered, the two of the constitution among them.
registry() {
	grep -q '^  plane_api_key:' ssot/secrets/registry.yaml &&
		grep -q '^  plane_webhook_secret:' ssot/secrets/registry.yaml &&
		tests -run 'Registry' ./internal/contracttest
}

# Dedupe has a unique constraint on delivery_id.
ledger() { tests -run 'PrimaryKey' ./migrations; }

# Every route, and every request that has none, is answered in JSON.
answers() { tests -run 'AnsweredInJSON' ./internal/app; }

# The contracts are there, and the tests that they name exist.
contracts() {
	test -f docs/contracts/PLANE_ODOO_SYNC_CONTRACT.md &&
		tests -run 'Contract' ./internal/contracttest
}

# The Plane client's own tests: authorization, rate limit, pages, webhook verification.
client() { tests ./plane; }

# The program builds and installs itself into an empty database.
install() { CGO_ENABLED=0 go build -o /dev/null ./cmd/odoo-plane-bridge && tests ./migrations; }

failed=0
for gate in "${@:-"${gates[@]}"}"; do
	case " ${gates[*]} " in
	*" $gate "*) ;;
	*)
		echo "guard.sh: no gate $gate; there are: ${gates[*]}" >&2
		exit 2
		;;
	esac
	if output="$("$gate" 2>&1)"; then
		echo "PASS $gate"
	else
		failed=1
		printf '%s\nFAIL %s\n' "$output" "$gate"
	fi
done
exit "$failed"
