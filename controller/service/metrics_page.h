/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /metrics answers. Main thread.
 */
#ifndef PEERING_CONTROLLER_METRICS_PAGE_H
#define PEERING_CONTROLLER_METRICS_PAGE_H

#include <event2/buffer.h>

struct monitored;

void metrics_page(struct evbuffer *out, const struct monitored *monitored);

#endif
