#!/usr/bin/env bash
# Evaluates the flake without network: outputs, apps and checks, against a stub of nixpkgs. Nothing is built.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v nix >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends nix-bin >/dev/null
fi
git config --global --get-all safe.directory | grep -qxF "$PWD" || git config --global --add safe.directory "$PWD"
nix="nix --extra-experimental-features nix-command --extra-experimental-features flakes --offline"
stub="--override-input nixpkgs path:$PWD/tests/nix/stub-nixpkgs --no-write-lock-file"
flake="git+file://$PWD"
for app in reproduce verify build-paper; do
  $nix eval --raw "$flake#apps.x86_64-linux.$app.program" $stub
  echo
done
$nix eval --raw "$flake#packages.x86_64-linux.default.drvPath" $stub
echo
$nix flake check "$flake" --no-build $stub
echo "flake: apps, package and checks evaluate"
