# Every target calls something in bin/, as CI does. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help up engine down status logs reset test lint format typecheck ci bench leaders drill audit

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## Install, start the whole platform, load the sample programme, print where to look
	@bin/sangkienctl up

engine: ## Build the databases' fast engine, once per machine; needs Rust, a C++ compiler and cmake
	@bin/sangkienctl engine build

down: ## Stop the platform; the data stay
	@bin/sangkienctl down

status: ## Show every process of the platform
	@bin/sangkienctl status

logs: ## Follow all logs (one: bin/sangkienctl logs NAME -f)
	@bin/sangkienctl logs --follow

reset: ## Stop the platform and delete its data (asks first; YES=1 does not ask)
	@bin/sangkienctl reset $(if $(YES),--yes)

test: ## Install and run all tests
	@bin/test

lint: ## Style, formatting, types, imports
	@bin/lint

format: ## Put the code into its format
	@bin/setup && .venv/bin/ruff check --fix . && .venv/bin/ruff format .

typecheck: ## mypy --strict alone
	@bin/setup && bin/typecheck

leaders: ## Kill each of three Apache Kafka nodes under load and check that nothing is lost
	@DRILL_LEADERS=1 bin/test tests/resilience/test_leaders.py

ci: ## What CI runs
	@.ci/run

bench: ## Measure; ratios against a baseline in the same run: ENGINE=both measures both database engines
	@bin/bench $(if $(ENGINE),--engine $(ENGINE))

audit: ## Look up known vulnerabilities of the pinned packages; needs the Internet
	@bin/audit

drill: ## Kill, freeze and cut off under load, then check: ROUNDS=5 SEED=word KAFKA=apache ENGINE=fast (docs/how-to/drill.md)
	@bin/drill --rounds $(or $(ROUNDS),3) --kafka $(or $(KAFKA),embedded) --profile $(or $(PROFILE),usual) \
		$(if $(ENGINE),--engine $(ENGINE)) \
		$(if $(SEED),--seed $(SEED)) $(if $(FAULT),--fault $(FAULT))
