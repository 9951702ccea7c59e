// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/certificates.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define A_DAY 86400
#define PATH_SIZE 4096

static FILE *open_in(const char *folder, const char *name)
{
	char path[PATH_SIZE];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file)
		fprintf(stderr, "cannot read %s: %s; tools/lab-pki makes it\n", path, strerror(errno));
	return file;
}

bool issuer_open(struct issuer *issuer, const char *folder)
{
	FILE *certificate = open_in(folder, "ca.pem");
	FILE *key = certificate ? open_in(folder, "ca.key") : NULL;

	memset(issuer, 0, sizeof(*issuer));
	if (certificate && key) {
		issuer->ca = PEM_read_X509(certificate, NULL, NULL, NULL);
		issuer->ca_key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
		issuer->key = EVP_EC_gen("P-256");
		if (!issuer->ca || !issuer->ca_key || !issuer->key)
			fprintf(stderr, "ca.pem and ca.key in %s are not a CA's certificate and key\n", folder);
	}
	if (certificate)
		fclose(certificate);
	if (key)
		fclose(key);
	return issuer->ca && issuer->ca_key && issuer->key;
}

void issuer_close(struct issuer *issuer)
{
	X509_free(issuer->ca);
	EVP_PKEY_free(issuer->ca_key);
	EVP_PKEY_free(issuer->key);
}

static bool add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
	bool added = extension && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

static bool fill(X509 *certificate, const struct issuer *issuer, const char *name, long serial)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	char alternative[PATH_SIZE];
	X509V3_CTX context;

	snprintf(alternative, sizeof(alternative), "DNS:%s", name);
	X509V3_set_ctx(&context, issuer->ca, certificate, NULL, NULL, 0);
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -A_DAY) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), A_DAY) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, X509_get_subject_name(issuer->ca)) == 1 &&
	       X509_set_pubkey(certificate, issuer->key) == 1 &&
	       add_extension(certificate, &context, NID_subject_alt_name, alternative) &&
	       add_extension(certificate, &context, NID_ext_key_usage, "clientAuth") &&
	       X509_sign(certificate, issuer->ca_key, EVP_sha256()) > 0;
}

X509 *issuer_issue(const struct issuer *issuer, const char *name, long serial)
{
	X509 *certificate = X509_new();

	if (certificate && fill(certificate, issuer, name, serial))
		return certificate;
	X509_free(certificate);
	return NULL;
}
