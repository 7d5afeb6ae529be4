package contracttest_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// commandsOfTheContract are the commands in its table, each as it is typed.
func commandsOfTheContract(t *testing.T) []string {
	t.Helper()
	var commands []string
	for _, table := range tables(read(t, "docs/contracts/PLANE_ODOO_SYNC_CONTRACT.md")) {
		if table.header[0] != "command" {
			continue
		}
		for _, row := range table.rows {
			for command := range strings.SplitSeq(row[0], ", ") {
				commands = append(commands, code(command))
			}
		}
	}
	return commands
}

func TestEveryCommandOfTheContractHasItsHelp(t *testing.T) {
	t.Parallel()
	commands := commandsOfTheContract(t)
	if len(commands) == 0 {
		t.Fatal("the contract lists no command")
	}
	for _, command := range commands {
		out, err := exec.Command(binary(t), append(strings.Fields(command), "--help")...).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "Usage: odoo-plane-bridge "+command) {
			t.Errorf("%s --help: %v\n%s", command, err, out)
		}
	}
}

func TestEveryCommandIsInTheContract(t *testing.T) {
	t.Parallel()
	listed := make(map[string]bool)
	for _, command := range commandsOfTheContract(t) {
		listed[command] = true
	}
	out, err := exec.Command(binary(t), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(out), "\nCommands:\n")
	for line := range strings.Lines(commands) {
		// Two spaces before a command, four before what it does.
		if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "    ") {
			continue
		}
		var words []string
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "[") || strings.HasPrefix(word, "<") || strings.HasPrefix(word, "-") {
				break
			}
			words = append(words, word)
		}
		if command := strings.Join(words, " "); !listed[command] {
			t.Errorf("the contract does not list %q", command)
		}
	}
}

func TestWrongUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"nonsense"}, {"sync", "--nonsense"}, {"serve"}} {
		var exit *exec.ExitError
		if err := exec.Command(binary(t), arguments...).Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%v: %v, want exit status 2", arguments, err)
		}
	}
}
