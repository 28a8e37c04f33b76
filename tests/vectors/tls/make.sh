#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the certificates of tests/unit/sbc/test_transport_tls.c (OpenSSL 3). They are kept in
# the tree, for a test needs no tools; P-256, valid from 2020 to 2099.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

# issue CA NAME SUBJECT SAN START END
issue() {
	key "$2"
	openssl req -new -key "$2.key" -subj "$3" -out "$work/$2.csr"
	: >"$work/index"
	openssl rand -hex 8 >"$work/serial"
	cat >"$work/ca.cnf" <<END
[ca]
default_ca = d
[d]
new_certs_dir = $work
database = $work/index
serial = $work/serial
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = optional
[e]
basicConstraints = ${7:-CA:FALSE}
${4:+subjectAltName = $4}
END
	openssl ca -batch -notext -config "$work/ca.cnf" -in "$work/$2.csr" -out "$2.pem" \
		-startdate "$5" -enddate "$6" ${8:--cert "$1.pem"} -keyfile "$1.key" 2>/dev/null
}

from=20200101000000Z to=20991231235959Z
for ca in ca stranger_ca; do
	issue $ca $ca "/CN=$ca" "" $from $to critical,CA:TRUE -selfsign
done
issue ca atlanta /CN=x DNS:atlanta.test $from $to
issue ca biloxi /CN=x DNS:biloxi.test,DNS:sip.biloxi.test $from $to
issue ca uri /CN=x URI:sip:chicago.test,URI:sip:joe@denver.test,URI:https://boston.test $from $to
issue ca wildcard /CN=sbc.atlanta.test "DNS:*.atlanta.test" $from $to
issue ca common_name /CN=atlanta.test "" $from $to
issue ca many /CN=x "$(for i in 1 2 3 4 5 6 7 8 9 10; do printf 'DNS:n%s.test,' $i; done)DNS:atlanta.test" $from $to
issue ca expired /CN=x DNS:atlanta.test 20200101000000Z 20200201000000Z
issue stranger_ca stranger /CN=x DNS:atlanta.test $from $to
rm -f ca.key stranger_ca.key
