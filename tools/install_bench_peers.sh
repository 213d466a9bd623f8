#!/usr/bin/env bash
# Installs what only `deno task bench:peers` compares with: h2o as a Debian package (as root), Bun from npm. The
# other peers come by `tools/install_peers.sh`. What cannot be had is left out of the tables, and named.
set -u
cd "$(dirname "$0")/.."
have() { command -v "$1" >/dev/null 2>&1; }
missing=0

if ! have h2o; then
  if have apt-get && [ "$(id -u)" = 0 ]; then
    # With this run level the package does not start its service.
    apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends h2o >/dev/null ||
      missing=1
  else
    echo "note: not root on Debian, so h2o is not installed"
  fi
fi

# Bun, pinned in the package-lock.json of the portability tests.
if have npm; then
  npm ci --prefix tests/portability/npm --no-audit --no-fund --loglevel=error || missing=1
  bun=tests/portability/npm/node_modules/bun
  # npm may leave the scripts of packages out; Bun puts its program in place by one.
  if [ -d "$bun" ] && [ "$(stat -c %s "$bun/bin/bun.exe")" -lt 1000000 ]; then
    (cd "$bun" && node install.js) || missing=1
  fi
fi
exit "$missing"
