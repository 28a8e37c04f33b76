/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Botan 2 as a DTLS-SRTP peer; see peer.h. */

#include "tests/peers/dtls/peer.h"

#include <iostream>
#include <memory>

#include <botan/auto_rng.h>
#include <botan/data_src.h>
#include <botan/hash.h>
#include <botan/hex.h>
#include <botan/pkcs8.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_server.h>
#include <botan/tls_session_manager.h>

namespace {

const char *profile_name(unsigned profile)
{
	switch (profile) {
	case 1:
		return "SRTP_AES128_CM_HMAC_SHA1_80";
	case 2:
		return "SRTP_AES128_CM_HMAC_SHA1_32";
	case 7:
		return "SRTP_AEAD_AES_128_GCM";
	case 8:
		return "SRTP_AEAD_AES_256_GCM";
	default:
		return "none";
	}
}

struct policy : Botan::TLS::Policy {
	explicit policy(const peer &p) : settings(p) {}
	std::vector<uint16_t> srtp_profiles() const override
	{
		return {static_cast<uint16_t>(settings.profile)};
	}
	bool allow_tls10() const override { return false; }
	bool allow_tls11() const override { return false; }
	bool allow_tls12() const override { return false; }
	bool allow_dtls10() const override { return false; }
	bool allow_dtls12() const override { return true; }
	bool require_cert_revocation_info() const override { return false; }
	bool require_client_certificate_authentication() const override { return true; }
	size_t dtls_default_mtu() const override { return settings.mtu; }
	size_t dtls_initial_timeout() const override { return PEER_RETRANSMIT_MS; }
	const peer &settings;
};

struct callbacks : Botan::TLS::Callbacks {
	explicit callbacks(const peer &p) : settings(p) {}
	void tls_emit_data(const uint8_t bytes[], size_t len) override
	{
		if (send(settings.fd, bytes, len, 0) < 0)
			perror("send");
	}
	void tls_record_received(uint64_t, const uint8_t[], size_t) override {}
	void tls_alert(Botan::TLS::Alert alert) override
	{
		is_closed = alert.is_fatal() ||
			    alert.type() == Botan::TLS::Alert::CLOSE_NOTIFY;
		if (is_closed)
			peer_print("closed", alert.type_string().c_str());
	}
	bool tls_session_established(const Botan::TLS::Session &session) override
	{
		peer_print("version", session.version().to_string().c_str());
		peer_print("cipher", session.ciphersuite().to_string().c_str());
		peer_print("profile", profile_name(session.dtls_srtp_profile()));
		for (const auto &certificate : session.peer_certs()) {
			peer_print("fingerprint", certificate.fingerprint("SHA-256").c_str());
			break;
		}
		return false; /* nothing to keep */
	}
	/* Whatever it is: the fingerprint is compared by who started us. */
	void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate> &,
		const std::vector<std::shared_ptr<const Botan::OCSP::Response>> &,
		const std::vector<Botan::Certificate_Store *> &, Botan::Usage_Type,
		const std::string &, const Botan::TLS::Policy &) override
	{
	}
	void tls_session_activated() override { is_up = true; }
	const peer &settings;
	bool is_up = false, is_closed = false;
};

struct credentials : Botan::Credentials_Manager {
	explicit credentials(const peer &p)
	{
		Botan::DataSource_Stream source(p.key);

		key = Botan::PKCS8::load_key(source);
		chain.push_back(Botan::X509_Certificate(std::string(p.certificate)));
	}
	std::vector<Botan::X509_Certificate> cert_chain(const std::vector<std::string> &types,
		const std::string &, const std::string &) override
	{
		for (const auto &type : types) {
			if (type == key->algo_name())
				return chain;
		}
		return {};
	}
	Botan::Private_Key *private_key_for(const Botan::X509_Certificate &, const std::string &,
		const std::string &) override
	{
		return key.get();
	}
	Botan::SymmetricKey psk(const std::string &type, const std::string &context,
		const std::string &) override
	{
		if (type == "tls-server" && context == "dtls-cookie-secret")
			return Botan::SymmetricKey(std::string(64, '5'));
		throw Botan::Invalid_Argument("no PSK here");
	}
	std::vector<Botan::X509_Certificate> chain;
	std::unique_ptr<Botan::Private_Key> key;
};

void run(const peer &settings)
{
	Botan::AutoSeeded_RNG rng;
	Botan::TLS::Session_Manager_Noop sessions;
	policy rules(settings);
	callbacks events(settings);
	credentials own(settings);
	std::unique_ptr<Botan::TLS::Channel> channel;
	uint8_t bytes[4096];
	bool is_told = false;

	if (settings.is_server)
		channel.reset(new Botan::TLS::Server(events, sessions, own, rules, rng, true));
	else
		channel.reset(new Botan::TLS::Client(events, sessions, own, rules, rng,
			Botan::TLS::Server_Information(),
			Botan::TLS::Protocol_Version::latest_dtls_version()));
	while (!events.is_closed) {
		if (peer_wait(&settings, 50)) {
			ssize_t n = recv(settings.fd, bytes, sizeof(bytes), 0);

			if (n > 0)
				channel->received_data(bytes, static_cast<size_t>(n));
		} else {
			channel->timeout_check();
		}
		if (events.is_up && !is_told) {
			auto material = channel->key_material_export(
				PEER_LABEL, "", peer_material_len(settings.profile));

			peer_print_hex("key", material.begin(), material.length(), "");
			is_told = true;
		}
	}
}

} // namespace

int main(int argc, char **argv)
{
	peer settings;

	if (peer_open(&settings, argc, argv))
		return 2;
	try {
		run(settings);
	} catch (const std::exception &error) {
		return peer_fail(error.what());
	}
	return 0;
}
