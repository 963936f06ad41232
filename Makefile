# Everything runs from a fresh clone on Debian: each target first installs what it needs.
#   make demo ARGS=--keep     make test ARGS="-k reload"     make lint

SHELL := /bin/bash
VENV  := .venv
STAMP := $(VENV)/.installed
JOBS  ?= 2
ARGS  ?=

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON

.PHONY: help demo messages pictures screenshots test lint bench bench-ome bench-portal bench-reading bench-senders bench-split tls-wire tls-newer faults fuzz-sealed fuzz-reading interop bench-policy bench-socketmap types fuzz bench-cms clean tools

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(STAMP) ## send mail through a private Postfix and show what becomes of it (ARGS=--keep)
	@PYTHONPATH=contrib python -m demo $(ARGS)

test: $(STAMP) ## run all tests, also those through real Postfix (ARGS goes to pytest)
	@contrib/install-provider
	@pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

lint: $(STAMP) ## ruff, mypy and the floors of the house
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports

bench: $(STAMP) ## measure what Postseal costs a Postfix, side by side (ARGS goes to the program)
	@PYTHONPATH=contrib python benchmarks/through_postfix.py $(ARGS)

bench-socketmap: $(STAMP) ## measure lookups of connectors by Postfix, 10 and 10,000 of them
	@python benchmarks/socketmap.py $(ARGS)

bench-cms: $(STAMP) ## measure encrypting and signing beside cryptography's builders and openssl
	@PYTHONPATH=contrib python benchmarks/smime.py $(ARGS)

bench-split: $(STAMP) ## measure what it costs when recipients need different copies
	@PYTHONPATH=contrib python benchmarks/split.py $(ARGS)

bench-policy: $(STAMP) ## measure what a policy costs per message, from 10 to 10,000 rules
	@python benchmarks/policy.py $(ARGS)

tls-wire: $(STAMP) ## capture what 1,000 mails with mixed recipients show in clear while policies are reloaded (minutes)
	@PYTHONPATH=contrib:tests python -m tls_campaign $(ARGS)

tls-newer: $(STAMP) ## the tests of TLS between servers with newer Postfixes, those of Debian's trixie and sid (minutes)
	@for suite in trixie sid; do contrib/newer-postfix $$suite python -m pytest -q tests/postfix/test_senders_wishes.py \
		tests/postfix/test_required_tls.py tests/postfix/test_connectors.py tests/postfix/test_mta_sts.py || exit 1; done

faults: $(STAMP) ## kill, stop and break everything at every step, and count what is lost or comes twice (minutes)
	@PYTHONPATH=contrib:tests python -m faults.campaign $(ARGS)

bench-ome: $(STAMP) ## measure sealing and opening beside `openssl speed` (ARGS="--seconds 5")
	@python benchmarks/ome.py $(ARGS)

bench-portal: $(STAMP) ## measure how many messages a portal opens for 32 people at once (ARGS="--seconds 10")
	@PYTHONPATH=contrib:tests python benchmarks/portal.py $(ARGS)

bench-senders: $(STAMP) ## measure what a page costs a sender of a hundred messages, and of a hundred thousand
	@python benchmarks/senders.py $(ARGS)

fuzz-sealed: $(STAMP) ## throw octets at the sealed container (ARGS="--seconds 600")
	@python tests/sealed/fuzz.py $(ARGS)

bench-reading: $(STAMP) ## measure what it costs to show a message safely (ARGS="--seconds 5")
	@python benchmarks/reading.py $(ARGS)

fuzz-reading: $(STAMP) ## put hostile HTML together at random and show it to Chromium (ARGS="--seconds 600")
	@PYTHONPATH=contrib:tests python -m reading.compositions $(ARGS)

interop: $(STAMP) ## ask OpenSSL, NSS, Thunderbird's NSS, gpgsm and Bouncy Castle; write docs/interop.md
	@PYTHONPATH=contrib:tests python -m interop_lab.matrix "$$(contrib/thunderbird-libraries)" > .tools/interop.md
	@mv .tools/interop.md docs/interop.md

fuzz: $(STAMP) ## give the CMS reader a million messages that an attacker could send (minutes)
	@pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@PYTHONPATH=contrib:tests python -m fuzz_campaign -runs=1000000 $(ARGS)

messages: $(STAMP) ## bring new texts of code and templates into the catalogues of all languages
	@python contrib/messages.py

pictures: $(STAMP) ## pictures of two brandings and of the administrators' page, for docs
	@PYTHONPATH=contrib:tests python -m branding_pictures docs/pictures
	@PYTHONPATH=contrib:tests python -m admin_pictures docs/pictures

screenshots: $(STAMP) ## pictures of every page of the portal, light and dark, in .tools/screenshots
	@PYTHONPATH=contrib:tests python -m portal_pictures .tools/screenshots
	@PYTHONPATH=contrib:tests python -m admin_pictures .tools/screenshots/administrators

types: $(STAMP) ## print precision and recall of the sensitive information types
	@python tests/sensitive/labelled.py

clean: ## remove what was made: the environment, the tools, the caches
	rm -rf $(VENV) .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name '*.egg-info' -prune -exec rm -rf {} +

tools:
	@contrib/install-tools

$(STAMP): setup.cfg pyproject.toml contrib/make-venv | tools
	@contrib/make-venv
	@touch $@
