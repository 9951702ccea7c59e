/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * That the router's own TLS files end: said in the log 30 days, 7 days and 1 day before, and when it has come, each once.
 * Only the link to the controller needs them; no gate looks at them.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_CERTIFICATE_ALERTS_H
#define PEERING_CERTIFICATE_ALERTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/tls.h"

#define CERTIFICATE_FILES 3

/* Says what is new. */
void certificate_alerts_look(const struct tls_ends *ends);

/* One sentence for each file that ends within 30 days or has ended; returns how many. */
size_t certificate_alerts_describe(const struct tls_ends *ends, char sentences[CERTIFICATE_FILES][TLS_ERROR_MAX]);

#endif
