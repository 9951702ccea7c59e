/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the controller says of a request that was made of options, in the words of who has typed them. */
#ifndef PEERING_CONTROLLER_PEERCTL_WORDS_H
#define PEERING_CONTROLLER_PEERCTL_WORDS_H

/*
 * "neighbors[0].holdTime must be …" becomes "--hold-time must be …": the key that a sentence begins with, and every other that
 * is no word of English. The caller frees; NULL where memory is short.
 */
char *words_of_options(const char *sentence);

#endif
