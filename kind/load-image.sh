#!/usr/bin/env bash
# Builds the image fairlead:dev and loads it into the named kind clusters; pods that run an older build are replaced.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- east west
docker build --tag fairlead:dev .
for cluster in "$@"; do
  kind load docker-image fairlead:dev --name "$cluster"
  kubectl --context "kind-$cluster" delete pods -n fairlead-system -l app.kubernetes.io/part-of=fairlead --ignore-not-found
done
