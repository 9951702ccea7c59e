// SPDX-License-Identifier: GPL-2.0-or-later
/* Real handshakes between two sides in one process, over a pair of memory BIOs. */
#include "tests/unit/unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/tls.h"
#include "tests/unit/pki.h"
#include "tests/unit/temporary.h"

#define DAY 86400L

struct pair {
	SSL *client;
	SSL *server;
	char client_error[TLS_ERROR_MAX]; /* empty: the handshake went well, and so did a byte each way */
	char server_error[TLS_ERROR_MAX];
};

static SSL_CTX *client_context(struct tls_files files)
{
	char error[TLS_ERROR_MAX] = "";
	SSL_CTX *context = tls_client_context(&files, error, sizeof(error));

	if (!context)
		fail_msg("%s", error);
	return context;
}

static SSL_CTX *server_context(struct tls_files files)
{
	char error[TLS_ERROR_MAX] = "";
	SSL_CTX *context = tls_server_context(&files, error, sizeof(error));

	if (!context)
		fail_msg("%s", error);
	return context;
}

/* One side that is not ours: no rule of lib/tls.c holds for it. No certificate where `name` is NULL. */
static SSL_CTX *foreign_context(const SSL_METHOD *method, const char *name, int version)
{
	SSL_CTX *context = SSL_CTX_new(method);

	assert_non_null(context);
	if (name) {
		struct tls_files files = pki_files(name);

		assert_int_equal(SSL_CTX_use_certificate_chain_file(context, files.certificate), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM), 1);
	}
	assert_int_equal(SSL_CTX_set_min_proto_version(context, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(context, version), 1);
	return context;
}

/* One turn of one side. True once it is done, well or not. */
static bool step(SSL *ssl, const char *send, char *error)
{
	char byte;
	int result;

	result = SSL_do_handshake(ssl);
	if (result == 1 && SSL_is_init_finished(ssl)) {
		SSL_write(ssl, send, 1);
		result = SSL_read(ssl, &byte, 1);
		if (result == 1)
			return true;
	}
	if (SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ || SSL_get_error(ssl, result) == SSL_ERROR_WANT_WRITE)
		return false;
	tls_describe_error(ssl, error, TLS_ERROR_MAX);
	return true;
}

/* Takes both contexts over. */
static struct pair shake(SSL_CTX *client, SSL_CTX *server, const char *host)
{
	struct pair pair = {.client = SSL_new(client), .server = SSL_new(server)};
	bool client_done = false, server_done = false;
	BIO *client_bio, *server_bio;

	assert_int_equal(BIO_new_bio_pair(&client_bio, 65536, &server_bio, 65536), 1);
	SSL_set_bio(pair.client, client_bio, client_bio);
	SSL_set_bio(pair.server, server_bio, server_bio);
	SSL_set_connect_state(pair.client);
	SSL_set_accept_state(pair.server);
	if (host)
		assert_true(tls_expect_host(pair.client, host));
	for (int turn = 0; turn < 20 && !(client_done && server_done); turn++) {
		if (!client_done)
			client_done = step(pair.client, "c", pair.client_error);
		if (!server_done)
			server_done = step(pair.server, "s", pair.server_error);
	}
	SSL_CTX_free(client);
	SSL_CTX_free(server);
	return pair;
}

static void end(struct pair *pair)
{
	SSL_free(pair->client);
	SSL_free(pair->server);
	assert_int_equal(ERR_peek_error(), 0); /* whatever happened, nobody finds our errors in the queue */
}

/* A handshake between our two sides that must fail; with what each has to say. */
static void refuse(SSL_CTX *client, SSL_CTX *server, const char *host, const char *client_says, const char *server_says)
{
	struct pair pair = shake(client, server, host);

	assert_non_null(strstr(pair.client_error, client_says));
	assert_non_null(strstr(pair.server_error, server_says));
	assert_null(strchr(pair.client_error, '\n'));
	end(&pair);
}

static void both_sides_know_each_other(void **state)
{
	struct pair pair =
		shake(client_context(pki_files(PKI_ROUTER)), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);
	char name[TLS_NAME_MAX] = "";

	assert_string_equal(pair.client_error, "");
	assert_string_equal(pair.server_error, "");
	assert_string_equal(SSL_get_version(pair.client), "TLSv1.3");
	assert_true(tls_peer_dns_name(pair.server, name, sizeof(name)));
	assert_string_equal(name, PKI_ROUTER);
	assert_false(tls_peer_email(pair.server, name, sizeof(name)));
	assert_true(tls_peer_dns_name(pair.client, name, sizeof(name)));
	assert_string_equal(name, PKI_CONTROLLER);
	end(&pair);

	pair = shake(client_context(pki_files(PKI_OPERATOR)), server_context(pki_files(PKI_CONTROLLER)), "localhost");
	assert_string_equal(pair.client_error, "");
	assert_true(tls_peer_email(pair.server, name, sizeof(name)));
	assert_string_equal(name, PKI_OPERATOR);
	assert_false(tls_peer_dns_name(pair.server, name, sizeof(name)));
	end(&pair);
}

static void the_host_is_a_name_or_an_address(void **state)
{
	static const char *const good[] = {"127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "localhost", "CONTROLLER1.example.net"};
	static const char *const bad[] = {"127.0.0.2", "::2", "controller2.example.net", "example.net",
					  "x.controller1.example.net"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct pair pair = shake(client_context(pki_files(PKI_ROUTER)),
					 server_context(pki_files(PKI_CONTROLLER)), good[i]);

		assert_string_equal(pair.client_error, "");
		assert_string_equal(pair.server_error, "");
		end(&pair);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_files(PKI_CONTROLLER)), bad[i], bad[i],
		       "alert");
}

/* To OpenSSL an empty name means "any"; here it means that somebody forgot it. */
static void no_host_is_no_host(void **state)
{
	SSL_CTX *context = client_context(pki_files(PKI_ROUTER));
	SSL *ssl = SSL_new(context);

	assert_false(tls_expect_host(ssl, ""));
	assert_false(tls_expect_host(ssl, NULL));
	SSL_free(ssl);
	SSL_CTX_free(context);
}

/* Neither the subject's common name nor a wildcard names a host. */
static void only_whole_alternative_names_count(void **state)
{
	pki_issue("common", &(struct pki_request){.common_name = PKI_CONTROLLER, .usage = "serverAuth", .begins = -DAY,
						  .ends = DAY});
	pki_issue("wildcard", &(struct pki_request){.usage = "serverAuth", .san_type = GEN_DNS, .san = "*.example.net",
						    .san_size = 13, .begins = -DAY, .ends = DAY});
	refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_files("common")), PKI_CONTROLLER,
	       "does not name " PKI_CONTROLLER, "alert");
	refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_files("wildcard")), PKI_CONTROLLER,
	       "does not name " PKI_CONTROLLER, "alert");
}

static void another_ca_is_refused(void **state)
{
	/* OpenSSL's own places for CAs must make no difference */
	setenv("SSL_CERT_FILE", pki_other_files("ca").certificate, 1);
	setenv("SSL_CERT_DIR", temporary_path("other"), 1);
	refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_other_files(PKI_CONTROLLER)), PKI_CONTROLLER,
	       "not signed by the CA in our CA file", "does not know the CA that signed our certificate");

	/* The client trusts the server's CA, but its own certificate is of another. */
	struct tls_files mixed = pki_other_files(PKI_ROUTER);

	mixed.ca = pki_files(PKI_ROUTER).ca;
	refuse(client_context(mixed), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER,
	       "does not know the CA that signed our certificate", "not signed by the CA in our CA file");
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
}

static void dates_are_checked(void **state)
{
	struct pki_request request = {.san_type = GEN_DNS, .san = PKI_CONTROLLER, .san_size = strlen(PKI_CONTROLLER)};

	request.begins = -10 * DAY;
	request.ends = -DAY;
	request.usage = "serverAuth";
	pki_issue("expired-server", &request);
	request.usage = "clientAuth";
	pki_issue("expired-client", &request);
	request.begins = DAY;
	request.ends = 10 * DAY;
	request.usage = "serverAuth";
	pki_issue("future-server", &request);

	refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_files("expired-server")), PKI_CONTROLLER,
	       "the other side's certificate has expired", "our certificate has expired");
	refuse(client_context(pki_files("expired-client")), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER,
	       "our certificate has expired", "the other side's certificate has expired");
	refuse(client_context(pki_files(PKI_ROUTER)), server_context(pki_files("future-server")), PKI_CONTROLLER,
	       "not valid yet", "alert");
}

/* A certificate for one role does not do in the other, and one that names no role does in none. */
static void the_usage_must_be_named(void **state)
{
	struct pki_request request = {.san_type = GEN_DNS, .san = PKI_CONTROLLER, .san_size = strlen(PKI_CONTROLLER),
				      .begins = -DAY, .ends = DAY};

	pki_issue("no-usage", &request);
	refuse(client_context(pki_files(PKI_ROUTER)), foreign_context(TLS_server_method(), "no-usage", TLS1_3_VERSION),
	       PKI_CONTROLLER, "lacks the extended key usage serverAuth", "");
	request.usage = "clientAuth";
	pki_issue("client-usage", &request);
	refuse(client_context(pki_files(PKI_ROUTER)),
	       foreign_context(TLS_server_method(), "client-usage", TLS1_3_VERSION), PKI_CONTROLLER,
	       "lacks the extended key usage serverAuth", "");
	request.usage = "anyExtendedKeyUsage";
	pki_issue("any-usage", &request);
	refuse(client_context(pki_files(PKI_ROUTER)), foreign_context(TLS_server_method(), "any-usage", TLS1_3_VERSION),
	       PKI_CONTROLLER, "lacks the extended key usage serverAuth", "");

	refuse(foreign_context(TLS_client_method(), "no-usage", TLS1_3_VERSION),
	       server_context(pki_files(PKI_CONTROLLER)), NULL, "not made for this use",
	       "lacks the extended key usage clientAuth");
	refuse(foreign_context(TLS_client_method(), PKI_CONTROLLER, TLS1_3_VERSION),
	       server_context(pki_files(PKI_CONTROLLER)), NULL, "not made for this use",
	       "lacks the extended key usage clientAuth");
}

static void nothing_older_than_1_3(void **state)
{
	refuse(foreign_context(TLS_client_method(), PKI_ROUTER, TLS1_2_VERSION),
	       server_context(pki_files(PKI_CONTROLLER)), NULL, "does not speak TLS 1.3", "does not speak TLS 1.3");
	refuse(client_context(pki_files(PKI_ROUTER)),
	       foreign_context(TLS_server_method(), PKI_CONTROLLER, TLS1_2_VERSION), PKI_CONTROLLER,
	       "does not speak TLS 1.3", "does not speak TLS 1.3");
}

static void a_client_without_a_certificate_is_refused(void **state)
{
	struct pair pair = shake(foreign_context(TLS_client_method(), NULL, TLS1_3_VERSION),
				 server_context(pki_files(PKI_CONTROLLER)), NULL);
	char name[TLS_NAME_MAX] = "untouched";

	assert_string_equal(pair.server_error, "the other side showed no certificate");
	assert_string_equal(pair.client_error, "the other side demands a certificate and was shown none");
	assert_false(tls_peer_dns_name(pair.server, name, sizeof(name)));
	assert_string_equal(name, "untouched");
	end(&pair);
}

/* After a good handshake and data both ways, the client holds nothing that it could resume with. */
static void nothing_can_be_resumed(void **state)
{
	struct pair pair =
		shake(client_context(pki_files(PKI_ROUTER)), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);

	assert_string_equal(pair.client_error, "");
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(pair.client)));
	end(&pair);

	/* nor does a client that would like to */
	pair = shake(foreign_context(TLS_client_method(), PKI_ROUTER, TLS1_3_VERSION),
		     server_context(pki_files(PKI_CONTROLLER)), NULL);
	assert_string_equal(pair.client_error, "");
	assert_false(SSL_SESSION_is_resumable(SSL_get0_session(pair.client)));
	end(&pair);
}

static const struct {
	int type;
	const char *bytes;
	size_t size;
	bool good;
} names[] = {
	{GEN_DNS, "edge-2.fra_1.example.net", 24, true},
	{GEN_DNS, "edge1.example.net\0.attacker.example", 34, false},
	{GEN_DNS, "\0edge1.example.net", 18, false},
	{GEN_DNS, "edge1.example.net\n", 18, false},
	{GEN_DNS, "edge1 example.net", 17, false},
	{GEN_DNS, "edge1\x1b[2J.example.net", 21, false},
	{GEN_DNS, "*.example.net", 13, false},
	{GEN_DNS, "\xc3\xa4.example.net", 14, false},
	{GEN_DNS, "<b>.example.net", 15, false},
	{GEN_DNS, "", 0, false},
	{GEN_EMAIL, "noc+fra1@example.net", 20, true},
	{GEN_EMAIL, "noc@example.net\0@attacker.example", 33, false},
	{GEN_EMAIL, "noc", 3, false},
	{GEN_EMAIL, "@example.net", 12, false},
	{GEN_EMAIL, "noc@", 4, false},
	{GEN_EMAIL, "noc@a@b", 7, false},
	{GEN_EMAIL, "no c@example.net", 16, false},
	{GEN_EMAIL, "noc@example.net\r\n", 17, false},
	{GEN_EMAIL, "\"noc\"@example.net", 17, false},
	{GEN_EMAIL, "noc<script>@example.net", 23, false},
	{GEN_EMAIL, "noc@ex\xff" "mple.net", 15, false},
};

static void names_are_read_with_care(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pki_request request = {.usage = "clientAuth", .san_type = names[i].type, .san = names[i].bytes,
					      .san_size = names[i].size, .second_san = "noc2@example.net",
					      .begins = -DAY, .ends = DAY};
		char name[TLS_NAME_MAX] = "untouched", small[16] = "untouched";
		struct pair pair;
		bool found, fits;

		if (names[i].type == GEN_DNS)
			request.second_san = "second.example.net"; /* which must not step in for a bad first one */
		pki_issue("named", &request);
		pair = shake(client_context(pki_files("named")), server_context(pki_files(PKI_CONTROLLER)),
			     PKI_CONTROLLER);
		assert_string_equal(pair.server_error, "");
		if (names[i].type == GEN_DNS) {
			found = tls_peer_dns_name(pair.server, name, sizeof(name));
			fits = tls_peer_dns_name(pair.server, small, sizeof(small));
		} else {
			found = tls_peer_email(pair.server, name, sizeof(name));
			fits = tls_peer_email(pair.server, small, sizeof(small));
		}
		assert_int_equal(found, names[i].good);
		assert_string_equal(name, names[i].good ? names[i].bytes : "untouched");
		assert_false(fits); /* too small for each good one, and never cut */
		assert_string_equal(small, "untouched");
		end(&pair);
	}
}

/* A name of another type in front of it is none: here a URI that would do as a DNS name, and as an address almost. */
static void the_type_of_a_name_counts(void **state)
{
	struct pki_request request = {.usage = "clientAuth", .san_type = GEN_URI, .san = "elsewhere.example.net",
				      .san_size = 21, .second_san = PKI_ROUTER, .second_type = GEN_DNS, .begins = -DAY,
				      .ends = DAY};
	char name[TLS_NAME_MAX] = "";
	struct pair pair;

	pki_issue("mixed", &request);
	pair = shake(client_context(pki_files("mixed")), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);
	assert_true(tls_peer_dns_name(pair.server, name, sizeof(name)));
	assert_string_equal(name, PKI_ROUTER);
	assert_false(tls_peer_email(pair.server, name, sizeof(name)));
	end(&pair);

	request.san = "noc@elsewhere.example.net";
	request.san_size = 25;
	request.second_san = PKI_OPERATOR;
	request.second_type = GEN_EMAIL;
	pki_issue("mixed", &request);
	pair = shake(client_context(pki_files("mixed")), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);
	assert_true(tls_peer_email(pair.server, name, sizeof(name)));
	assert_string_equal(name, PKI_OPERATOR);
	end(&pair);
}

/* The longest name that the buffer takes, and one letter more. */
static void long_names(void **state)
{
	char bytes[TLS_NAME_MAX + 1];
	struct pki_request request = {.usage = "clientAuth", .san_type = GEN_DNS, .san = bytes, .begins = -DAY, .ends = DAY};

	memset(bytes, 'a', sizeof(bytes));
	for (request.san_size = TLS_NAME_MAX - 1; request.san_size <= TLS_NAME_MAX; request.san_size++) {
		char name[TLS_NAME_MAX] = "";
		struct pair pair;

		pki_issue("long", &request);
		pair = shake(client_context(pki_files("long")), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);
		assert_int_equal(tls_peer_dns_name(pair.server, name, sizeof(name)), request.san_size < TLS_NAME_MAX);
		assert_int_equal(strlen(name), request.san_size < TLS_NAME_MAX ? TLS_NAME_MAX - 1 : 0);
		end(&pair);
	}
}

static void both_agree(SSL_CTX *client, SSL_CTX *server)
{
	struct pair pair = shake(client, server, PKI_CONTROLLER);

	assert_string_equal(pair.client_error, "");
	assert_string_equal(pair.server_error, "");
	end(&pair);
}

static struct tls_files with_lists(const char *name, const char *lists)
{
	struct tls_files files = pki_files(name);

	files.crl = temporary_path(lists);
	return files;
}

/* Both sides look, each at the other. */
static void what_is_revoked_is_refused(void **state)
{
	struct pki_request request = {.usage = "clientAuth", .san_type = GEN_DNS, .san = "gone", .san_size = 4,
				      .begins = -DAY, .ends = DAY};
	struct pair pair;
	SSL_CTX *judge;

	pki_issue("gone", &request);
	pair = shake(client_context(pki_files("gone")), server_context(pki_files(PKI_CONTROLLER)), PKI_CONTROLLER);
	assert_string_equal(pair.server_error, "");
	pki_revoke("gone", "30");
	refuse(client_context(pki_files("gone")), server_context(with_lists(PKI_CONTROLLER, "pki/crl.pem")), PKI_CONTROLLER,
	       "our certificate has been revoked", "certificate has been revoked");
	both_agree(client_context(with_lists(PKI_ROUTER, "pki/crl.pem")), server_context(with_lists(PKI_CONTROLLER, "pki/crl.pem")));
	/* One that was up before. */
	judge = server_context(with_lists(PKI_CONTROLLER, "pki/crl.pem"));
	assert_true(tls_peer_is_revoked(pair.server, judge));
	assert_false(tls_peer_is_revoked(pair.client, judge));
	SSL_CTX_free(judge);
	end(&pair);

	request.usage = "serverAuth";
	request.san = PKI_CONTROLLER;
	request.san_size = strlen(PKI_CONTROLLER);
	request.serial = 8;
	pki_issue("gone-controller", &request);
	pki_revoke("gone-controller", "30");
	refuse(client_context(with_lists(PKI_ROUTER, "pki/crl.pem")), server_context(pki_files("gone-controller")),
	       PKI_CONTROLLER, "certificate has been revoked", "our certificate has been revoked");
}

/* It still names what was revoked, and nobody else is refused for it. */
static void a_list_that_is_out_of_date_counts(void **state)
{
	struct tls_ends ends;
	SSL_CTX *context;

	pki_revoke(NULL, "0");
	context = server_context(with_lists(PKI_CONTROLLER, "pki/crl.pem"));
	ends = tls_context_ends(context);
	while ((uint64_t)time(NULL) <= ends.crl)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	both_agree(client_context(with_lists(PKI_ROUTER, "pki/crl.pem")), context);
	refuse(client_context(pki_files("gone")), server_context(with_lists(PKI_CONTROLLER, "pki/crl.pem")), PKI_CONTROLLER,
	       "our certificate has been revoked", "certificate has been revoked");
	assert_true(ends.ca > ends.certificate && ends.certificate > ends.crl);
	context = server_context(pki_files(PKI_CONTROLLER));
	assert_int_equal(tls_context_ends(context).crl, 0);
	SSL_CTX_free(context);
}

/* Somebody's list in the place of the right one lets nobody pass. */
static void the_list_of_another_ca_is_none(void **state)
{
	pki_other_list();
	refuse(client_context(pki_files(PKI_ROUTER)), server_context(with_lists(PKI_CONTROLLER, "other/crl.pem")),
	       PKI_CONTROLLER, "alert", "our revocation lists have none of the CA");
}

static void the_print_changes_with_each_file(void **state)
{
	struct tls_files files = with_lists(PKI_ROUTER, "print.pem");
	uint64_t print = tls_files_print(&files);

	assert_int_equal(print, tls_files_print(&files));
	temporary_write("print.pem", "x", 1);
	assert_int_not_equal(print, tls_files_print(&files));
	print = tls_files_print(&files);
	temporary_write("print.pem", "yy", 2);
	assert_int_not_equal(print, tls_files_print(&files));
}

/* A context that must not come to be; the sentence names the file at fault. */
static void refuse_files(struct tls_files files, const char *culprit, const char *words)
{
	char error[TLS_ERROR_MAX] = "";

	assert_null(tls_client_context(&files, error, sizeof(error)));
	assert_non_null(strstr(error, culprit));
	assert_non_null(strstr(error, words));
	assert_int_equal(ERR_peek_error(), 0);
}

static void each_bad_file_is_named(void **state)
{
	const struct tls_files good = pki_files(PKI_ROUTER);
	const char *missing = temporary_path("missing.pem"), *garbage = temporary_path("garbage.pem"),
		   *folder = temporary_path("folder"), *fifo = temporary_path("fifo"), *locked = temporary_path("locked.key");
	struct tls_files files;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *file;

	temporary_write("garbage.pem", "-----BEGIN NONSENSE-----\n", 25);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	file = fopen(locked, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL),
			 1);
	fclose(file);
	EVP_PKEY_free(key);

	files = good;
	files.ca = missing;
	refuse_files(files, missing, "No such file");
	files.ca = garbage;
	refuse_files(files, garbage, "no certificate in PEM form");
	files.ca = good.key;
	refuse_files(files, good.key, "no certificate in PEM form");
	files.ca = folder;
	refuse_files(files, folder, "not a regular file");
	files.ca = fifo;
	refuse_files(files, fifo, "not a regular file");
	files.ca = NULL;
	refuse_files(files, "the CA file", "no file is named");
	files.ca = "";
	refuse_files(files, "the CA file", "no file is named");

	files = good;
	files.certificate = missing;
	refuse_files(files, missing, "No such file");
	files.certificate = garbage;
	refuse_files(files, garbage, "not a certificate in PEM form");
	files.certificate = pki_files(PKI_CONTROLLER).certificate;
	refuse_files(files, files.certificate, "clientAuth");

	files = good;
	files.key = missing;
	refuse_files(files, missing, "No such file");
	files.key = garbage;
	refuse_files(files, garbage, "not a key in PEM form");
	files.key = good.certificate;
	refuse_files(files, good.certificate, "not a key in PEM form");
	files.key = pki_files(PKI_CONTROLLER).key;
	refuse_files(files, files.key, "does not belong to the certificate");
	files = good;
	files.crl = missing;
	refuse_files(files, missing, "No such file");
	files.crl = garbage;
	refuse_files(files, garbage, "no revocation list");
	files.crl = good.ca;
	refuse_files(files, good.ca, "no revocation list");
	files = good;
	files.key = locked;
	refuse_files(files, locked, "passphrase");
}

static void a_key_for_everybody_is_told(void **state)
{
	struct tls_files files = pki_files(PKI_ROUTER);
	char sentence[TLS_ERROR_MAX] = "";
	static const struct {
		mode_t mode;
		const char *word;
	} modes[] = {{0600, NULL}, {0640, NULL}, {0660, NULL}, {0644, "read"}, {0604, "read"}, {0602, "replace"}};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(files.key, modes[i].mode), 0);
		assert_int_equal(tls_key_is_exposed(&files, sentence, sizeof(sentence)), modes[i].word != NULL);
		if (modes[i].word) {
			assert_non_null(strstr(sentence, modes[i].word));
			assert_non_null(strstr(sentence, files.key));
		}
		SSL_CTX_free(client_context(files));
	}
	assert_int_equal(chmod(files.key, 0600), 0);
	files.key = "/nowhere/router.key";
	assert_false(tls_key_is_exposed(&files, sentence, sizeof(sentence)));
}

static void a_router_certificate_makes_no_server(void **state)
{
	struct tls_files files = pki_files(PKI_ROUTER);
	char error[TLS_ERROR_MAX] = "";

	assert_null(tls_server_context(&files, error, sizeof(error)));
	assert_non_null(strstr(error, files.certificate));
	assert_non_null(strstr(error, "serverAuth"));
}

/* A server that speaks something else altogether. */
static void what_is_not_tls_is_told(void **state)
{
	SSL_CTX *context = client_context(pki_files(PKI_ROUTER));
	SSL *ssl = SSL_new(context);
	BIO *ours, *theirs;
	char error[TLS_ERROR_MAX] = "";

	assert_int_equal(BIO_new_bio_pair(&ours, 0, &theirs, 0), 1);
	SSL_set_bio(ssl, ours, ours);
	SSL_set_connect_state(ssl);
	assert_int_equal(BIO_puts(theirs, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), 32);
	assert_int_not_equal(SSL_do_handshake(ssl), 1);
	tls_describe_error(ssl, error, sizeof(error));
	assert_string_equal(error, "the other side does not speak TLS");
	assert_int_equal(ERR_peek_error(), 0);
	BIO_free(theirs);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

static int make_certificates(void **state)
{
	pki_make();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_know_each_other),
		cmocka_unit_test(the_host_is_a_name_or_an_address),
		cmocka_unit_test(no_host_is_no_host),
		cmocka_unit_test(only_whole_alternative_names_count),
		cmocka_unit_test(another_ca_is_refused),
		cmocka_unit_test(dates_are_checked),
		cmocka_unit_test(the_usage_must_be_named),
		cmocka_unit_test(nothing_older_than_1_3),
		cmocka_unit_test(a_client_without_a_certificate_is_refused),
		cmocka_unit_test(nothing_can_be_resumed),
		cmocka_unit_test(names_are_read_with_care),
		cmocka_unit_test(the_type_of_a_name_counts),
		cmocka_unit_test(long_names),
		cmocka_unit_test(what_is_revoked_is_refused),
		cmocka_unit_test(a_list_that_is_out_of_date_counts),
		cmocka_unit_test(the_list_of_another_ca_is_none),
		cmocka_unit_test(the_print_changes_with_each_file),
		cmocka_unit_test(each_bad_file_is_named),
		cmocka_unit_test(a_key_for_everybody_is_told),
		cmocka_unit_test(a_router_certificate_makes_no_server),
		cmocka_unit_test(what_is_not_tls_is_told),
	};

	return cmocka_run_group_tests(tests, make_certificates, NULL);
}
