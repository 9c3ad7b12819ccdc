# Runs in the machine of machine.sh, with the deb and the rpm beside it: installs each, and looks at what systemd then has.
set -euo pipefail
config=/etc/amazon/xray/cfg.yaml
say() { echo "== $*"; }
until_ok() { # until_ok COMMAND...: tries it for 20 s
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  journalctl -u xrayd -n 50 --no-pager
  echo "not within 20 s: $*"
  exit 1
}
state() { systemctl show xrayd --value -p "$1"; }
answers() { bash -c 'exec 3<>/dev/tcp/127.0.0.1/2001; printf "GET /livez HTTP/1.0\r\n\r\n" >&3; grep -q "200 OK" <&3'; }
arrives() { grep -q "$1" upstream; }

say 'a configuration that someone has written'
mkdir -p "$(dirname "$config")"
printf 'Version: 2\nRegion: us-east-1\nEndpoint: "http://127.0.0.1:3000"\n' >"$config"
cp "$config" before
printf 'AWS_EC2_METADATA_DISABLED=true\nAWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=secret\n' >/etc/default/xrayd

say 'the deb'
dpkg -i ./*.deb
cmp before "$config" && echo 'the configuration is as it was'
systemctl is-enabled xrayd
until_ok answers
echo "type $(state Type), $(state ActiveState), user $(state User), watchdog $(state WatchdogUSec)"
ps -o user= -p "$(state MainPID)"

bash -c 'source /usr/share/bash-completion/completions/xrayd; complete -p xrayd' | grep -o -- '-F _xrayd'
test -e /usr/share/zsh/site-functions/_xrayd && test -e /usr/share/fish/vendor_completions.d/xrayd.fish
zcat /usr/share/man/man1/xrayd.1.gz | grep -c '^.TH'

say 'a segment'
xrayd local --bind 127.0.0.1:3000 --bind-tcp 127.0.0.1:3000 --http-address off --otlp-http off --otlp-grpc off --zipkin off >upstream 2>&1 &
upstream=$!
until_ok grep -q 'xrayd is ready' upstream
id=$(xray send --to 127.0.0.1:2000 | grep -o '1-[0-9a-f]\{8\}-[0-9a-f]\{24\}' | head -n 1)
until_ok arrives "$id"
echo 'arrived'

say 'a daemon that hangs'
mkdir -p /etc/systemd/system/xrayd.service.d
printf '[Service]\nWatchdogSec=2s\nRestartSec=0\n' >/etc/systemd/system/xrayd.service.d/test.conf
systemctl daemon-reload
systemctl restart xrayd
hung=$(state MainPID)
kill -STOP "$hung"
restarted() { [ "$(state NRestarts)" -ge 1 ] && [ "$(state MainPID)" != "$hung" ] && answers; }
until_ok restarted
echo "restarted after $(journalctl -u xrayd --no-pager | grep -o 'Watchdog timeout' | head -n 1)"
rm -r /etc/systemd/system/xrayd.service.d
systemctl daemon-reload

say 'reload, stop and start'
systemctl restart xrayd
systemctl reload xrayd
systemctl stop xrayd
echo "$(state ActiveState), $(state Result)"
systemctl start xrayd

say 'the deb again, as an upgrade'
dpkg -i ./*.deb >/dev/null
echo "$(state ActiveState)"
cmp before "$config" && echo 'the configuration is as it was'

say 'without the deb'
dpkg -r xrayd >/dev/null
systemctl is-active xrayd || true
cmp before "$config" && echo 'the configuration is as it was'
rm "$config"
dpkg --purge xrayd >/dev/null
userdel xray

say 'the rpm'
rpm --dbpath /tmp/rpmdb --initdb
rpm --dbpath /tmp/rpmdb --nodeps -i ./*.rpm
cat "$config"
printf 'AWS_REGION=us-east-1\n' >>/etc/default/xrayd
systemctl restart xrayd
until_ok answers
echo "type $(state Type), $(state ActiveState), user $(state User)"
rpm --dbpath /tmp/rpmdb -e xrayd
systemctl is-active xrayd || true
kill "$upstream"
