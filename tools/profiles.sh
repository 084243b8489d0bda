#!/usr/bin/env bash
# Measures reads in each way to build a release: a read must be inlined wherever it is compiled.
#
#     bash tools/profiles.sh
#
# It builds the benchmark `targets` with each of these, and prints what it says of reads, each beside its peer in the same
# run: the default release profile, and thin LTO with one codegen unit, for both of which the targets hold; then no LTO
# with sixteen codegen units, for information.
#
# It needs cargo. The first time, each way takes a build of the benchmark with all that it depends on.
set -euo pipefail
cd "$(dirname "$0")/.."

# reads TITLE LTO UNITS
reads() {
    echo "$1"
    CARGO_PROFILE_BENCH_LTO=$2 CARGO_PROFILE_BENCH_CODEGEN_UNITS=$3 \
        cargo bench --quiet -p cells-benches --bench targets -- --reads
    echo
}

reads "default release profile" false 16
reads "thin LTO, one codegen unit" thin 1
reads "no LTO, sixteen codegen units; no target" off 16
