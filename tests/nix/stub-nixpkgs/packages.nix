# Just enough of nixpkgs for the flake to be evaluated offline: what it takes from there gives a derivation that would fail to build.
# No function here swallows an argument: one that nixpkgs may not have is an error, as is a package that is not listed. Missing files,
# crates without a checksum and digests that are none fail as they would for real.
{ system, unfree }:
let
  lib = import ./lib.nix;
  fake =
    name: more: also:
    derivation (
      {
        inherit name system;
        builder = "/bin/sh";
        args = [
          "-c"
          "exit 1"
        ];
      }
      // more
    )
    // also;
  library = name: rec {
    lib = fake name { } { };
    dev = fake "${name}-dev" { } { };
  };
  notFree = name: if unfree then library name else throw "${name} is not free software: allow it first";
  vendored = lock: builtins.filter (p: p ? source) (builtins.fromTOML (builtins.readFile lock)).package;
  checksum = p: if p ? checksum then p.checksum else throw "${p.name} has no checksum in Cargo.lock";
  mainProgram = meta: assert builtins.attrNames meta == [ "mainProgram" ]; { inherit meta; };
in
{
  stdenv.hostPlatform.system = system;
  rustc.version = "1.95.0";
  rustPlatform.buildRustPackage =
    {
      pname,
      version,
      src,
      cargoLock,
      meta,
      buildFeatures ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      preBuild ? "",
      doCheck ? true,
      postFixup ? "",
    }:
    assert builtins.attrNames cargoLock == [ "lockFile" ];
    # nixpkgs would run the tests in a copy that lacks what they read.
    assert !doCheck || throw "${pname} would run its tests while Nix builds it";
    fake "${pname}-${version}" {
      inherit version src buildFeatures nativeBuildInputs preBuild doCheck postFixup;
      buildInputs = map (drv: drv.lib) buildInputs;
      checksums = map checksum (vendored cargoLock.lockFile);
    } (mainProgram meta);
  writeShellApplication =
    { name, runtimeInputs, text }: fake name { inherit runtimeInputs text; } { meta.mainProgram = name; };
  mkShell = { inputsFrom, packages }: fake "shell" { inherit inputsFrom packages; } { };
  fetchurl =
    { name, url, sha256 }:
    assert builtins.match "[0-9a-f]{64}" sha256 != null || throw "${name}: ${sha256} is no SHA-256";
    fake name {
      inherit url;
      outputHashAlgo = "sha256";
      outputHashMode = "flat";
      outputHash = sha256;
    } { };
  linkFarm =
    name: entries:
    let
      whole = entry: assert builtins.attrNames entry == [ "name" "path" ]; entry;
    in
    fake name { entries = builtins.toJSON (map whole entries); } { };
  cudaPackages = lib.genAttrs [ "libcublas" "libcusolver" "cuda_cudart" "cuda_nvrtc" ] notFree;
  llvmPackages_22.libllvm = library "llvm";
}
// lib.genAttrs [ "zlib" "zstd" ] library
// lib.genAttrs [ "python3" "clippy" "rustfmt" "just" "patchelf" "autoAddDriverRunpath" ] (n: fake n { } { })
