# `just` lists these.
default:
    @just --list

# From nothing to the paper.
reproduce *args:
    cargo run --release -- reproduce {{args}}

# The default tier.
smoke: (reproduce "--tier" "smoke")

# Every gate; exit code 0 only if all hold.
verify *args:
    cargo run --release -- verify {{args}}

# The PDF, if every gate holds and every number is attested.
build-paper *args:
    cargo run --release -- build-paper {{args}}

# Licences, sources and versions of everything that is depended on.
deny:
    cargo deny check bans licenses sources

# What CI runs.
ci:
    .ci/run
