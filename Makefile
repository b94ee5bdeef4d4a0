# Each target is one command of the package dev/, which also says what the variables do: make help
PYTHON ?= python3
ARGS ?=

.PHONY: help setup run demo test bench faults integration score lint screenshots stop clean
help setup run demo lint screenshots stop clean:
	@$(PYTHON) -m dev $@

test:
	@$(PYTHON) -m dev test $(ARGS)

bench:
	@$(PYTHON) -m dev bench $(ARGS)

faults:
	@$(PYTHON) -m dev faults $(ARGS)

integration:
	@$(PYTHON) -m dev integration $(ARGS)

score:
	@$(PYTHON) -m dev score $(ARGS)
