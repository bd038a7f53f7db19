# Clusters of three nodes on loopback, for scripts/with-servers, which reads this file: Galera with
# the MariaDB of this machine, Group Replication with MySQL.
#
# What COMMAND sees:
#   REV_TEST_GALERA_URLS         the nodes' URLs, with spaces between
#   REV_TEST_GALERA_PIDFILES     the files with their process ids, the same way
#   REV_TEST_GROUP_URLS          the same of the group, which has one primary: the first
#   REV_TEST_GROUP_PIDFILES, REV_TEST_GROUP_STARTS    as those of the frail servers, a word a node

CLUSTER_NAME=6b2f0a3e-0000-11f0-8000-726576677261
NODES="1 2 3"

# A port that nothing listens on, and that was not given before.
PORTS_GIVEN=" "
free_port() {                 # sets FREE_PORT
    while :; do
        FREE_PORT=$(random_port)
        case $PORTS_GIVEN in *" $FREE_PORT "*) continue ;; esac
        grep -qs ":$(printf %04X "$FREE_PORT") " /proc/net/tcp /proc/net/tcp6 && continue
        PORTS_GIVEN="$PORTS_GIVEN$FREE_PORT "
        return
    done
}
member_ports() {              # sets MEMBER_1, MEMBER_2, MEMBER_3 and MEMBERS
    MEMBERS=
    for _i in $NODES; do
        free_port; eval "MEMBER_$_i=$FREE_PORT"
        MEMBERS="$MEMBERS${MEMBERS:+,}127.0.0.1:$FREE_PORT"
    done
}

# ---------------------------------------------------------------- Galera
find_galera() {               # sets GALERA to the library
    GALERA=$(ls /usr/lib/galera/libgalera_smm.so /usr/lib*/galera-4/libgalera_smm.so 2>/dev/null | head -n1)
    [ -n "$GALERA" ]
}
# All nodes begin as copies of one, so no state is ever transferred as a whole: what they lack comes
# from the others' memory. The server still asks for a program that would do it, and this says that
# it is done. The packages' own program is in the one that starts a service.
make_transfer() {
    owned "$DIR/bin"
    cat >"$DIR/bin/wsrep_sst_equal" <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
        --role) role=$2; shift ;;
        --gtid) gtid=$2; shift ;;
        --datadir) datadir=$2; shift ;;
    esac
    shift
done
if [ "$role" = donor ]; then echo "done $gtid"; exit 0; fi
echo "ready 127.0.0.1:1/equal"
echo "$(awk '/^uuid:/ {print $2}' "$datadir/grastate.dat"):0"
END
    chmod 755 "$DIR/bin" "$DIR/bin/wsrep_sst_equal"
}
galera_server() {             # galera_server NAME FOLDER PORT ADDRESS OWN-ADDRESS TRANSFER-PORT
    owned "$DIR/$1.tmp"
    # Its memory of what others may lack is as small as that may be.
    spawn "$1" KILL env "PATH=$DIR/bin:$PATH" "$MYD" --no-defaults $(basedir "$MYB") --datadir="$2" \
        --socket="$DIR/$1.sock" --port="$3" --bind-address=127.0.0.1 --pid-file="$DIR/$1.pid" \
        --tmpdir="$DIR/$1.tmp" --skip-name-resolve --skip-log-bin --binlog-format=ROW \
        --innodb-autoinc-lock-mode=2 --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync \
        --skip-innodb-doublewrite --innodb-log-file-size=8M --innodb-buffer-pool-size=32M \
        --innodb-use-native-aio=0 --performance-schema=OFF --character-set-server=utf8mb4 \
        --default-time-zone=+00:00 --wsrep-on=ON --wsrep-provider="$GALERA" --wsrep-cluster-name=rev \
        --wsrep-cluster-address="gcomm://$4" --wsrep-node-name="$1" --wsrep-node-address=127.0.0.1 \
        --wsrep-sst-method=equal --wsrep-slave-threads=2 \
        --wsrep-provider-options="base_host=127.0.0.1; base_port=${5##*:}; gmcast.listen_addr=tcp://$5; ist.recv_addr=127.0.0.1:$6; gcache.size=16M; gcache.page_size=16M; pc.recovery=false"
}
# An empty server that has been the only node of a cluster once: only then does it know the
# cluster's name and how far it is.
build_galera() {
    cp -a "$MARIA_TEMPLATE" "$1" && rm -f "$1/.complete" || return 1
    printf 'uuid: %s\nseqno: 0\nsafe_to_bootstrap: 1\n' "$CLUSTER_NAME" >"$1/grastate.dat"
    [ "$ROOT" = 0 ] || chown "$RUN_UID:$RUN_GID" "$1/grastate.dat"
    free_port; _port=$FREE_PORT; free_port; _own=$FREE_PORT; free_port
    galera_server first "$1" "$_port" "" "127.0.0.1:$_own" "$FREE_PORT"
    PIDS="$PIDS galera:$SPAWNED"
    up galera first "$_port" "$SPAWNED"
    kill -TERM "$SPAWNED" && wait "$SPAWNED" 2>/dev/null
    rm -f "$1/galera.cache" "$1/gvwstate.dat"
    grep -q "uuid: *$CLUSTER_NAME" "$1/grastate.dat"
}
spawn_galera() {              # spawn_galera NAME PORT
    _i=${1#galera} _first=1
    _address=$MEMBERS; [ "$_i" = 1 ] && _address= || _first=0
    sed -i "s/safe_to_bootstrap:.*/safe_to_bootstrap: $_first/" "$DIR/$1/grastate.dat"
    eval "_own=127.0.0.1:\$MEMBER_$_i"
    free_port
    galera_server "$1" "$DIR/$1" "$2" "$_address" "$_own" "$FREE_PORT"
}
ready_galera() { grep -q 'Synchronized with group, ready for connections' "$DIR/$1.log"; }

start_galera() {
    find_galera || apt_install galera-4
    find_galera || die 69 "no Galera library here: as root, apt-get install galera-4"
    make_transfer
    cached_template maria build_maria "$MYD" || die 70 "mariadb-install-db failed"
    MARIA_TEMPLATE=$TEMPLATE
    cached_template galera build_galera "$MYD" || die 70 "a first node of Galera does not start"
    member_ports
    _urls= _pidfiles=
    # One after another: the first makes the cluster, and gives to one at a time.
    for _i in $NODES; do
        cp -a "$TEMPLATE" "$DIR/galera$_i" && rm -f "$DIR/galera$_i/.complete" || die 70 "cannot copy the template"
        free_port; _port=$FREE_PORT
        spawn_galera "galera$_i" "$_port"; PIDS="$PIDS galera:$SPAWNED"
        up galera "galera$_i" "$_port" "$SPAWNED"
        _urls="$_urls${_urls:+ }mysql://rev:$MY_PASSWORD@127.0.0.1:$PORT/rev"
        _pidfiles="$_pidfiles${_pidfiles:+ }$DIR/galera$_i.pid"
    done
    put REV_TEST_GALERA_URLS "$_urls"
    put REV_TEST_GALERA_PIDFILES "$_pidfiles"
    lap "galera ready"
}

# ---------------------------------------------------------------- Group Replication
spawn_group() {               # spawn_group NAME PORT
    _i=${1#group}
    owned "$DIR/$1.tmp"
    eval "_own=127.0.0.1:\$MEMBER_$_i"
    # What was committed outlives the process, though not the machine.
    spawn "$1" KILL "$SQLD" $(mysql_places) --datadir="$DIR/$1" --socket="$DIR/$1.sock" --port="$2" \
        --bind-address=127.0.0.1 --pid-file="$DIR/$1.pid" --tmpdir="$DIR/$1.tmp" --skip-name-resolve --mysqlx=OFF \
        --secure-file-priv=NULL --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-flush-method=nosync \
        --skip-innodb-doublewrite --innodb-redo-log-capacity=32M --innodb-buffer-pool-size=32M \
        --innodb-use-native-aio=0 --max-connections=100 --table-open-cache=400 --default-time-zone=+00:00 \
        --ssl-cert="$DIR/tls.crt" --ssl-key="$DIR/tls.key" --ssl-ca="$DIR/ca.crt" \
        --server-id="$_i" --report-host=127.0.0.1 --report-port="$2" --plugin-load-add=group_replication.so \
        --group-replication-group-name="$CLUSTER_NAME" --group-replication-start-on-boot=OFF \
        --group-replication-local-address="$_own" --group-replication-group-seeds="$MEMBERS" \
        --group-replication-ip-allowlist=127.0.0.1/8 --group-replication-recovery-get-public-key=ON \
        --group-replication-member-expel-timeout=0 --group-replication-message-cache-size=134217728
}
ready_group() { ready_maria "$1"; }
group_sql() {                 # group_sql NAME STATEMENTS
    "$SQLF/usr/bin/mysql" --no-defaults -urev -p"$MY_PASSWORD" -S "$DIR/$1.sock" -N -e "$2" 2>>"$DIR/group-sql.log"
}

start_group() {
    cached_template mysql build_mysql "$SQLD" || die 70 "mysqld --initialize failed"
    member_ports
    _started=
    for _i in $NODES; do
        cp -a "$TEMPLATE" "$DIR/group$_i" && rm -f "$DIR/group$_i/.complete" || die 70 "cannot copy the template"
        free_port; spawn_group "group$_i" "$FREE_PORT"; PIDS="$PIDS group:$SPAWNED"
        _started="$_started group$_i:$FREE_PORT:$SPAWNED"
    done
    _urls= _pidfiles= _starts= _join="START GROUP_REPLICATION"
    for _s in $_started; do
        _node=${_s%%:*} _s=${_s#*:}
        up group "$_node" "${_s%%:*}" "${_s#*:}"
        _start=$_join
        [ "$_node" = group1 ] && _start="SET GLOBAL group_replication_bootstrap_group = ON; $_join;
            SET GLOBAL group_replication_bootstrap_group = OFF"
        group_sql "$_node" "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'rev', SOURCE_PASSWORD = '$MY_PASSWORD'
            FOR CHANNEL 'group_replication_recovery'; $_start" ||
            { cat "$DIR/group-sql.log" "$DIR/$_node.log" >&2; die 70 "$_node does not join the group"; }
        _urls="$_urls${_urls:+ }mysql://rev:$MY_PASSWORD@127.0.0.1:$PORT/rev"
        _pidfiles="$_pidfiles${_pidfiles:+ }$DIR/$_node.pid"
        _starts="$_starts${_starts:+ }$DIR/start-$_node"
    done
    _ticks=0
    until [ "$(group_sql group1 "SELECT COUNT(*) FROM performance_schema.replication_group_members
        WHERE MEMBER_STATE = 'ONLINE'")" = 3 ]; do
        _ticks=$((_ticks + 1)); [ "$_ticks" -gt 600 ] && die 70 "the group is not whole after 60 s"
        sleep 0.1
    done
    put REV_TEST_GROUP_URLS "$_urls"
    put REV_TEST_GROUP_PIDFILES "$_pidfiles"
    put REV_TEST_GROUP_STARTS "$_starts"
    lap "group ready"
}
