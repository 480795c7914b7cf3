#!/bin/bash
# The master and its gateway: where one ends, both do, and the container starts again.
set -eu
run() {
  exec java -XX:+ExitOnOutOfMemoryError -Djava.net.preferIPv4Stack=true -Dlog4j.configuration=file:/opt/hbase/conf/log4j.properties \
    -cp '/opt/hbase/conf:/opt/hbase/lib/*' "$@"
}
(run -Xmx640m org.apache.hadoop.hbase.master.HMaster start) &
(run -Xmx256m org.apache.hadoop.hbase.thrift2.ThriftServer -p 9090 -b 0.0.0.0 --infoport -1 start) &
trap 'kill $(jobs -p); wait' TERM INT
wait -n
status=$?
kill $(jobs -p) 2>/dev/null || true
wait
exit "$status"
