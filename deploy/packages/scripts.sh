# What the deb and the rpm do after they were installed (installed=…), before they are removed (leaving=…) and after that (left=…).
# The rest of the arguments is the package system's: deb's say what happens, rpm's how many versions are left.
config=/etc/amazon/xray/cfg.yaml
is_systemd() { [ -d /run/systemd/system ]; }
is_first() {
  case ${installed:-} in
    deb) [ -z "${2:-}" ] ;;
    rpm) [ "${1:-1}" -eq 1 ] ;;
  esac
}
is_removal() {
  case ${leaving:-}${left:-} in
    deb) [ "${1:-}" = remove ] || [ "${1:-}" = purge ] ;;
    rpm) [ "${1:-1}" -eq 0 ] ;;
  esac
}

if [ -n "${installed:-}" ]; then
  if ! getent passwd xray >/dev/null; then
    useradd --system --user-group --no-create-home --home-dir /var/lib/xrayd --shell /usr/sbin/nologin xray
  fi
  # Whoever has a configuration keeps it as it is, also one of aws-xray-daemon; so it belongs to no package.
  if [ ! -e "$config" ]; then install -D -m 0644 /usr/share/xrayd/cfg.yaml "$config"; fi
  if is_systemd; then systemctl daemon-reload; fi
  if is_first "$@"; then
    systemctl enable xrayd || true
    # A failed start is in the journal, and does not leave a package half installed.
    if is_systemd; then systemctl restart xrayd || true; fi
  elif is_systemd; then
    systemctl try-restart xrayd || true
  fi
elif is_removal "$@"; then
  if [ -n "${leaving:-}" ]; then
    if is_systemd; then systemctl disable --now xrayd || true; else systemctl disable xrayd || true; fi
  else
    if is_systemd; then systemctl daemon-reload; fi
    # What could not be sent yet stays, except after dpkg --purge.
    if [ "${1:-}" = purge ]; then rm -rf /var/lib/xrayd /var/lib/private/xrayd; fi
  fi
fi
