#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what countersip is built and tested with, and builds wolfSSL with use_srtp from
# Debian's signed source package. Quick when nothing is missing. Called by the Makefile:
#   tools/deps.sh PREFIX build|system FLAGS_FILE
# FLAGS_FILE gets the compiler's and linker's flags, for the Makefile to include.
# The system's apt configuration and libraries are never touched: the source comes through
# a private list that names the mirror of the system's own list.
set -eu

prefix=$1
wolfssl=$2
flags_file=$3
here=$(cd "$(dirname "$0")" && pwd)

# The pin: Debian's 5.7.2 with its patches. Another version means another look at
# docs/decisions/wolfssl-build.md.
wolfssl_version=5.7.2
wolfssl_suite=trixie

say() { printf 'deps: %s\n' "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"
	elif command -v sudo >/dev/null 2>&1; then sudo "$@"
	else die "installing packages needs root or sudo; missing:$missing"
	fi
}

apt_packages() {
	command -v dpkg-query >/dev/null 2>&1 || die "this step knows Debian only; see docs/building.md"
	wanted=$(sed -n 's/^\([a-z0-9][^ ]*\).*/\1/p' "$here/packages.txt")
	command -v npm >/dev/null 2>&1 || wanted="$wanted npm" # another nodejs may bring its own
	# shellcheck disable=SC2086
	present=$(dpkg-query -W -f='${Package} ${Status}\n' $wanted 2>/dev/null |
		sed -n 's/ install ok installed$//p')
	missing=
	for package in $wanted; do
		printf '%s\n' "$present" | grep -qxF "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	as_root apt-get -q update >/dev/null
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends $missing >"$prefix/packages.log" 2>&1 ||
		{ tail -n 20 "$prefix/packages.log" >&2; die "installing packages failed"; }
}

# The first Debian mirror in the system's own lists, one-line or deb822 form.
debian_mirror() {
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
			/etc/apt/sources.list.d/*.sources; do
		[ -r "$list" ] || continue
		sed -n -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\/\{0,1\}\) .*/\2/p' \
			-e 's/^URIs: *\([^ ]*debian\/\{0,1\}\) *$/\1/p' "$list"
	done | head -n 1
}

fetch_wolfssl() {
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in the system's apt lists"
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
		"$mirror" "$wolfssl_suite" > "$work/sources.list"
	set -- -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User=root
	apt-get "$@" update >"$work/apt.log" 2>&1 ||
		{ cat "$work/apt.log" >&2; die "cannot read the source list of $wolfssl_suite"; }
	(cd "$work" && apt-get "$@" source wolfssl >>apt.log 2>&1) ||
		{ tail -n 5 "$work/apt.log" >&2; die "cannot fetch wolfSSL's source package"; }
	[ -d "$work/wolfssl-$wolfssl_version" ] ||
		die "the mirror's wolfSSL is not $wolfssl_version: $(ls "$work")"
}

build_wolfssl() {
	stamp=$prefix/.wolfssl-$wolfssl_version-$(cksum < "$here/wolfssl.configure" | cut -d' ' -f1)
	[ -e "$stamp" ] && return 0
	root=$(cd "$prefix" && pwd)
	work=$root/src
	rm -rf "$work"
	mkdir -p "$work"
	say "fetching wolfSSL $wolfssl_version (Debian $wolfssl_suite source package)"
	fetch_wolfssl
	say "building wolfSSL $wolfssl_version, about a minute (log: $work/build.log)"
	flags=$(sed -n '/^-D/p' "$here/wolfssl.configure" | tr '\n' ' ')
	options=$(sed -n '/^--/p' "$here/wolfssl.configure" | tr '\n' ' ')
	cp "$here/../include/base/wolfssl_random.h" "$root"
	# shellcheck disable=SC2086
	(
		cd "$work/wolfssl-$wolfssl_version" && autoreconf -fi &&
		./configure --prefix="$root" $options \
			CFLAGS="-O2 -g -fPIC -include $root/wolfssl_random.h $flags" &&
		make -j"$(nproc)" && make install
	) >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log" >&2; die "wolfSSL did not build"; }
	rm -rf "$work/wolfssl-$wolfssl_version" "$work/lists" "$work/cache" "$work"/*.tar.*
	: > "$root/${stamp##*/}"
	say "wolfSSL $wolfssl_version is in $prefix"
}

# What tools/npm.txt names, unpacked in PREFIX/npm/NAME, if it is what was pinned. Without a
# registry there is no console, and everything else is built.
npm_package() {
	name=$1
	root=$(cd "$prefix" && pwd)/npm
	[ "$(cat "$root/$name/.integrity" 2>/dev/null)" = "$3" ] && return 0
	rm -rf "$root/$name" "$root/fetched"
	mkdir -p "$root/$name" "$root/fetched"
	say "fetching $name $2 (npm)"
	(cd "$root/fetched" && npm pack --silent --ignore-scripts "$name@$2") >"$root/npm.log" 2>&1 ||
		{ say "cannot fetch $name from the npm registry, so there is no console"; return 0; }
	got=sha512-$(openssl dgst -sha512 -binary "$root"/fetched/*.tgz | openssl base64 -A)
	[ "$got" = "$3" ] || die "$name $2 is not what tools/npm.txt pins: $got"
	tar -xzf "$root"/fetched/*.tgz -C "$root/$name" --strip-components=1
	printf '%s' "$3" >"$root/$name/.integrity"
	rm -rf "$root/fetched"
}

npm_packages() {
	command -v npm >/dev/null 2>&1 || return 0
	sed -n 's/^\([a-z][^ ]*\) \([^ ]*\) \([^ ]*\) .*/\1 \2 \3/p' "$here/npm.txt" |
		while read -r name version integrity; do
			npm_package "$name" "$version" "$integrity"
		done
}

# One clear sentence instead of a page of linker errors.
check_wolfssl() {
	probe=$(mktemp -d)
	trap 'rm -rf "$probe"' EXIT
	cat >"$probe/probe.c" <<'C'
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#ifndef WOLFSSL_SRTP
#error lacks use_srtp
#endif
#ifndef WOLFSSL_DTLS
#error lacks DTLS
#endif
#ifndef WOLFSSL_ALWAYS_VERIFY_CB
#error lacks WOLFSSL_ALWAYS_VERIFY_CB
#endif
#ifndef WOLFSSL_CERT_GEN
#error lacks certificate generation
#endif
unsigned int LowResTimer(void);
unsigned int LowResTimer(void) { return 0; } /* asked for by USER_TICKS */
int wolfssl_random(unsigned char *output, unsigned int size);
int wolfssl_random(unsigned char *output, unsigned int size) { (void)output; return size != 0; }
int main(void) { return wolfSSL_Init() != 1; }
C
	# shellcheck disable=SC2086
	${CC:-cc} $1 -o "$probe/probe" "$probe/probe.c" $2 >"$probe/log" 2>&1 || {
		reason=$(sed -n 's/.*#error //p' "$probe/log" | head -n 1)
		die "this wolfSSL ${reason:-cannot be compiled and linked with}; unset WOLFSSL=system to have one built"
	}
}

write_flags() {
	packages='libuv libsrtp2 nettle libosip2 libfyaml jansson libcurl libwebsockets libcares libpcre2-8 libcap-ng sqlite3'
	if [ "$wolfssl" = system ]; then
		pkg-config --exists wolfssl || die "WOLFSSL=system, but pkg-config finds no wolfssl"
		wolf_cppflags=$(pkg-config --cflags wolfssl)
		wolf_libs=$(pkg-config --libs wolfssl)
	else
		wolf_cppflags="-isystem $prefix/include"
		wolf_libs="$prefix/lib/libwolfssl.a"
	fi
	check_wolfssl "$wolf_cppflags" "$wolf_libs -lm -lpthread"
	# shellcheck disable=SC2086
	{
		printf 'DEP_CPPFLAGS := %s %s\n' "$wolf_cppflags" "$(pkg-config --cflags $packages)"
		printf 'DEP_LIBS := %s %s -lm -lpthread\n' "$wolf_libs" "$(pkg-config --libs $packages)"
	} >"$flags_file.new"
	mv "$flags_file.new" "$flags_file"
}

mkdir -p "$prefix"
apt_packages
npm_packages
case $wolfssl in
build) build_wolfssl ;;
system) ;;
*) die "WOLFSSL is build or system" ;;
esac
write_flags
