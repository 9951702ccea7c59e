// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "tests/unit/pki.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/temporary.h"

/* LAB_PKI comes from the build: the tool's path in the source tree. */
static void run_lab_pki(const char *const *arguments)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execv(LAB_PKI, (char *const *)arguments);
		perror(LAB_PKI);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		fprintf(stderr, "%s did not work\n", LAB_PKI);
		exit(EXIT_FAILURE);
	}
}

static void make_in(const char *directory)
{
	run_lab_pki((const char *const[]){LAB_PKI, temporary_path(directory), "--controller",
					  PKI_CONTROLLER ",localhost,127.0.0.1,::1", "--router", PKI_ROUTER, "--operator",
					  PKI_OPERATOR, NULL});
}

void pki_make(void)
{
	make_in("pki");
	make_in("other");
}

void pki_revoke(const char *name, const char *crl_days)
{
	run_lab_pki((const char *const[]){LAB_PKI, temporary_path("pki"), "--crl", "--crl-days", crl_days,
					  name ? "--revoke" : NULL, name, NULL});
}

void pki_other_list(void)
{
	run_lab_pki((const char *const[]){LAB_PKI, temporary_path("other"), "--crl", NULL});
}

static struct tls_files files_in(const char *directory, const char *name)
{
	static char paths[4][3][512];
	static unsigned int turn;
	char(*set)[512] = paths[turn++ % 4];
	const char *base = temporary_path(directory);

	snprintf(set[0], sizeof(set[0]), "%s/ca.pem", base);
	snprintf(set[1], sizeof(set[1]), "%s/%s.pem", base, name);
	snprintf(set[2], sizeof(set[2]), "%s/%s.key", base, name);
	return (struct tls_files){.ca = set[0], .certificate = set[1], .key = set[2]};
}

struct tls_files pki_files(const char *name)
{
	return files_in("pki", name);
}

struct tls_files pki_other_files(const char *name)
{
	return files_in("other", name);
}

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "pki_issue: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}

static FILE *open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	must(file != NULL, path);
	return file;
}

static void add_name(GENERAL_NAMES *names, int type, const char *bytes, size_t size)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();

	must(name && string && ASN1_STRING_set(string, bytes, (int)size), "a name");
	GENERAL_NAME_set0_value(name, type, string);
	must(sk_GENERAL_NAME_push(names, name) > 0, "a name");
}

static void add_names(X509 *certificate, const struct pki_request *request)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	must(names != NULL, "the names");
	add_name(names, request->san_type, request->san, request->san_size);
	if (request->second_san)
		add_name(names, request->second_type ? request->second_type : request->san_type, request->second_san,
			 strlen(request->second_san));
	must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1, "subjectAltName");
	GENERAL_NAMES_free(names);
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(extension && X509_add_ext(certificate, extension, -1), value);
	X509_EXTENSION_free(extension);
}

void pki_issue(const char *name, const struct pki_request *request)
{
	struct tls_files files = pki_files(name);
	FILE *file = open_file(files.ca, "r");
	X509 *ca = PEM_read_X509(file, NULL, NULL, NULL), *certificate = X509_new();
	EVP_PKEY *ca_key, *key = EVP_EC_gen("P-256");
	X509_NAME *subject = X509_NAME_new();

	fclose(file);
	file = open_file(pki_files("ca").key, "r");
	ca_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	must(ca && ca_key && certificate && key && subject, "reading the CA");

	must(X509_set_version(certificate, X509_VERSION_3), "the version");
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), request->serial ? request->serial : 7);
	X509_gmtime_adj(X509_getm_notBefore(certificate), request->begins);
	X509_gmtime_adj(X509_getm_notAfter(certificate), request->ends);
	if (request->common_name)
		must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)request->common_name,
						-1, -1, 0),
		     "the subject");
	must(X509_set_subject_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
		     X509_set_issuer_name(certificate, X509_get_subject_name(ca)),
	     "the certificate");
	add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
	if (request->usage)
		add_extension(certificate, NID_ext_key_usage, request->usage);
	if (request->san_type)
		add_names(certificate, request);
	must(X509_sign(certificate, ca_key, EVP_sha256()), "signing");

	file = open_file(files.certificate, "w");
	must(PEM_write_X509(file, certificate), files.certificate);
	fclose(file);
	file = open_file(files.key, "w");
	must(fchmod(fileno(file), 0600) == 0, files.key);
	must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), files.key);
	fclose(file);

	X509_NAME_free(subject);
	X509_free(ca);
	X509_free(certificate);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}
