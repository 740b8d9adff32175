#!/usr/bin/env bash
# The program as it is published: the same bytes in whatever folder and of whatever user (tests/binary/check.sh), with the list of its
# packages inside, which `cargo audit bin` and others read.
#   tools/build-release.sh [OPTION OF CARGO]...      for example --features cuda; needs: cargo install cargo-auditable
# It lies in target/published/release, or below CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-auditable >/dev/null || { echo "no cargo-auditable: cargo install cargo-auditable" >&2; exit 3; }
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/published}
mkdir -p "$CARGO_TARGET_DIR"
# What is named last wins, and a build folder may lie in the project's.
maps=("$(realpath "${CARGO_HOME:-$HOME/.cargo}")=/cargo" "$PWD=/gradient-quarantine" "$(realpath "$CARGO_TARGET_DIR")=/target")
export GQ_MAPS="${maps[*]/#/--remap-path-prefix=}"
export CFLAGS="${maps[*]/#/-ffile-prefix-map=}" CXXFLAGS="${maps[*]/#/-ffile-prefix-map=}"
# Neither RUSTFLAGS nor `cargo auditable`: their words, with these folders in them, go into the hash that names a crate's symbols.
export RUSTC_WRAPPER=$PWD/tools/published-rustc.sh CARGO_AUDITABLE_ORIG_ARGS='{"offline":false,"locked":true,"frozen":false,"config":[]}'
unset RUSTFLAGS RUSTC_WORKSPACE_WRAPPER
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
cargo build --release --locked --package gradient-quarantine "$@"
sha256sum "$CARGO_TARGET_DIR/release/gradient-quarantine"
