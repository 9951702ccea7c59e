// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * A list that is out of date still names what was revoked: to refuse everybody because nobody has made it anew would be an
 * outage of our own. An authority between the CA and the certificate may have no list.
 */
static int tolerate(int good, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);

	if (!good && (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID ||
		      (error == X509_V_ERR_UNABLE_TO_GET_CRL && X509_STORE_CTX_get_error_depth(store) > 0))) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	return good;
}

/*
 * OpenSSL's own purpose check lets a certificate pass that has no extended key usage at all. Here the usage must be
 * named, so that a router's certificate never serves as a controller's, or the other way round.
 */
static int verify_usage(int good, X509_STORE_CTX *store, uint32_t usage)
{
	uint32_t usages;

	good = tolerate(good, store);
	if (!good || X509_STORE_CTX_get_error_depth(store) != 0)
		return good;
	usages = X509_get_extended_key_usage(X509_STORE_CTX_get_current_cert(store));
	if (usages == UINT32_MAX || !(usages & usage)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	return good;
}

static int verify_server(int good, X509_STORE_CTX *store)
{
	return verify_usage(good, store, XKU_SSL_SERVER);
}

static int verify_client(int good, X509_STORE_CTX *store)
{
	return verify_usage(good, store, XKU_SSL_CLIENT);
}

/* A key with a passphrase must not make a daemon ask its terminal for it. */
static int no_passphrase(char *buffer, int size, int writing, void *data)
{
	bool *asked = data;

	*asked = true;
	return -1;
}

/* OpenSSL's words for a missing file are none; and a named pipe would hang the caller. */
static bool readable(const char *what, const char *path, char *error, size_t error_size)
{
	struct stat status;
	int fd;

	if (!path || !*path) {
		snprintf(error, error_size, "no file is named for %s", what);
		return false;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		snprintf(error, error_size, "cannot read %s %s: %s", what, path, strerror(errno));
		return false;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		snprintf(error, error_size, "cannot read %s %s: it is not a regular file", what, path);
		return false;
	}
	close(fd);
	return true;
}

/* Only lists are taken from the file: a certificate in it would make a CA. */
static bool load_crl(SSL_CTX *context, const char *path, char *error, size_t error_size)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	X509_LOOKUP *lookup;

	if (!readable("the revocation list", path, error, error_size))
		return false;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1) {
		snprintf(error, error_size, "the file %s holds no revocation list in PEM form, or not a whole one", path);
		return false;
	}
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return true;
}

static bool load_files(SSL_CTX *context, const struct tls_files *files, uint32_t own_usage, char *error,
		       size_t error_size)
{
	bool asked = false;
	uint32_t usages;

	if (!readable("the CA file", files->ca, error, error_size) ||
	    !readable("the certificate", files->certificate, error, error_size) ||
	    !readable("the private key", files->key, error, error_size))
		return false;

	/* The store of a new context is empty, and nothing here adds the system's CAs to it. */
	if (SSL_CTX_load_verify_file(context, files->ca) != 1) {
		snprintf(error, error_size, "the CA file %s holds no certificate in PEM form", files->ca);
		return false;
	}
	if (files->crl && !load_crl(context, files->crl, error, error_size))
		return false;
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1) {
		snprintf(error, error_size, "the certificate %s is not a certificate in PEM form, or too weak for OpenSSL",
			 files->certificate);
		return false;
	}
	usages = X509_get_extended_key_usage(SSL_CTX_get0_certificate(context));
	if (usages == UINT32_MAX || !(usages & own_usage)) {
		snprintf(error, error_size, "the certificate %s is not made for a %s; it needs the extended key usage %s",
			 files->certificate, own_usage == XKU_SSL_CLIENT ? "client" : "server",
			 own_usage == XKU_SSL_CLIENT ? "clientAuth" : "serverAuth");
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1) {
		unsigned long reason = ERR_peek_last_error();

		if (asked)
			snprintf(error, error_size, "the private key %s has a passphrase; store it without one", files->key);
		else if (ERR_GET_LIB(reason) == ERR_LIB_X509)
			snprintf(error, error_size, "the private key %s does not belong to the certificate %s", files->key,
				 files->certificate);
		else
			snprintf(error, error_size, "the private key %s is not a key in PEM form", files->key);
		return false;
	}
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	if (SSL_CTX_check_private_key(context) != 1) {
		snprintf(error, error_size, "the private key %s does not belong to the certificate %s", files->key,
			 files->certificate);
		return false;
	}
	return true;
}

static SSL_CTX *new_context(const SSL_METHOD *method, const struct tls_files *files, uint32_t own_usage, int verify_mode,
			    SSL_verify_cb verify, char *error, size_t error_size)
{
	SSL_CTX *context;

	/*
	 * OpenSSL's clean-up at exit() would pull the ground from under a thread that is still in it: bgpd may end while
	 * the link's thread runs.
	 */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
	ERR_clear_error();
	context = SSL_CTX_new(method);
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1) {
		SSL_CTX_free(context);
		snprintf(error, error_size, "OpenSSL offers no TLS 1.3 here");
		ERR_clear_error();
		return NULL;
	}
	SSL_CTX_set_verify(context, verify_mode, verify);
	/* Nothing is resumed: who the other side is, and whether its certificate still holds, is judged each time. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!load_files(context, files, own_usage, error, error_size)) {
		SSL_CTX_free(context);
		ERR_clear_error();
		return NULL;
	}
	return context;
}

SSL_CTX *tls_client_context(const struct tls_files *files, char *error, size_t error_size)
{
	return new_context(TLS_client_method(), files, XKU_SSL_CLIENT, SSL_VERIFY_PEER, verify_server, error, error_size);
}

SSL_CTX *tls_server_context(const struct tls_files *files, char *error, size_t error_size)
{
	return new_context(TLS_server_method(), files, XKU_SSL_SERVER,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify_client, error, error_size);
}

void tls_certificate_is_optional(SSL_CTX *context)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, SSL_CTX_get_verify_callback(context));
}

static uint64_t unix_seconds(const ASN1_TIME *at)
{
	struct tm broken;
	time_t seconds;

	if (!at || ASN1_TIME_to_tm(at, &broken) != 1)
		return 0;
	seconds = timegm(&broken);
	return seconds > 0 ? (uint64_t)seconds : 0;
}

uint64_t tls_certificate_ends(const X509 *certificate)
{
	return certificate ? unix_seconds(X509_get0_notAfter(certificate)) : 0;
}

struct tls_ends tls_context_ends(const SSL_CTX *context)
{
	const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
	struct tls_ends ends = {.certificate = tls_certificate_ends(SSL_CTX_get0_certificate(context))};

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
		X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);
		uint64_t end = crl ? unix_seconds(X509_CRL_get0_nextUpdate(crl)) :
				     tls_certificate_ends(X509_OBJECT_get0_X509(object));

		if (!crl && end > ends.ca)
			ends.ca = end;
		else if (crl && end && (!ends.crl || end < ends.crl))
			ends.crl = end;
	}
	return ends;
}

uint64_t tls_files_print(const struct tls_files *files)
{
	const char *const paths[] = {files->ca, files->certificate, files->key, files->crl};
	uint64_t print = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct stat status = {0};
		uint64_t of_file[5] = {0};

		if (paths[i] && stat(paths[i], &status) == 0) {
			of_file[0] = status.st_ino;
			of_file[1] = (uint64_t)status.st_size;
			of_file[2] = (uint64_t)status.st_mtim.tv_sec;
			of_file[3] = (uint64_t)status.st_mtim.tv_nsec;
			of_file[4] = (uint64_t)status.st_ctim.tv_nsec;
		}
		for (size_t j = 0; j < sizeof(of_file) / sizeof(of_file[0]); j++)
			print = (print ^ of_file[j]) * 1099511628211u;
	}
	return print;
}

bool tls_peer_is_revoked(SSL *ssl, SSL_CTX *context)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	bool revoked = false;

	if (store && certificate &&
	    X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context), certificate, SSL_get_peer_cert_chain(ssl)) == 1) {
		X509_STORE_CTX_set_verify_cb(store, tolerate);
		revoked = X509_verify_cert(store) != 1 && X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_REVOKED;
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return revoked;
}

bool tls_key_is_exposed(const struct tls_files *files, char *sentence, size_t size)
{
	struct stat status;

	if (stat(files->key, &status) != 0 || !(status.st_mode & (S_IROTH | S_IWOTH)))
		return false;
	snprintf(sentence, size,
		 "everybody on this machine can %s the private key %s, and be taken for its owner; `chmod o= %s`, and make a new key if somebody may have",
		 status.st_mode & S_IROTH ? "read" : "replace", files->key, files->key);
	return true;
}

static bool is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool tls_expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);

	/* For OpenSSL an empty name means that any name will do. */
	if (!host || !*host)
		return false;
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1;
	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* Names end in logs, in the journal, in JSON and on a web page: only what is a name in every one of them passes. */
static bool is_dns_name(const unsigned char *text, size_t length)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0' || !strchr(allowed, text[i]))
			return false;
	return length > 0;
}

static bool is_email(const unsigned char *text, size_t length)
{
	static const char refused[] = "\"'`<>\\,;:()[]{}|";
	size_t at = 0, signs = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f || strchr(refused, text[i]))
			return false;
		if (text[i] == '@') {
			at = i;
			signs++;
		}
	}
	return signs == 1 && at > 0 && at + 1 < length;
}

static bool peer_name(SSL *ssl, int type, bool (*is_good)(const unsigned char *, size_t), char *name, size_t size)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	GENERAL_NAMES *names;
	bool found = false;

	if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
		return false;
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *entry = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *string;
		size_t length;

		if (entry->type != type)
			continue;
		/* The first of its type or none: a certificate whose first name is refused has no name. */
		string = entry->d.ia5;
		length = (size_t)ASN1_STRING_length(string);
		found = length < size && is_good(ASN1_STRING_get0_data(string), length);
		if (found) {
			memcpy(name, ASN1_STRING_get0_data(string), length);
			name[length] = '\0';
		}
		break;
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool tls_peer_dns_name(SSL *ssl, char *name, size_t size)
{
	return peer_name(ssl, GEN_DNS, is_dns_name, name, size);
}

bool tls_peer_email(SSL *ssl, char *name, size_t size)
{
	return peer_name(ssl, GEN_EMAIL, is_email, name, size);
}

static void describe_certificate(SSL *ssl, long result, char *error, size_t error_size)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
	const char *usage = SSL_is_server(ssl) ? "clientAuth" : "serverAuth";
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *host;
	char *address;

	switch (result) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
		host = X509_VERIFY_PARAM_get0_host(parameters, 0);
		snprintf(error, error_size, "the other side's certificate does not name %s", host ? host : "the host");
		return;
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		address = X509_VERIFY_PARAM_get1_ip_asc(parameters);
		/* OpenSSL writes "0:0:0:0:0:0:0:1"; operators write "::1". */
		if (address && inet_pton(AF_INET6, address, bytes) == 1)
			inet_ntop(AF_INET6, bytes, text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", address ? address : "the address");
		OPENSSL_free(address);
		snprintf(error, error_size, "the other side's certificate does not name %s", text);
		return;
	case X509_V_ERR_INVALID_PURPOSE:
		snprintf(error, error_size, "the other side's certificate lacks the extended key usage %s", usage);
		return;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(error, error_size, "the other side's certificate has expired");
		return;
	case X509_V_ERR_CERT_REVOKED:
		snprintf(error, error_size, "the other side's certificate has been revoked");
		return;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
		snprintf(error, error_size,
			 "our revocation lists have none of the CA that signed the other side's certificate");
		return;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(error, error_size, "the other side's certificate is not valid yet; check the clocks");
		return;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		snprintf(error, error_size, "the other side's certificate is not signed by the CA in our CA file");
		return;
	default:
		snprintf(error, error_size, "the other side's certificate was refused: %s",
			 X509_verify_cert_error_string(result));
	}
}

/* An alert of the other side; OpenSSL's reason is the alert's number behind an offset. */
static void describe_alert(int alert, char *error, size_t error_size)
{
	switch (alert) {
	case SSL_AD_UNKNOWN_CA:
		snprintf(error, error_size, "the other side does not know the CA that signed our certificate");
		return;
	case SSL_AD_CERTIFICATE_EXPIRED:
		snprintf(error, error_size, "the other side says that our certificate has expired");
		return;
	case SSL_AD_CERTIFICATE_REVOKED:
		snprintf(error, error_size, "the other side says that our certificate has been revoked");
		return;
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
		snprintf(error, error_size, "the other side says that our certificate is not made for this use");
		return;
	case SSL_AD_CERTIFICATE_REQUIRED:
		snprintf(error, error_size, "the other side demands a certificate and was shown none");
		return;
	case SSL_AD_PROTOCOL_VERSION:
		snprintf(error, error_size, "the other side does not speak TLS 1.3");
		return;
	default:
		snprintf(error, error_size, "the other side ended TLS with the alert \"%s\"",
			 SSL_alert_desc_string_long(alert));
	}
}

static void describe_ssl_reason(int reason, char *error, size_t error_size)
{
	if (reason >= SSL_AD_REASON_OFFSET) {
		describe_alert(reason - SSL_AD_REASON_OFFSET, error, error_size);
		return;
	}
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		snprintf(error, error_size, "the other side does not speak TLS");
		return;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
	case SSL_R_VERSION_TOO_LOW:
		snprintf(error, error_size, "the other side does not speak TLS 1.3");
		return;
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		snprintf(error, error_size, "the other side showed no certificate");
		return;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		snprintf(error, error_size, "the other side closed the connection");
		return;
	default: {
		const char *words = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));

		snprintf(error, error_size, "TLS failed: %s", words ? words : "unknown reason");
	}
	}
}

void tls_describe_error(SSL *ssl, char *error, size_t error_size)
{
	int system_error = errno;
	unsigned long code = ERR_peek_last_error();

	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && ssl)
		describe_certificate(ssl, SSL_get_verify_result(ssl), error, error_size);
	else if (ERR_GET_LIB(code) == ERR_LIB_SSL)
		describe_ssl_reason(ERR_GET_REASON(code), error, error_size);
	else if (code != 0 && ERR_SYSTEM_ERROR(code))
		snprintf(error, error_size, "the connection failed: %s", strerror(ERR_GET_REASON(code)));
	else if (code != 0)
		snprintf(error, error_size, "TLS failed: %s",
			 ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "unknown reason");
	else if (system_error != 0)
		snprintf(error, error_size, "the connection failed: %s", strerror(system_error));
	else
		snprintf(error, error_size, "the other side closed the connection");
	ERR_clear_error();
}
