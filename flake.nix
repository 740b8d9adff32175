{
  description = "A self-verifying reproducibility artifact for a paper on reward hacking";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      name = "gradient-quarantine";
      fromTOML = path: builtins.fromTOML (builtins.readFile path);
      workspace = (fromTOML ./Cargo.toml).workspace.package;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forAllSystems = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      # NVIDIA's libraries are not free software, and the LLVM that burn compiles kernels with is laid out for x86 alone.
      cudaSystem = "x86_64-linux";
      cudaPkgs = import nixpkgs {
        system = cudaSystem;
        config.allowUnfree = true;
      };
      onCudaSystem = pkgs: lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == cudaSystem);

      # What the program reads when it runs: inputs, gates' evidence, the paper's sources, what `publish` ships beside it. And what its CUDA build needs.
      project = lib.fileset.toSource {
        root = ./.;
        fileset = lib.fileset.unions [
          ./Cargo.toml
          ./Cargo.lock
          ./src
          ./verify
          ./CITATION.cff
          ./LICENSE
          ./codemeta.json
          ./checksums
          ./data
          ./paper
          ./receipts
          ./tools/setup-llvm.sh
        ];
      };

      package =
        pkgs: more:
        assert lib.versionAtLeast pkgs.rustc.version workspace.rust-version;
        pkgs.rustPlatform.buildRustPackage (
          {
            pname = name;
            inherit (workspace) version;
            src = project;
            cargoLock.lockFile = ./Cargo.lock;
            # The tests belong to a checkout (they read its pages and build programs) and to a kernel that confines processes, which Nix's
            # own sandbox need not have: `just test`.
            doCheck = false;
            meta.mainProgram = name;
          }
          // more
        );
      cudaPackage =
        pkgs:
        let
          libraries = [
            pkgs.cudaPackages.libcublas
            pkgs.cudaPackages.libcusolver
            pkgs.cudaPackages.cuda_cudart
            pkgs.cudaPackages.cuda_nvrtc
          ];
        in
        package pkgs {
          pname = "${name}-cuda";
          buildFeatures = [ "cuda" ];
          # The first lets the program find the machine's driver.
          nativeBuildInputs = [
            pkgs.autoAddDriverRunpath
            pkgs.patchelf
          ];
          buildInputs = [
            pkgs.zlib
            pkgs.zstd
          ];
          preBuild = ''
            export HOME="$TMPDIR"
            bash tools/setup-llvm.sh ${lib.getDev pkgs.llvmPackages_22.libllvm}/bin/llvm-config
          '';
          postFixup = "patchelf --add-rpath ${lib.makeLibraryPath libraries} $out/bin/${name}";
        };

      # What the full tier reads and nobody ships, each file by its pinned digest. A pin without a SHA-256 (upstream publishes git's id of
      # the training problems alone) is left to the program's own `fetch`.
      fetched = builtins.filter (pin: pin.tier == "full" && pin ? url && pin ? sha256) (fromTOML ./checksums/pins.toml).pin;
      filesOfFull =
        pkgs:
        pkgs.linkFarm "${name}-full" (
          map (pin: {
            name = pin.path;
            path = pkgs.fetchurl {
              name = baseNameOf pin.path;
              inherit (pin) url sha256;
            };
          }) fetched
        );

      # The project lies in the store, which cannot be written: what is fetched and made goes below the caller's folder.
      app =
        pkgs: package: appName: commands:
        let
          script = pkgs.writeShellApplication {
            name = "gq-${appName}";
            runtimeInputs = [
              package
              pkgs.python3
            ];
            text = ''
              export GQ_STATE="''${GQ_STATE:-$PWD}"
              gq=(${name} --root ${project})
              ${commands}
            '';
          };
        in
        {
          type = "app";
          program = lib.getExe script;
        };
      packagesOf = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system};
    in
    {
      packages = forAllSystems (
        pkgs:
        { default = package pkgs { }; }
        // onCudaSystem pkgs {
          cuda = cudaPackage cudaPkgs;
          files-of-full = filesOfFull cudaPkgs;
        }
      );

      apps = forAllSystems (
        pkgs:
        let
          packages = packagesOf pkgs;
          plain = command: app pkgs packages.default command ''exec "''${gq[@]}" ${command} "$@"'';
        in
        {
          reproduce = plain "reproduce";
          verify = plain "verify";
          build-paper = plain "build-paper";
          default = plain "reproduce";
        }
        // onCudaSystem pkgs {
          reproduce-cuda = app pkgs packages.cuda "reproduce-cuda" ''
            exec "''${gq[@]}" reproduce --device cuda "$@"
          '';
          full = app pkgs packages.cuda "full" ''
            "''${gq[@]}" fetch --tier full --from ${packages.files-of-full}
            exec "''${gq[@]}" reproduce --tier full --device cuda "$@"
          '';
        }
      );

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (packagesOf pkgs).default ];
          packages = [
            pkgs.clippy
            pkgs.rustfmt
            pkgs.just
            pkgs.python3
          ];
        };
      });

      checks = forAllSystems (pkgs: {
        default = (packagesOf pkgs).default;
      });
    };
}
