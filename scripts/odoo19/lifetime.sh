# shellcheck shell=bash
# Sourced by postgres.sh and odoo.sh: a server lives exactly as long as whoever started it.

# run_while_stdin_open SIGNAL COMMAND... runs the command until it ends by itself, until this
# script is told to stop, or until stdin closes. The last is what happens when a test process
# dies in whatever way, kill -9 included: then nobody is left to stop the server.
run_while_stdin_open() {
  local signal="$1" child watcher code=0
  shift
  exec 3<&0
  "$@" </dev/null &
  child=$!
  ( cat <&3 >/dev/null; kill -s "$signal" "$child" 2>/dev/null ) &
  watcher=$!
  exec 3<&-
  # shellcheck disable=SC2064
  trap "kill -s $signal $child 2>/dev/null || true" TERM INT HUP
  # wait returns early when a trapped signal arrives; the server may still be shutting down.
  while kill -0 "$child" 2>/dev/null; do
    code=0
    wait "$child" || code=$?
  done
  pkill -P "$watcher" 2>/dev/null || true
  kill "$watcher" 2>/dev/null || true
  return "$code"
}
