#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts what was built where an operator expects it. Called by make install:
#   tools/install.sh BUILD DESTDIR PREFIX UNITDIR
# A configuration that is there stays as it is. Nothing is started, no user is made: what is
# left to do is said at the end.
set -eu

build=$1
destdir=$2
prefix=$3
unitdir=$4
cd "$(dirname "$0")/.."

put() { # MODE FROM TO
	install -D -m "$1" "$2" "$destdir$3"
	printf '  %s\n' "$destdir$3"
}

# The unit with the path of this installation.
put_unit() {
	sed "s|/usr/local/sbin/|$prefix/sbin/|" "contrib/systemd/$1" >"$build/$1"
	put 644 "$build/$1" "$unitdir/$1"
}

put_config() {
	to=/etc/countersip/countersip.yaml
	[ ! -e "$destdir$to" ] || { printf '  %s is yours and stays\n' "$destdir$to"; return; }
	sed -e 's|build/state|/var/lib/countersip|g' -e 's|build/run|/run/countersip|g' \
		-e "s|build/console|$prefix/share/countersip/console|g" \
		config/countersip.yaml >"$build/installed.yaml"
	put 640 "$build/installed.yaml" "$to"
}

put 755 "$build/countersip" "$prefix/sbin/countersip"
put 755 "$build/countersipctl" "$prefix/sbin/countersipctl"
put 644 docs/man/countersip.8 "$prefix/share/man/man8/countersip.8"
put 644 docs/man/countersipctl.8 "$prefix/share/man/man8/countersipctl.8"
put 644 "$build/man/countersip.yaml.5" "$prefix/share/man/man5/countersip.yaml.5"
put 644 contrib/countersipctl.bash "$prefix/share/bash-completion/completions/countersipctl"
for file in build/console/*; do
	put 644 "$file" "$prefix/share/countersip/console/${file##*/}"
done
put_unit countersip.service
put_unit countersip@.service
put 644 contrib/systemd/countersip.sysusers /usr/lib/sysusers.d/countersip.conf
put_config

cat <<END
install: done. Then, as root:
  systemd-sysusers                              makes the user countersip
  chgrp countersip /etc/countersip/countersip.yaml
  systemctl daemon-reload
  $prefix/sbin/countersip -c /etc/countersip/countersip.yaml
  systemctl enable --now countersip
END
