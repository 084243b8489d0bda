# The examples as programs.

# Every program of the workspace, built with the features that the suites have built everything with: those of one
# package alone are others.
programs() {
    cargo build --workspace --bins --examples
}

# What examples/README.md shows of the examples' output.
examples() {
    bash tools/examples.sh
}

code_search() {
    programs
    local dir
    dir=$(mktemp -d)
    trap "rm -rf '$dir'" EXIT
    mkdir "$dir/tree"
    printf 'fn other() {}\n\nfn needle() {}\n' >"$dir/tree/a.rs"
    printf 'no text, though it has a needle: \xff\n' >"$dir/tree/b.bin"
    ln -s nowhere "$dir/tree/dangling"
    # A copy that an unprivileged user can run: no file is unreadable to root.
    cp target/debug/examples/code_search "$dir"
    chmod 755 "$dir"
    local search=("$dir/code_search" --dir "$dir/tree")

    "${search[@]}" --db "$dir/index.db" needle | tee "$dir/out"
    grep -qx 'a.rs:3: fn needle() {}' "$dir/out"
    for line in "index  *initialized" "index  *waited for .* by 7 callers" "store  *closed .* by its disposer, Ok"; do
        grep -q "^$line" "$dir/out"
    done
    # The bar is for a terminal only.
    "${search[@]}" needle 2>"$dir/err" >/dev/null
    [[ ! -s $dir/err ]]
    TERM=xterm script --quiet --return --command "'$dir/code_search' --dir '$dir/tree' needle" /dev/null </dev/null >"$dir/out"
    for line in "opening store" "indexing" "a.rs:3: fn needle() {}"; do
        grep -qF "$line" "$dir/out"
    done
    "${search[@]}" --db "$dir/index.db" '"needle OR NEAR( fn* -' # again; a query's words are never operators

    echo "this is no database, but long enough to be read as one" >"$dir/corrupt.db"
    refuses "is empty" "${search[@]}" ""
    refuses "No such file" "$dir/code_search" --dir "$dir/none" needle
    refuses "not a database" "${search[@]}" --db "$dir/corrupt.db" needle
    echo secret >"$dir/tree/secret"
    chmod 000 "$dir/tree/secret"
    local unprivileged=()
    [[ $EUID -ne 0 ]] || unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    refuses "cannot read \`secret\`" "${unprivileged[@]}" "${search[@]}" needle
}

# The server as a process, as an operator sees it. Its test covers what it does under load.
web() {
    programs
    local dir server port=
    dir=$(mktemp -d)
    trap "rm -rf '$dir'" EXIT
    mkdir "$dir/tree"
    echo "one needle" >"$dir/tree/a.txt"
    target/debug/web --listen 127.0.0.1:0 --dir "$dir/tree" >"$dir/out" 2>"$dir/log" &
    server=$!
    trap "kill $server; rm -rf '$dir'" EXIT
    until port=$(sed -n 's|^listening on http://127.0.0.1:||p' "$dir/out") && [[ -n $port ]]; do
        kill -0 "$server"
        sleep 0.1
    done
    get "/search?q=needle" | grep -F '"text":"one needle"'
    get "/search?q=" | grep -F "400 Bad Request"
    get "/cells.json" | grep -F '"name":"index","state":"ready","generation":1'
    get "/cells" | grep -F '<title>Code search</title>'
    get "/livez" | grep -qx yes
    get "/readyz?verbose" | grep -qx "ready: yes"
    get "/metrics" | grep -Fx 'cells_init_seconds_count{cell="index",status="ok"} 1'
    echo "another needle" >"$dir/tree/a.txt"
    kill -HUP "$server"
    until grep -qx reloaded "$dir/out"; do sleep 0.1; done
    get "/search?q=needle" | grep -F '"text":"another needle"'
    kill -TERM "$server"
    wait "$server"
    trap "rm -rf '$dir'" EXIT
    cat "$dir/out"
    grep -q "^store  *disposed" "$dir/out"
    cat "$dir/log"
    grep -A1 'cell.init cell="index", generation=2' "$dir/log" | grep -F "indexed, files=1"
    local code=0
    target/debug/web --listen 127.0.0.1:0 --dir "$dir/none" 2>"$dir/log" || code=$?
    [[ $code -eq 2 ]]
    tail -n 1 "$dir/log" | grep "^web: cannot search .*No such file"
}

# get PATH: prints the response of the server at $port.
get() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&"$connection"
    cat <&"$connection"
    exec {connection}>&-
}

# refuses TEXT COMMAND...: the command must exit with 2, with one line on standard error that contains the text.
refuses() {
    local text=$1 code=0 said
    shift
    said=$("$@" 2>&1 >/dev/null) || code=$?
    echo "$code: $said"
    [[ $code -eq 2 && $(wc -l <<<"$said") -eq 1 && $said == *"$text"* ]]
}

# Programs that compare what their cells did with what cells promise, and fail if that is not the same.
ageing() {
    programs
    target/debug/token --seconds 10 | tee target/ci/token.out
    grep -qx "every promise was kept" target/ci/token.out
}

# Examples whose tests share nothing: side by side in one process, again and again; one after the other; and with a
# process for each test. Of the whole workspace, so that nothing is built with other features than before. Tests that run a
# whole program for a while are left out of the repetitions.
sandboxes() {
    local tests=(--workspace --test newsletter --test worker --test token --test key_set) threads
    for threads in 1 4 16; do
        cargo test -q "${tests[@]}" -- --test-threads="$threads" --skip whole_run
    done
    nextest "${tests[@]}"
}

# nextest ARGUMENT...: tests once more with a process for each, where that is installed.
nextest() {
    if cargo nextest --version; then
        cargo nextest run "$@"
    else
        echo "skipped tests with a process for each: no cargo-nextest on PATH"
    fi
}

# Tests that share one database server, in one process and with a process for each, must leave nothing. Of the whole
# workspace, so that nothing is built with other features than before.
shared_server() {
    local tests=(--workspace --test shared_server)
    type -P initdb || compgen -G "/usr/lib/postgresql/*/bin/initdb" || skip "PostgreSQL is not installed, and cannot be"
    export TMPDIR
    TMPDIR=$(mktemp -d)
    trap "rm -rf '$TMPDIR'" EXIT
    chmod 1777 "$TMPDIR" # the server may be another user's
    cargo test "${tests[@]}" -- --nocapture 2>&1 | tee target/ci/shared-server.out
    grep -F "postgres: stopped" target/ci/shared-server.out
    nextest "${tests[@]}"
    ls -A "$TMPDIR"
    [[ -z $(ls -A "$TMPDIR") ]]
}

part examples
step "small examples" examples
step "code search" code_search
step "web" web
step "ageing" ageing
step "sandboxes" sandboxes
step "shared server" shared_server debian
