# What is needed daily; `just --list` shows it.

# Format and lints.
check:
    cargo fmt --all -- --check
    cargo clippy --workspace --all-targets --features revgraph/boundaries -- -D warnings

# All tests, beside servers of their own.
test:
    scripts/with-servers cargo test --workspace --features revgraph/boundaries --no-fail-fast

# Looks through changed snapshots one by one (needs cargo-insta).
review:
    cargo insta test --workspace --review

# Everything a build server runs.
ci:
    .ci/run

# Inputs by mutation, so many seconds for each reader (revisions, settings, targets, URLs,
# scripts of three dialects, saved plans).
fuzz SECONDS="60":
    REV_FUZZ_SECONDS={{SECONDS}} cargo test --release -p revgraph --test fuzz -- --nocapture

# Speed of whole processes, and of applying and comparing against the engines' own clients.
bench:
    cargo bench -p rev-core --bench scale
    cargo bench -p rev-engine --bench fleet
    scripts/bench-process
    scripts/bench-apply
    scripts/bench-servers
    scripts/bench-diff
    scripts/bench-test

# A million plans against a search over states, pairs of schemas, thousands of kills at
# random instants on each engine, schemas of real programs (needs pip), standbys promoted in
# the middle of a run, and rounds of runs on clusters.
soak KILLS="3000" PLANS="1000000" PAIRS="100000" SERVER_PAIRS="5000" JUDGED="1000" PROMOTIONS="20" ROUNDS="20":
    just fuzz 60
    REV_SCHEMA_PAIRS={{PAIRS}} cargo test --release -p rev-db --test databases -- schemas --nocapture
    REV_NATIVE_EVERY=1 REV_SCHEMA_PAIRS=20000 cargo test --release -p rev-db --test databases -- schemas --nocapture
    REV_NATIVE_EVERY=1 REV_SCHEMA_PAIRS={{JUDGED}} scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- random_schemas --nocapture
    REV_SCHEMA_PAIRS={{SERVER_PAIRS}} scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- random_schemas --nocapture
    REV_PLAN_CASES={{PLANS}} cargo test --release -p rev-core --test laws -- shortest --nocapture
    REV_KILLS={{KILLS}} scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- at_random_instants --nocapture
    REV_DAMAGES=all scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- every_damage
    REV_SILENCES=all scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- silence --nocapture
    REV_ADOPTED=all scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- pasts::real --nocapture
    scripts/with-servers scripts/adopt-real
    REV_FORMS=all REV_SERVERS=postgres scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- models_postgres::parts
    REV_FILES=2000 REV_SERVERS=postgres scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- more_files_than
    REV_PROMOTIONS={{PROMOTIONS}} scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- standby --nocapture
    REV_CLUSTER_ROUNDS={{ROUNDS}} REV_SERVERS="galera group" scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- cluster::small cluster::long --ignored --test-threads=8 --nocapture
    REV_SERVERS=galera scripts/with-servers cargo test -p revgraph --features boundaries --test engines -- cluster::lasting --ignored --nocapture
