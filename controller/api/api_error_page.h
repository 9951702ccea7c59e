/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evhttp answers what it cannot read by itself, with a page of HTML, and has no hook for that before its version 2.2.
 * Here that page becomes a problem (RFC 9457) like any other answer, on its way out. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_ERROR_PAGE_H
#define PEERING_CONTROLLER_API_ERROR_PAGE_H

#include <event2/bufferevent.h>
#include <stdbool.h>

/* For the stream of a connection, before evhttp has it. False where memory is short. */
bool api_error_page_watch(struct bufferevent *stream);

#endif
