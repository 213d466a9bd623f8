#!/usr/bin/env bash
# Installs the real peers that `deno task interop` tests against: Debian packages as root, and a few from the
# language registries. What cannot be had is skipped by the tests, with the reason in the table.
set -u
cd "$(dirname "$0")/.."
have() { command -v "$1" >/dev/null 2>&1; }
missing=0

if have apt-get && [ "$(id -u)" = 0 ]; then
  packages=(nghttp2-server nghttp2-client nginx-light caddy ngtcp2-server ngtcp2-client python3-hypercorn
    python3-h2 python3-hpack python3-httpx python3-pip firefox-esr libnss3-tools curl openssl
    gcc libc6-dev libnghttp2-dev libnghttp3-dev)
  wanted=()
  for package in "${packages[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || wanted+=("$package")
  done
  if [ "${#wanted[@]}" -gt 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null ||
      missing=1
  fi
else
  echo "note: not root on Debian, so no system packages are installed"
fi

# h2spec: the newest version that the Go module proxy serves.
if have go && ! have h2spec && [ ! -x "$(go env GOPATH)/bin/h2spec" ]; then
  go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible || missing=1
fi

# quic-go, pinned in go.mod.
if have go; then
  (cd tests/interop/peers/quic_go && go build -o ../bin/quic_go .) || missing=1
fi

# grpc-go's own test client and server.
if have go; then
  bin=$PWD/tests/interop/peers/bin
  for role in client server; do
    [ -x "$bin/grpc_$role" ] && continue
    GOBIN="$bin/grpc" go install "google.golang.org/grpc/interop/$role@v1.85.0" && mv "$bin/grpc/$role" "$bin/grpc_$role" ||
      missing=1
  done
fi

# aioquic and pylsqpack, pinned in requirements.txt, in a virtual environment of their own.
if have python3 && [ ! -x tests/interop/peers/bin/venv/bin/python ]; then
  python3 -m venv tests/interop/peers/bin/venv || missing=1
fi
if [ -x tests/interop/peers/bin/venv/bin/pip ]; then
  tests/interop/peers/bin/venv/bin/pip install --quiet --disable-pip-version-check -r tests/interop/peers/requirements.txt ||
    missing=1
fi

# undici, hpack.js and a newer Node, pinned in package-lock.json.
if have npm; then
  npm ci --prefix tests/interop/peers --no-audit --no-fund --loglevel=error || missing=1
fi
exit "$missing"
