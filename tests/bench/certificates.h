/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Router certificates by the thousand, made in memory: `tools/lab-pki` takes tens of milliseconds for each.
 */
#ifndef PEERING_BENCH_CERTIFICATES_H
#define PEERING_BENCH_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

struct issuer {
	X509 *ca;
	EVP_PKEY *ca_key;
	EVP_PKEY *key; /* the one of every certificate that is issued */
};

/* Reads ca.pem and ca.key in `folder` and draws the key. False with a sentence on standard error. */
bool issuer_open(struct issuer *issuer, const char *folder);
void issuer_close(struct issuer *issuer);

/* A client certificate with the DNS name `name`, good for a day; the caller frees it with X509_free(). NULL on failure. */
X509 *issuer_issue(const struct issuer *issuer, const char *name, long serial);

#endif
