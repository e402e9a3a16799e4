#!/usr/bin/env bash
# Checks deploy/ with the programs that know its formats: systemd-analyze (Debian's systemd), promtool
# (Debian's prometheus), and linters from npm, which are no dependencies of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() {
  local what=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    echo "ok: $what"
  else
    echo "not ok: $what"
    sed 's/^/  /' "$work/output"
    failed=1
  fi
}

# systemd-analyze looks for the programs of a unit, which are in another place here.
verify() {
  mkdir -p "$work/units"
  sed "s#/opt/wa-gateway/bin/node#$(command -v true)#" "$1" >"$work/units/$2"
  local said
  said=$(systemd-analyze verify "$work/units/$2" 2>&1) || { echo "$said"; return 1; }
  # It does not fail for what it does not understand.
  if [ -n "$said" ]; then echo "$said"; return 1; fi
}

secure() {
  systemd-analyze security --offline=true --threshold=15 "$1"
}

units=deploy/systemd
check 'wa-gateway.service is understood' verify "$units/wa-gateway.service" wa-gateway.service
check 'wa-gateway@.service is understood' verify "$units/wa-gateway@.service" wa-gateway@one.service
check 'wa-gateway.service is hardened' secure "$units/wa-gateway.service"
check 'wa-gateway@.service is hardened' secure "$units/wa-gateway@.service"

check 'alerts are understood' promtool check rules deploy/prometheus/alerts.yaml
check 'alerts fire when they should' promtool test rules deploy/prometheus/alerts.test.yaml

# What the dashboard asks, as rules that promtool reads.
node -e '
  const { panels } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  const rules = panels.flatMap(({ id, targets = [] }) => targets.map(({ refId, expr }) => ({
    record: `panel_${id}:${refId}`, expr: expr.replaceAll("$__rate_interval", "5m"),
  })));
  console.log(JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
' deploy/grafana/wa-gateway.json >"$work/dashboard.yaml"
check 'the questions of the dashboard' promtool check rules "$work/dashboard.yaml"

npm install --silent --prefix "$work/linters" --ignore-scripts --no-save \
  dclint@3.1.0 dockerfile-utils@0.16.3 kubernetes-models@5.1.0 yaml@2.9.1
bin="$work/linters/node_modules/.bin"
check 'Dockerfile' "$bin/dockerfile-utils" lint deploy/docker/Dockerfile
check 'compose.yaml' "$bin/dclint" deploy/docker/compose.yaml --max-warnings 0 \
  --disable-rule service-keys-order --disable-rule services-alphabetical-order \
  --disable-rule require-quotes-in-ports
check 'Kubernetes manifests' node scripts/check-kubernetes.mjs "$work/linters" \
  deploy/kubernetes/wa-gateway.yaml
exit "$failed"
