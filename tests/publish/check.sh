#!/usr/bin/env bash
# A published folder before other people's tools: tests/publish/check.sh FOLDER [PUBLIC_KEYS]. They come from the registries into an environment
# of their own; the audit page is opened in Chromium (apt-get install chromium), and looked at by axe-core where AXE names its file.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(realpath "$1")"
keys="${2:+$(realpath "$2")}"
tools="${GQ_PUBLISH_TOOLS:-$HOME/.cache/gradient-quarantine/publish-tools}"
tool() { # NAME PACKAGE...: a virtual environment with these packages
  local name="$1"; shift
  [ -e "$tools/$name/done" ] || { python3 -m venv "$tools/$name"; "$tools/$name/bin/pip" -q install "$@"; touch "$tools/$name/done"; }
}
tool crate roc-validator==0.13.0 rocrate==0.13.0
tool croissant mlcroissant==1.1.1
tool bom cyclonedx-python-lib[json-validation]==11.11.0
tool sign model-signing==1.1.1 pyOpenSSL
tool pdf pikepdf==10.18.0

# The validator's own context comes with the other package, so that no network is needed.
context="$(find "$tools/crate" -name ro-crate.jsonld | head -1)"
cache="$(mktemp -d)"
trap 'rm -rf "$cache"' EXIT
"$tools/crate/bin/python" "$here/seed_cache.py" "$context" "$cache/http" >/dev/null
crate() { # FOLDER PROFILE
  "$tools/crate/bin/rocrate-validator" -y validate --offline --cache-path "$cache/http.sqlite" -p "$2" -l required "$1" >"$cache/said" 2>&1 ||
    { cat "$cache/said"; echo "the crate $1 breaks a required rule of $2" >&2; exit 1; }
}
for profile in ro-crate-1.1 workflow-run-crate-0.5 provenance-run-crate-0.5; do
  crate "$folder" "$profile"
  echo "crate      no required rule of $profile is broken"
done
"$tools/pdf/bin/python" "$here/paper.py" "$folder" "$cache/attached"
# Two readers more, with code of their own (apt-get install qpdf poppler-utils).
if command -v qpdf >/dev/null && command -v pdfinfo >/dev/null; then
  qpdf --check "$folder/paper.pdf" >"$cache/said" 2>&1 || { cat "$cache/said"; exit 1; }
  # "Suspects: false" is right (ISO 32000-1, table 321), and poppler's reader complains of it.
  pdfinfo "$folder/paper.pdf" 2>&1 >"$cache/said" | grep -v "Suspects object is wrong type (boolean)" && { echo "pdfinfo complains" >&2; exit 1; }
  for word in '^Title: *[^ ]' '^Tagged: *yes$' '^JavaScript: *no$' '^Encrypted: *no$' '^Metadata Stream: *yes$'; do
    grep -Eq "$word" "$cache/said" || { cat "$cache/said"; echo "pdfinfo does not say $word" >&2; exit 1; }
  done
  echo "paper      qpdf finds no fault, pdfinfo a tagged PDF with a title and metadata"
else
  echo "paper      not looked at by qpdf and pdfinfo: they are not here"
fi
crate "$cache/attached" ro-crate-1.1
echo "paper      no required rule of ro-crate-1.1 is broken by what is attached"
(cd "$folder" && "$tools/croissant/bin/mlcroissant" validate --jsonld croissant.json >"$cache/said" 2>&1) || { cat "$cache/said"; exit 1; }
echo "croissant  valid"
"$tools/bom/bin/python" - "$folder/sbom.cdx.json" <<'PYTHON'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(f"the bill of materials: {fault}" if fault else 0)
PYTHON
echo "sbom       valid"
if [ -n "$keys" ]; then
  (cd "$folder" && "$tools/sign/bin/model_signing" verify key . --no-ignore-git-paths --signature model.sig --public_key "$keys/p256.pub.pem" \
    --ignore-paths attestation.dsse.json)
fi
if command -v chromium >/dev/null; then
  python3 "$here/audit.py" "$folder/audit" ${AXE:+--axe "$AXE"}
else
  echo "audit      not opened: there is no chromium here"
fi
