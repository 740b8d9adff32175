#!/usr/bin/env bash
# The program as it is published: the same bytes in whatever folder and of whatever user (tests/binary/check.sh), with the list of its
# packages inside, which `cargo audit bin` and others read.
#   tools/build-release.sh [--features cuda]      needs: cargo install cargo-auditable
# It lies in target/published/release, or below CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-auditable >/dev/null || { echo "no cargo-auditable: cargo install cargo-auditable" >&2; exit 3; }
# What a user's shell says to cargo and to compilers.
for name in $(compgen -e | grep -E '^(RUSTFLAGS|RUSTC_WORKSPACE_WRAPPER|CARGO_(ENCODED|BUILD|PROFILE)_.*|CARGO_TARGET_.*_.*|(HOST_|TARGET_)?C(XX)?FLAGS.*)$'); do
  unset "$name"
done
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/published}
mkdir -p "$CARGO_TARGET_DIR"
# What is named last wins, and a build folder may lie in the project's.
maps=("$(realpath "${CARGO_HOME:-$HOME/.cargo}")=/cargo" "$PWD=/gradient-quarantine" "$(realpath "$CARGO_TARGET_DIR")=/target")
for map in "${maps[@]}"; do [[ $map != *[[:space:]]* ]] || { echo "a path with a blank: $map" >&2; exit 2; }; done
export GQ_MAPS="${maps[*]/#/--remap-path-prefix=}"
export CFLAGS="${maps[*]/#/-ffile-prefix-map=}" CXXFLAGS="${maps[*]/#/-ffile-prefix-map=}"
# Neither RUSTFLAGS nor `cargo auditable`: their words, with these folders in them, go into the hash that names a crate's symbols.
export RUSTC_WRAPPER=$PWD/tools/published-rustc.sh CARGO_AUDITABLE_ORIG_ARGS='{"offline":false,"locked":true,"frozen":false,"config":[]}'
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
cargo build --release --locked --package gradient-quarantine "$@"
sha256sum "$CARGO_TARGET_DIR/release/gradient-quarantine"
