/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.3 with certificates on both sides, for the router's link, the controller's two listeners and nothing older.
 *
 * Three files, PEM: the CA that signed the other side, one's own certificate (with its chain), its private key. Who
 * the other side is stands in its certificate's subject alternative names: a controller and a router have a DNS
 * name (a controller perhaps an IP address), an operator has an e-mail address. Nothing that the other side says
 * changes it.
 */
#ifndef PEERING_TLS_H
#define PEERING_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_NAME_MAX 256  /* with the final NUL */
#define TLS_ERROR_MAX 512 /* enough for any sentence that these functions write */

struct tls_files {
	const char *ca;
	const char *certificate;
	const char *key;
	/*
	 * Revocation lists of the CAs, PEM; NULL: none. Where there are some, there has to be one of the CA that signed the
	 * other side's certificate. One that is out of date counts all the same.
	 */
	const char *crl;
};

/*
 * A context for the client or the server side: TLS 1.3 only, the peer's certificate demanded and verified against
 * `files->ca` alone. NULL on failure, with a sentence that names the file and what to do in `error`.
 * The caller frees it with SSL_CTX_free(). Blocking file reads: never on bgpd's main thread after start.
 */
SSL_CTX *tls_client_context(const struct tls_files *files, char *error, size_t error_size);
SSL_CTX *tls_server_context(const struct tls_files *files, char *error, size_t error_size);
/* A server's: clients may come without a certificate. One that they show is verified as before. */
void tls_certificate_is_optional(SSL_CTX *context);

/* When what a context was made of ends: Unix seconds; 0 where that cannot be told, or there is none. */
struct tls_ends {
	uint64_t certificate; /* one's own */
	uint64_t ca;	      /* the last of those in the CA file */
	uint64_t crl;	      /* when the first of the revocation lists was to be made anew */
};
struct tls_ends tls_context_ends(const SSL_CTX *context);
uint64_t tls_certificate_ends(const X509 *certificate);

/* Changes whenever one of the files is written, replaced, made or removed. A stat() of each, no more. */
uint64_t tls_files_print(const struct tls_files *files);

/* Whether the other side of `ssl`, which is up, shows a certificate that the revocation lists of `context` name. */
bool tls_peer_is_revoked(SSL *ssl, SSL_CTX *context);

/*
 * Whether everybody on this machine can read or write the private key; then `sentence` says so, and what to do. Nothing
 * is refused for it.
 */
bool tls_key_is_exposed(const struct tls_files *files, char *sentence, size_t size);

/* Makes the client side demand that the server's certificate names `host`, a DNS name or an address in text. */
bool tls_expect_host(SSL *ssl, const char *host);

/* The first DNS name (router, controller) or e-mail address (operator) in the peer's verified certificate. */
bool tls_peer_dns_name(SSL *ssl, char *name, size_t size);
bool tls_peer_email(SSL *ssl, char *name, size_t size);

/* Describes the newest OpenSSL failure of this thread in one sentence, and clears the thread's error queue. */
void tls_describe_error(SSL *ssl, char *error, size_t error_size);

#endif
