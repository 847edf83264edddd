# What the project checks, and how. `make check` is exactly what CI runs.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help check deps format tidy arch vet staticcheck deadcode workflowcheck test drill foreign containers vet-engine fuzz vulns soak build image release-check

# The tools' versions are pinned in tools/go.mod, apart from the program's.
TOOL := go tool -modfile=tools/go.mod

# Everything is compiled once, with the race detector: the vet of the lean
# build and the tests share their cache. -tags lean leaves the Temporal server
# out, which would cost the analyzers a quarter of an hour.
LEAN := -tags lean
RACE := -race

# The race detector does not watch SQLite's own code, C that was translated to Go and
# shares no memory with ours: with it, the program would take half as much time again.
# Without what only debuggers read, compiling takes a tenth less time.
vet staticcheck deadcode workflowcheck test drill foreign vet-engine fuzz vulns: export GOFLAGS := $(shell go env GOFLAGS) -ldflags=-w -gcflags=all=-dwarf=false '-gcflags=modernc.org/...=-race=false -dwarf=false'

# With more memory, compiling takes a tenth less time. Tests run with Go's default.
vet staticcheck deadcode workflowcheck: export GOGC := 400

FUZZTIME ?= 3s

help: ## Show this.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: deps format tidy arch vet staticcheck deadcode workflowcheck test drill foreign containers vet-engine fuzz vulns ## Everything CI checks, the cheap checks first.

deps: ## Install what the checks need besides Go: a C compiler, Postgres, Chromium, Node (Debian).
	@scripts/deps

format: ## gofumpt: no file may need formatting.
	@echo "== gofumpt"
	@out="$$($(TOOL) gofumpt -l .)"; if [ -n "$$out" ]; then echo "gofumpt would change:"; echo "$$out"; exit 1; fi

tidy: ## go.mod and go.sum list exactly the modules that the code needs.
	@echo "== go mod tidy -diff"
	@go mod tidy -diff
	@go -C tools mod tidy -diff
	@go -C tools/release mod tidy -diff

# The files are named, so that neither the server nor a package that does not
# compile stands in the way.
arch: ## Rules of the tree: imports, package comments, sizes, skipped tests, words, promises.
	@echo "== architecture"
	@go test -vet=off -count=1 ./arch_test.go ./arch_docs_test.go ./arch_files_test.go ./words_test.go
	@out="$$(go test -vet=off -count=1 -v ./promises_test.go 2>&1)" || { echo "$$out"; exit 1; }; grep -o 'promises: [0-9].*' <<<"$$out"

# tools/vetown leaves out what our packages import: its analysis costs minutes.
VET := $(abspath tools/.vetown)

vet: ## go vet, without the engine's real files (see vet-engine).
	@echo "== vet"
	@go -C tools build -o $(VET) ./vetown
	@go vet -vettool=$(VET) $(RACE) $(LEAN) ./...
	@go -C tools vet -vettool=$(VET) -tags release ./...
	@go -C tools/release vet -vettool=$(VET) $(RACE) ./...

# staticcheck reads compiled packages and has no -race flag of its own: without
# GOFLAGS everything would be compiled a second time. (-n prints the tool's path.)
staticcheck: ## staticcheck, without the engine's real files.
	@echo "== staticcheck"
	@tool="$$($(TOOL) -n staticcheck)"; GOFLAGS="$$(go env GOFLAGS) $(RACE)" "$$tool" $(LEAN) ./...

# deadcode only sees the lean build, since the engine would take it minutes and
# gigabytes: functions that only the engine's real files call belong in those files.
deadcode: ## deadcode: every function is called, if only by a test.
	@echo "== deadcode"
	@out="$$($(TOOL) deadcode -test $(LEAN) ./...)"; if [ -n "$$out" ]; then echo "$$out"; exit 1; fi

workflowcheck: ## workflowcheck: workflows must be deterministic, for replay.
	@echo "== workflowcheck"
	@$(TOOL) workflowcheck ./workflows/...

# -vet=off: go test's own vet would run over all the server's packages. -p 3: many tests
# wait for timers and servers, so that two cores have time for a third package.
test: ## Every test, with the race detector, on SQLite and Postgres.
	@echo "== tests"
	@GOGC=400 go build $(RACE) ./engine
	@go test $(RACE) -vet=off -p 3 -timeout 45m ./...
	@go -C tools test -vet=off ./...
	@go -C tools/release test $(RACE) -vet=off ./...

# It prints its seed: --seed repeats its shoppers, its faults and the moments of its kills.
drill: ## A drill of 60 orders at full hostility, with kills and an audit of the promises; at the same time one of 20 on a cluster of processes.
	@echo "== drill"
	@log=$$(mktemp); failed=0; go run $(RACE) ./drill --engine=cluster --orders=20 --rate=2 >"$$log" 2>&1 & cluster=$$!; \
	go run $(RACE) ./drill --orders=60 --at-once=60 || failed=1; wait $$cluster || failed=1; cat "$$log"; rm "$$log"; exit $$failed

foreign: ## Test the SES adapter against a third-party stand-in, from npm.
	@echo "== foreign stand-in"
	@scripts/foreign $(RACE)

containers: ## Run the image and the compose file, where there is a Docker engine.
	@echo "== containers"
	@scripts/containers

vet-engine: ## go vet on the engine's real files, from what the tests have compiled.
	@echo "== vet of the engine"
	@go -C tools build -o $(VET) ./vetown
	@go vet -vettool=$(VET) $(RACE) ./engine

# Compiling for coverage takes minutes, which is too much for seconds of fuzzing: make soak
# does it.
fuzz: ## Run every fuzz target for FUZZTIME (3s), not guided by coverage (scripts/fuzz is).
	@echo "== fuzz"
	@scripts/fuzz $(FUZZTIME) $(RACE)

vulns: ## Known vulnerabilities in what the binary contains.
	@echo "== govulncheck"
	@scripts/vulns $(RACE)

soak: deps ## Run the tests that take hours, too long for CI; print at the end what failed.
	@scripts/soak

# A release is built with VERSION=0.1.0; without it, the number is the one in
# version/version.go. The linker ignores a stamp that names no variable, so the
# binary's output is checked.
VERSION ?=
COMMIT  ?= $(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null)
STAMPS   = $(if $(VERSION),-X purser/version.number=$(VERSION)) $(if $(COMMIT),-X purser/version.commit=$(COMMIT))

build: ## Build the binary as it is released, ./purser: stripped and stamped.
	@go build -trimpath -ldflags="-s -w $(STAMPS)" -o purser .
	@./purser --version
	@./purser --version | grep -qF -- "purser $(if $(VERSION),$(VERSION) ,)" && ./purser --version | grep -qF -- "$(COMMIT)"

image: ## Build the image of the roles, ./purser-image.tar, without a container engine.
	@go run -C tools ./image -version "$(VERSION)" -commit "$(or $(COMMIT),unknown)" -when "$(or $(shell git log -1 --format=%ct 2>/dev/null),0)" -o "$(CURDIR)/purser-image.tar"

release-check: ## Build the image twice and a release for this platform, unpublished, and look into them; takes minutes.
	@scripts/release-check
