# What one does with footnote. `make run` and `make test` set a fresh machine up by themselves.
#
# One profile and one set of features everywhere (--release --workspace, no -p): a cold build takes long,
# and any other combination would be built anew.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/footnote-build
BIN := $(CARGO_TARGET_DIR)/release
WIDGET := $(shell find widget/src widget/pages -type f 2>/dev/null) \
	$(wildcard widget/package.json widget/package-lock.json widget/tsconfig.json widget/build.mjs)

.DEFAULT_GOAL := help
# Set-up comes before building; cargo and npm use all cores by themselves.
.NOTPARALLEL:
.PHONY: help run test bench setup setup-test models widget build lint fmt clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 10

run: setup build ## set up, build, and ask the example handbook a question; then serve its page
	@$(BIN)/footnote demo

test: setup-test widget ## every check: format, lints, tests, the example's questions, the page
	@scripts/test.sh

bench: setup build ## the figures of the README, measured here
	@$(BIN)/footnote-bench

setup: ## system packages and models that building and running need
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

models: ## only the models folder
	@python3 scripts/models

widget: widget/dist/index.html ## the page, built into widget/dist

# `npm ci` only when the lock file changed: it empties node_modules.
widget/node_modules/.package-lock.json: widget/package-lock.json
	cd widget && npm ci --no-fund --no-audit
	@touch $@

widget/dist/index.html: $(WIDGET) widget/node_modules/.package-lock.json
	cd widget && npm run --silent build
	@touch $@

build: widget ## the server and the tools
	cargo build --release --workspace

lint: widget ## format and lints, without tests
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings

fmt: ## format the Rust code
	cargo fmt --all

clean: ## what was built; the models stay
	cargo clean
	rm -rf widget/dist widget/node_modules
