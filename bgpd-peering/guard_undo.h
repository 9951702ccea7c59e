/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes back what the boot guard has shut while the module was not there: peering-boot-guard's own lines, told by their
 * words (lib/guard_words.h). bgpd's main thread only.
 */
#ifndef PEERING_GUARD_UNDO_H
#define PEERING_GUARD_UNDO_H

/*
 * At the end of a file, before connections settle: each session is as its own lines say then, and gated where it is. One
 * look at each neighbor. What the operator has shut stays shut.
 */
void guard_undo(void);

#endif
