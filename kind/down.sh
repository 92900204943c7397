#!/usr/bin/env bash
# Deletes the two kind clusters and the keys that were made for them.
set -euo pipefail
cd "$(dirname "$0")/.."

kind delete clusters east west
rm -rf .kind
