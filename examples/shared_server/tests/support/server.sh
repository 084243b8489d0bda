# Starts PostgreSQL in the directory $1 with the programs in $2, prints `ready`, and ends it when the standard input ends.
# That happens when the process at its other end closes it or is gone, however that came about.
set -e
exec 2>&1
# What is printed for a process that is gone must not end this one.
trap '' PIPE
directory=$1 programs=$2 server=
end() {
    # QUIT ends it at once, and nobody needs what is lost by that. It is ignored at first, so send it until it is heard.
    while [ "$server" ] && kill -QUIT "$server" 2>/dev/null; do sleep 0.05; done
    rm -rf "$directory"
}
trap end EXIT

data=$directory/data
"$programs/initdb" --pgdata="$data" --username=tests --auth=trust --encoding=UTF8 --no-locale --no-sync
"$programs/postgres" -F -D "$data" -k "$directory" -c listen_addresses= >"$directory/log" 2>&1 </dev/null &
server=$!
until grep -q '^ready' "$data/postmaster.pid" 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { cat "$directory/log"; exit 1; }
    sleep 0.05
done
echo ready
read -r _ || :
