#!/usr/bin/env bash
# The compiler as tools/build-release.sh wants it: it forgets where files lie, and the program gets the list of its packages.
set -euo pipefail
read -ra maps <<<"${GQ_MAPS:?set by tools/build-release.sh}"
if [ -n "${CARGO_PRIMARY_PACKAGE:-}" ]; then set -- cargo-auditable "$@"; fi
exec "$@" "${maps[@]}"
