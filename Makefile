# Two commands are enough to begin with: make demo, make test.

# The Go that go.mod names as toolchain is fetched as a module and used, on machines
# that are set to their own Go as well; make GOTOOLCHAIN=local takes the one installed.
export GOTOOLCHAIN = auto

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS  := -s -w -X main.version=$(VERSION)
BINARY   := bin/odoo-plane-bridge
PACKAGES ?= ./...
LINT     := $(GO) tool -modfile=tools/go.mod golangci-lint

.PHONY: help build demo test test-race test-faults test-interrupted test-outages explore mutants test-siege storm test-odoo guard test-guard vulncheck fresh-root lint fmt fuzz bench bench-budget tidy clean

help: ## Show what there is to make.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

build: ## Build the static binary into bin/.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/odoo-plane-bridge

demo: build ## Run the whole bridge against simulated servers and show what happens.
	@./scripts/ensure-postgres.sh
	@$(BINARY) demo

test: ## Run all tests, against a real PostgreSQL of their own; TESTFLAGS="-short" leaves out the slow ones.
	@./scripts/ensure-postgres.sh
	CGO_ENABLED=0 $(GO) test -shuffle=on -timeout 30m $(TESTFLAGS) $(PACKAGES)

test-race: ## Run all tests with the race detector, which takes about three times as long.
	@./scripts/ensure-postgres.sh
	@./scripts/ensure-compiler.sh
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 30m $(TESTFLAGS) $(PACKAGES)

test-faults: ## Try every fault at every remote call and every commit; make test tries the worst.
	@./scripts/ensure-postgres.sh
	@./scripts/ensure-compiler.sh
	CGO_ENABLED=1 $(GO) test -race -run NoFault ./bridge/engine -faults

test-interrupted: ## Interrupt twenty first syncs of sixty deadlines while Plane takes 1.5 s for each; about five minutes.
	@./scripts/ensure-postgres.sh
	$(GO) test -count=1 -timeout 30m -parallel 20 -run InterruptedFirstSync ./cmd/odoo-plane-bridge -interrupted

test-outages: ## Take Plane, Odoo and the database away for ten real minutes each, and a replica for good; about a quarter of an hour.
	@./scripts/ensure-postgres.sh
	$(GO) test -count=1 -timeout 30m -parallel 8 -v -run 'WhenItIsBack|AfterADatabaseOutage|StaysAway' ./cmd/odoo-plane-bridge -outages

explore: ## Explore SCHEDULES orders of steps (5000) over a real PostgreSQL; about four a second.
	@./scripts/ensure-postgres.sh
	$(GO) test -count=1 -timeout 0 -run NoOrderOfSteps ./bridge/engine -exploring $$(( ($(or $(SCHEDULES),5000) + 9) / 10 )) -seed $(or $(SEED),1)

mutants: ## Break the program on purpose, each way in the list, and see a test fail; MUTANTS=10 SEED=7 tries ten of them.
	@./scripts/ensure-postgres.sh
	$(GO) test -count=1 -timeout 0 -v -run TestEveryMutantDies ./internal/mutants -mutants $(or $(MUTANTS),-1) -seed $(or $(SEED),1)

test-siege: ## Besiege the program with a thousand half-sent megabytes; make test sends some hundred.
	@./scripts/ensure-postgres.sh
	$(GO) test -count=1 -run Strangers ./internal/contracttest -thousand

storm: ## Let everything fail at random for MINUTES (2) and compare with peace; SEED=7 repeats a storm, STORM="-keep" passes flags.
	@./scripts/ensure-postgres.sh
	@./scripts/ensure-faketime.sh
	$(GO) run ./internal/storm -seed $(or $(SEED),0) -minutes $(or $(MINUTES),2) $(STORM)

test-odoo: ## Run the tests that need a real Odoo 19 (made once, then kept).
	@./scripts/ensure-postgres.sh
	./scripts/odoo19/provision.sh
	$(GO) test -count=1 -timeout 20m -tags odoo19 -run Odoo19 ./...

guard: ## Try the gates that a change has to pass: no secret, registry, contracts, JSON answers.
	@./scripts/ensure-postgres.sh
	./scripts/guard.sh

test-guard: ## Plant faults in copies of the project and see the gates stop them.
	$(GO) test -count=1 -timeout 20m -tags guard -run Guard ./internal/contracttest

vulncheck: ## Look for known vulnerabilities that the program reaches.
	./scripts/vulncheck.sh

lint: ## Check style, imports and common mistakes.
	$(LINT) run $(LINTFLAGS) ./...
	./scripts/deadcode.sh

fmt: ## Format the code.
	$(LINT) fmt ./...

fuzz: ## Fuzz what parses bytes from outside, 30 s each.
	./scripts/fuzz.sh 30s

bench: ## Run the benchmarks.
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

bench-budget: ## Measure the shared rate budget with real processes, in real time; BUDGET="-limit 300" passes flags.
	@./scripts/ensure-postgres.sh
ifdef BUDGET
	$(GO) run ./internal/budgetbench $(BUDGET)
else
	$(GO) run ./internal/budgetbench -processes 1 -calls 300
	$(GO) run ./internal/budgetbench -processes 3 -calls 300
	$(GO) run ./internal/budgetbench -processes 3 -calls 150 -foreign 30
endif

fresh-root: ## Run make demo and make test in a fresh Debian, as root, with nothing installed beforehand.
	./scripts/fresh-root.sh

tidy: ## Tidy the program's module and those of the tools.
	$(GO) mod tidy
	cd tools && $(GO) mod tidy
	cd tools/guard && $(GO) mod tidy
	cd tools/vuln && $(GO) mod tidy

clean: ## Remove what was built.
	rm -rf bin
