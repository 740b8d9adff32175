{
  description = "A self-verifying reproducibility artifact for a paper on reward hacking";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      name = "gradient-quarantine";
      workspace = (builtins.fromTOML (builtins.readFile ./Cargo.toml)).workspace.package;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      # What the program reads when it runs: inputs, gates' evidence, the paper's sources.
      project = lib.fileset.toSource {
        root = ./.;
        fileset = lib.fileset.unions [
          ./Cargo.toml
          ./Cargo.lock
          ./src
          ./verify
          ./checksums
          ./data
          ./paper
          ./receipts
        ];
      };
      packageOf = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system}.default;
      # The project lies in the read-only store; results go below the caller's folder.
      app =
        pkgs: command:
        let
          script = pkgs.writeShellApplication {
            name = "gq-${command}";
            runtimeInputs = [
              (packageOf pkgs)
              pkgs.python3
            ];
            text = ''exec ${name} --root ${project} ${command} --out "''${GQ_OUT:-$PWD/runs/smoke}" "$@"'';
          };
        in
        {
          type = "app";
          program = lib.getExe script;
        };
    in
    {
      packages = forAllSystems (pkgs: {
        default =
          assert lib.versionAtLeast pkgs.rustc.version workspace.rust-version;
          pkgs.rustPlatform.buildRustPackage {
            pname = name;
            inherit (workspace) version;
            src = project;
            cargoLock.lockFile = ./Cargo.lock;
            nativeCheckInputs = [ pkgs.python3 ];
            meta.mainProgram = name;
          };
      });

      apps = forAllSystems (pkgs: {
        reproduce = app pkgs "reproduce";
        verify = app pkgs "verify";
        build-paper = app pkgs "build-paper";
        default = app pkgs "reproduce";
      });

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (packageOf pkgs) ];
          packages = [
            pkgs.clippy
            pkgs.rustfmt
            pkgs.just
            pkgs.python3
          ];
        };
      });

      checks = forAllSystems (pkgs: {
        default = packageOf pkgs;
      });
    };
}
