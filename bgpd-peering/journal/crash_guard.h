/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts bgpd's crashes with the module, in a file beside the journal: after CRASHES_MAX of them within CRASH_WINDOW
 * (lib/crash_record.h) the module does nothing at the next start, so that whatever the fault is there is a bgpd. The boot
 * guard then keeps shut what is gated.
 *
 * A reboot is no crash, nor is an end by exit(), nor a start under -C, nor one beside a bgpd that runs. bgpd's main thread only; some small
 * reads and writes at start and at the end, never synced: what a crash of bgpd leaves is all that is wanted.
 */
#ifndef PEERING_CRASH_GUARD_H
#define PEERING_CRASH_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* In frr_late_init, before anything else of the module's. Whether the module is to do nothing in this start. */
bool crash_guard_begin(void);
/* After the fork. Under -C, everything is as before crash_guard_begin(). */
void crash_guard_runs(bool dry_run);
/* bgpd ends as it should. */
void crash_guard_end(void);

/* A sentence for an ALERT: what is not gated now, by the journal. Only after crash_guard_begin() has said true. */
void crash_guard_alert(void);

/* `clear peering crashes`. Returns how many there were. */
size_t crash_guard_clear(void);

#endif
