#!/usr/bin/env bash
# Two kind clusters, east and west, with fairlead installed and linked. Running it again brings them up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

fairlead() { node scripts/setup.mjs bin/fairlead.mjs "$@"; }

for cluster in east west; do
  kind get clusters | grep -qx "$cluster" || kind create cluster --name "$cluster" --config "kind/$cluster.yaml" --wait 120s
done
kind/load-image.sh east west
for cluster in east west; do
  fairlead install --context "kind-$cluster" --cluster-id "$cluster" --overlay kind --pki .kind/pki --wait
done
fairlead link --context kind-west --to-context kind-east --wait
