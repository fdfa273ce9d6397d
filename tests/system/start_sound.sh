#!/bin/bash
# A real sound path without a sound card: PulseAudio with an 8-channel null sink and a null microphone.
#   eval "$(tests/system/start_sound.sh DIR)"              sets PULSE_SERVER and SOUND_PID; stop it with kill $SOUND_PID
#   parec -d speakers.monitor --rate=48000 --channels=8 --channel-map=$SOUND_MAP --format=float32le --file-format=wav out.wav
# The server asks for the priorities that it has on a desk (Debian's defaults, there granted by rtkit).
# Needs: apt-get install libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins
set -eu
dir=$1
map=front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right
mkdir -p -m 700 "$dir/run" "$dir/home"
export PULSE_RUNTIME_PATH=$dir/run PULSE_STATE_PATH=$dir/home PULSE_COOKIE=$dir/home/cookie PULSE_SERVER=unix:$dir/run/native
env -u DISPLAY -u DBUS_SESSION_BUS_ADDRESS pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit \
  --use-pid-file=no --high-priority=yes --realtime=yes --log-target="file:$dir/pulse.log" \
  -L "module-native-protocol-unix auth-anonymous=1 socket=$dir/run/native" \
  -L "module-null-sink sink_name=speakers rate=48000 channels=8 channel_map=$map format=float32le" \
  -L "module-null-sink sink_name=mic rate=48000 channels=2 format=float32le" >/dev/null 2>&1 &
pid=$!
for try in $(seq 50); do pactl info >/dev/null 2>&1 && break; sleep .1; done
pactl set-default-sink speakers
pactl set-default-source mic.monitor
cat <<EOF
export PULSE_SERVER=$PULSE_SERVER PULSE_RUNTIME_PATH=$PULSE_RUNTIME_PATH PULSE_STATE_PATH=$PULSE_STATE_PATH PULSE_COOKIE=$PULSE_COOKIE
export SOUND_MAP=$map SOUND_PID=$pid
EOF
