/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace of the test program's own, whose resolver the test decides about. */
#ifndef TESTS_UNIT_OWN_NETWORK_H
#define TESTS_UNIT_OWN_NETWORK_H

#include <stdbool.h>

/*
 * Moves the process, before it has threads, into namespaces with loopback alone, where DNS is asked of 127.0.0.1 and
 * localhost is 127.0.0.1 and ::1. False where the system does not allow it; then nothing has changed.
 */
bool own_network_enter(void);

#endif
