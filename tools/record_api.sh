#!/usr/bin/env bash
# Records the public interface that later changes must keep: `bash tools/record_api.sh`, once at each release, and
# commit `.ci/api.tar.xz`. It is the source of the two packages, because what rustdoc writes of it belongs to one
# compiler. `bash .ci/run compatible` compares.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# Without tests, but for the file that a manifest names.
git ls-files -z Cargo.toml cells/Cargo.toml cells/README.md cells/src cells/tests/fork.rs cells-macros |
    grep -zvE '^cells-macros/src/tests/|tests\.rs$' | xargs -0 cp --parents --no-dereference -t "$dir"
sed -i '/^members = \[/,/\]/c members = ["cells", "cells-macros"]' "$dir/Cargo.toml"
# The same bytes from the same source.
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$dir" -cJf .ci/api.tar.xz .
ls -l .ci/api.tar.xz
