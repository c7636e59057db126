#!/bin/sh
# Installs Debian packages (the arguments) without letting them start services, now or at boot.
# Runs to its end on its own, so that an interrupted `up` leaves neither a half-installed package
# nor the policy file behind.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
POLICY=/usr/sbin/policy-rc.d
MARK='legal-ai local stack: temporary'
CLUSTERS=/etc/postgresql-common/createcluster.conf
LINE="create_main_cluster = false # $MARK"
APT="apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3"
SERVICES="etcd containerd redis-server postgresql prometheus prometheus-alertmanager
  prometheus-node-exporter prometheus-postgres-exporter"

undo() {
    if grep -qs "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
    if [ -e "$POLICY.legal-ai-saved" ]; then mv "$POLICY.legal-ai-saved" "$POLICY"; fi
    if grep -qs "$MARK" "$CLUSTERS"; then sed -i "/$MARK/d" "$CLUSTERS"; fi
}

# Debian has no other way to say "do not start it": invoke-rc.d and deb-systemd-invoke ask this file.
forbid_services() {
    if [ -e "$POLICY" ]; then mv "$POLICY" "$POLICY.legal-ai-saved"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" > "$POLICY"
    chmod 755 "$POLICY"
}

# A server's first installation makes a cluster and would start it; ours is elsewhere.
forbid_cluster() {
    if [ -e "$CLUSTERS" ] && ! grep -qs "$MARK" "$CLUSTERS"; then printf '%s\n' "$LINE" >> "$CLUSTERS"; fi
}

# What was there before starts at boot as its owner wants; what we brought does not.
disable_new_services() {
    for service in $SERVICES; do
        case "$present" in *" $service "*) continue ;; esac
        if [ -e "/lib/systemd/system/$service.service" ]; then
            systemctl --root=/ disable "$service" 2> /dev/null || true
        fi
    done
}

undo
[ "${1:-}" != --undo ] || exit 0
present=" "
for service in $SERVICES; do
    if [ -e "/lib/systemd/system/$service.service" ]; then present="$present$service "; fi
done
trap 'disable_new_services; undo' EXIT
trap 'exit 130' INT TERM HUP
forbid_services
forbid_cluster
if [ -n "$(dpkg --audit)" ]; then dpkg --configure -a; fi
$APT update
case " $* " in *" postgresql"*)
    $APT install --no-install-recommends postgresql-common
    forbid_cluster ;;
esac
$APT install --no-install-recommends "$@"
