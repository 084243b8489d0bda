#!/usr/bin/env bash
# rustdoc that writes JSON, as tools that compare interfaces read it. The flag is unstable; set for rustdoc alone, it
# changes no dependency's build.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@" --document-private-items --document-hidden-items --cap-lints=allow \
    -Z unstable-options --output-format json
