# Just enough of nixpkgs for ../../../flake.nix to be evaluated offline: every function it calls gives a derivation that
# would fail to build. Missing files, and crates without a checksum, fail here as they would for real.
{
  outputs =
    { self }:
    let
      lib = {
        genAttrs =
          names: f:
          builtins.listToAttrs (
            map (name: {
              inherit name;
              value = f name;
            }) names
          );
        getExe = drv: "${drv}/bin/${drv.meta.mainProgram}";
        versionAtLeast = have: want: builtins.compareVersions have want >= 0;
        fileset = {
          unions = paths: paths;
          toSource =
            { root, fileset }:
            assert builtins.all (p: builtins.pathExists p || throw "no such file: ${toString p}") fileset;
            root;
        };
      };
      packagesFor =
        system:
        let
          fake =
            name: more:
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
            // {
              meta.mainProgram = name;
            };
          vendored = lock: builtins.filter (p: p ? source) (builtins.fromTOML (builtins.readFile lock)).package;
          checksum = p: if p ? checksum then p.checksum else throw "${p.name} has no checksum in Cargo.lock";
        in
        {
          stdenv.hostPlatform.system = system;
          rustc.version = "1.95.0";
          rustPlatform.buildRustPackage =
            args:
            fake "${args.pname}-${args.version}" {
              inherit (args) version src nativeCheckInputs;
              checksums = map checksum (vendored args.cargoLock.lockFile);
            }
            // {
              inherit (args) meta;
            };
          writeShellApplication = args: fake args.name { inherit (args) runtimeInputs text; };
          mkShell = args: fake "shell" { inherit (args) inputsFrom packages; };
        }
        // lib.genAttrs [ "python3" "clippy" "rustfmt" "just" ] (n: fake n { });
    in
    {
      inherit lib;
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] packagesFor;
    };
}
