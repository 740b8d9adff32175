# The functions of nixpkgs' lib that the flake calls, and no other.
rec {
  genAttrs =
    names: f:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );
  optionalAttrs = condition: attrs: if condition then attrs else { };
  getDev = drv: drv.dev;
  getExe = drv: "${drv}/bin/${drv.meta.mainProgram}";
  makeLibraryPath = drvs: builtins.concatStringsSep ":" (map (drv: "${drv.lib}/lib") drvs);
  versionAtLeast = have: want: builtins.compareVersions have want >= 0;
  fileset = {
    unions = paths: paths;
    toSource =
      { root, fileset }:
      assert builtins.all (p: builtins.pathExists p || throw "no such file: ${toString p}") fileset;
      builtins.path {
        name = "source";
        path = root;
      };
  };
}
