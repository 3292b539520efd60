#!/bin/sh
# make-root.sh DIR PACKAGES: makes the file system that all machines stand on, unless it is there. Call it under a lock of DIR.
# It gets its name when it is whole, so that what was cut off halfway is never taken for one.
set -eu
umask 022
[ ! -d "$1" ] || exit 0

# Fetch the way this machine's own apt does: from its mirror, through its proxy.
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: bookworm' | head -n 1)
(umask 077 && apt-config dump Acquire >"$1.conf")

rm -rf --one-file-system "$1.part"
mmdebstrap --quiet --mode=root --variant=minbase --include="$2" --aptopt="$1.conf" \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$1.part" ${mirror:+"$mirror"}
rm -f "$1.conf" "$1.part/etc/apt/apt.conf.d/99mmdebstrap"
cd "$1.part"

# Each machine has its own keys, id and names. `*` is no password; `!` would be a locked account.
rm -f etc/ssh/ssh_host_*
: >etc/machine-id
: >etc/hostname
: >etc/hosts
useradd --root "$PWD" --create-home --uid 1500 --shell /bin/bash --password '*' deploy
install -d -m 700 root/.ssh
install -d -m 700 -o 1500 -g 1500 home/deploy/.ssh
install -m 600 /dev/null root/.ssh/authorized_keys
install -m 600 -o 1500 -g 1500 /dev/null home/deploy/.ssh/authorized_keys
cat >etc/ssh/sshd_config.d/test.conf <<END
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
END

# Until this unit has run, PAM lets only root in ("System is booting up"): who reaches sshd shall be able to log in.
mkdir -p etc/systemd/system/ssh.service.d
printf '[Unit]\nAfter=systemd-user-sessions.service\n' >etc/systemd/system/ssh.service.d/test.conf

# Nothing of the distribution's own may start in the middle of a test.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer; do
  ln -sf /dev/null "etc/systemd/system/$unit"
done

mv "$1.part" "$1"
