# Short names for what is done often; `just` lists them.

_list:
    @just --list --unsorted

# everything a change must pass, exactly as CI runs it
check:
    tests/run

# unit and integration tests alone, e.g. `just test meetings::`
test *filter:
    cargo test --locked {{ filter }}

# a daemon with samples on this machine, nothing to set up
dev:
    cargo run --release -- serve --dev

# speed of single parts, as ratios measured in one run
bench *name:
    cargo bench --locked {{ name }}

# speed of the whole daemon under load, beside other servers
load:
    benches/load/run
