#!/bin/sh
# start.sh serve|work: one process of the bus, told by the bench's variables where everything is.
# LIENTHONG_PYTHON: another interpreter than this tree's own environment.
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
export LIENTHONG_CONFIG="$here/config" LIENTHONG_SYSTEMS="$here/systems" LIENTHONG_DATA="$WORKDIR/data"
export LIENTHONG_DOOR__PORT="$PORT" LIENTHONG_QUEUE__REDIS_URL="$REDIS_URL"
export LIENTHONG_SIGNING__KEY="file:$BENCH_ROOT/data/keys/bus.key"
export LIENTHONG_SIGNING__CERTIFICATE="file:$BENCH_ROOT/data/keys/bus.crt"
export LIENTHONG_ENDPOINTS__BENCH_CONG__ADDRESS="$SINK_URL" LIENTHONG_ENDPOINTS__BENCH_SO__ADDRESS="$DEPT_URL"
[ "$SIGN_PROFILE" != xmldsig ] || export LIENTHONG_ENDPOINTS__BENCH_CONG__SYSTEM=bench_cong_ky
BENCH_PORTAL_KEY=$(cat "$BENCH_ROOT/data/keys/portal.pub")
export BENCH_PORTAL_KEY
cd "$root" && exec "${LIENTHONG_PYTHON:-$root/.venv/bin/python}" -m bus.cli "$@"
