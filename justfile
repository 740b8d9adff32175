# `just` lists these.
default:
    @just --list

# From nothing to the paper.
[group('run')]
reproduce *args:
    cargo run --release -- reproduce {{args}}

# The default tier.
[group('run')]
smoke: (reproduce "--tier" "smoke")

# Every gate; exit code 0 only if all hold.
[group('run')]
verify *args:
    cargo run --release -- verify {{args}}

# The PDF, if every gate holds and every number is attested.
[group('run')]
build-paper *args:
    cargo run --release -- build-paper {{args}}

# A tier's committed receipts to its paper.
[group('run')]
paper-from-receipts tier="organism":
    cargo run --release -- build-paper --receipts {{tier}}

# All tests, or those of this name. Always the whole workspace: fewer packages unify features otherwise and build anew.
[group('test')]
test *args:
    cargo test --release --workspace {{args}}

# Help, tables, figures and scripts as they look now become what tests expect: read `git diff` before you commit it.
[group('test')]
snapshots:
    INSTA_UPDATE=always cargo test --release --workspace --test snapshots

# The escape suite and the pool's fault injection alone.
[group('test')]
test-sandbox:
    cargo test --release --workspace --test crash --test sandbox --test attacks

# The engine on software Vulkan.
[group('test')]
test-wgpu:
    tests/wgpu/check.sh

# The engine on a GPU machine.
[group('test')]
test-cuda program *args: (or-say-so "tests/cuda/check.sh" program args)

# A plan on several GPUs: `timed` (three of them) or `killed` (two).
[group('test')]
test-devices program what: (or-say-so "tests/cuda/devices.sh" program what)

# A plan on a Slurm of this machine alone.
[group('test')]
test-slurm program: (or-say-so "tests/slurm/run.sh" program)

# Exit code 77 stands for what this machine cannot test: that is no pass, and no failure either.
[private]
or-say-so test *args:
    @{{test}} {{args}} || { code=$?; [ $code -ne 77 ] || echo "{{test}}: not everything could be tested here"; exit $code; }

# Hours: properties and damage on 20,000 cases each, Miri on what is pure, which changes of a line no test notices, 100 kills, the plug pulled 20
# times, every file tampered with, 2,000 hostile responses, a published folder, two builds.
[group('test')]
deep: deep-cases deep-miri deep-mutants deep-trust deep-published test-binary

[group('test')]
[private]
deep-trust program="target/release/gradient-quarantine":
    python3 tests/deep/kills.py {{program}} 100
    python3 tests/deep/kills.py {{program}} 20 1 reproduce
    just or-say-so tests/deep/fulldisk.py {{program}}
    python3 tests/deep/tamper.py {{program}}
    GQ={{program}} tests/hostile/check.sh 2000 1
    just or-say-so tests/hostile/elsewhere.sh {{program}} 1000
    just or-say-so tests/deep/powerloss.py {{program}} 20

# The fast part of that, in six minutes.
[group('test')]
trust program="target/release/gradient-quarantine":
    tests/trust.sh {{program}}

# A published folder of the organism's receipts, signed, before everybody's tools.
[group('test')]
[private]
deep-published program="target/release/gradient-quarantine":
    #!/usr/bin/env bash
    set -euo pipefail
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    {{program}} sign --new-keys "$place/keys"
    {{program}} publish --receipts organism --to "$place/published" --keys "$place/keys"
    tests/publish/check.sh "$place/published" "$place/keys"

# What a build on another machine reads, in parts to carry there (`tests/binary/elsewhere.sh build` is for there).
[group('test')]
pack-elsewhere folder:
    tests/binary/elsewhere.sh pack {{folder}}

# Two clones give the same program, and nvcc the committed PTX (needs cargo-auditable; 36 minutes on two busy cores).
[group('test')]
test-binary: (or-say-so "tests/binary/check.sh")

# A published folder before other people's validators, the public signing tool, and a browser.
[group('test')]
check-published folder *keys:
    tests/publish/check.sh {{folder}} {{keys}}

[group('test')]
[private]
deep-cases:
    PROPTEST_CASES=20000 cargo test --release --workspace --no-fail-fast --test properties --test damage

# `routing` and what else computes with burn is not for Miri: it would interpret the tensor library.
[group('test')]
[private]
deep-miri:
    CARGO_TARGET_DIR=/tmp/gq-miri MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=4 cargo +nightly miri test -p gq-bundle --lib
    CARGO_TARGET_DIR=/tmp/gq-miri MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=4 cargo +nightly miri test -p gq-sandbox --lib --test properties

# In a copy of the tree with a build folder of its own, so the shared cache is left alone; it builds burn there. Of `experiment`: what
# the words of the paper rest on.
[group('test')]
[private]
deep-mutants:
    env -u CARGO_TARGET_DIR PROPTEST_CASES=32 cargo mutants -j1 --timeout 60 -o /tmp/gq-mutants --workspace \
        -f 'src/{bundle,oracle,substrate,routing}/**' -f 'src/experiment/{statistics,claims,differences,quantity}.rs'

[group('lint')]
fmt:
    cargo fmt --all

[group('lint')]
lint:
    cargo fmt --all --check
    tools/check-words.sh
    cargo clippy --release --workspace --all-targets -- -D warnings

# Before every commit: format, words that must not be left behind, lengths, unused dependencies.
[group('lint')]
hooks:
    git config core.hooksPath tools/hooks

# Dependencies that nothing uses, those of tests too (needs cargo-machete 0.9).
[group('lint')]
unused:
    cargo machete --with-metadata

# Licences, sources and versions of everything that is depended on.
[group('lint')]
deny:
    cargo deny check bans licenses sources

# The documentation of every crate of ours.
[group('doc')]
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

# Gradings a second, beside plain subprocesses.
[group('bench')]
bench-grading:
    cargo run --release -- bench grading

# The device's operations: whether they are right, and how fast.
[group('bench')]
bench-engine *args:
    cargo run --release -- bench engine {{args}}

# What CI runs.
[group('test')]
ci:
    .ci/run
