# What is needed daily; `just --list` shows it.

# Format and lints.
check:
    cargo fmt --all -- --check
    cargo clippy --workspace --all-targets -- -D warnings

# All tests; no server is needed.
test:
    cargo test --workspace --no-fail-fast

# Looks through changed snapshots one by one (needs cargo-insta).
review:
    cargo insta test --workspace --review

# Everything a build server runs.
ci:
    .ci/run

# Speed of whole processes, and of applying against the sqlite3 shell.
bench:
    cargo bench -p rev-core --bench scale
    scripts/bench-process
    scripts/bench-apply

# The tests, again and again until one fails: COUNT rounds.
soak COUNT="20":
    for round in $(seq {{COUNT}}); do cargo test --workspace --quiet || exit 1; done
