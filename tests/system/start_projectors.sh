#!/bin/bash
# Simulated projectors: an X server whose RANDR outputs are as many and as large as asked.
#   start_projectors.sh :N WxH [WxH ...]      prints the server's pid; stop it with kill PID
# Needs root and: apt-get install xserver-xorg-core xserver-xorg-video-dummy x11-xserver-utils
set -u
display=$1; shift
here=$(dirname "$(readlink -f "$0")")
logs=$(mktemp -d)
Xorg "$display" -config "$here/projectors.conf" -noreset -ac -nolisten tcp -logfile "$logs/xorg.log" \
  -novtswitch -sharevts >"$logs/xorg.out" 2>&1 &
pid=$!
export DISPLAY=$display
for try in $(seq 60); do
  xrandr >/dev/null 2>&1 || { sleep .1; continue; }
  x=0; i=0; args=()
  for size in "$@"; do
    xrandr --addmode "DUMMY$i" "$size" 2>/dev/null
    args+=(--output "DUMMY$i" --mode "$size" --pos "${x}x0")
    x=$((x + ${size%x*})); i=$((i + 1))
  done
  xrandr "${args[@]}" 2>/dev/null && [ "$(xrandr --listmonitors | grep -c DUMMY)" = $# ] && { echo "$pid"; exit 0; }
  sleep .1
done
echo "no outputs after 6 s; see $logs" >&2
kill "$pid"
exit 1
