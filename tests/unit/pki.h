/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates for the tests, in the temporary directory: good ones by tools/lab-pki, odd ones that it would never make
 * by pki_issue().
 */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <stddef.h>

#include "lib/tls.h"

#define PKI_CONTROLLER "controller1.example.net" /* also localhost, 127.0.0.1 and ::1 */
#define PKI_ROUTER "edge1.example.net"
#define PKI_OPERATOR "noc@example.net"

/* Makes the three above with a CA in pki/, and the same with another CA in other/. */
void pki_make(void);

/* The files of `name` with the CA in pki/; or with the one in other/. Static buffers that take turns. */
struct tls_files pki_files(const char *name);
struct tls_files pki_other_files(const char *name);

struct pki_request {
	const char *common_name; /* NULL: none */
	const char *usage;	 /* "clientAuth", "serverAuth", NULL: no extended key usage */
	int san_type;		 /* GEN_DNS, GEN_EMAIL; 0: no subject alternative name */
	const char *san;	 /* bytes, put in as they are */
	size_t san_size;
	const char *second_san;	 /* another, NULL: none */
	int second_type;	 /* its type, 0: the same */
	long serial;		 /* 0: 7 */
	long begins;		 /* seconds from now, usually negative */
	long ends;
};

/* pki/NAME.pem and pki/NAME.key, signed by the CA in pki/. */
void pki_issue(const char *name, const struct pki_request *request);

/* Makes pki/crl.pem, good for so many days; with pki/NAME.pem in it, NULL: with no more than was in it. */
void pki_revoke(const char *name, const char *crl_days);
/* Makes other/crl.pem. */
void pki_other_list(void);

#endif
