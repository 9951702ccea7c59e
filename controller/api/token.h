/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens: what a client without a certificate shows of itself, "pct_ID_SECRET".
 *
 * ID, 64 bits, finds the row and may be seen by anybody. SECRET is 256 random bits, of which the store has the SHA-256
 * alone: a slow hash with a salt is for what people think up, where guesses are few; here there are 2^256, and nobody
 * finds one from its hash.
 */
#ifndef PEERING_CONTROLLER_TOKEN_H
#define PEERING_CONTROLLER_TOKEN_H

#include <stdbool.h>

#define TOKEN_PREFIX "pct_"
#define TOKEN_ID_SIZE 17   /* 16 hexadecimal digits and the NUL */
#define TOKEN_HASH_SIZE 65 /* SHA-256 in hexadecimal, and the NUL */
#define TOKEN_TEXT_SIZE (sizeof(TOKEN_PREFIX) + TOKEN_ID_SIZE + TOKEN_HASH_SIZE - 1)
#define TOKEN_NAME_MAX 64

struct token_parts {
	char id[TOKEN_ID_SIZE];
	char hash[TOKEN_HASH_SIZE];
};

/* Makes one. False where the system has no random numbers to give. */
bool token_draw(char text[TOKEN_TEXT_SIZE], struct token_parts *parts);
/* False where the text has not the form of a token. */
bool token_read(const char *text, struct token_parts *parts);
/* In a time that tells nothing of where they differ. */
bool token_hashes_equal(const char *one, const char *other);
/* Letters, digits, '.', '_', '-' and '@', at most TOKEN_NAME_MAX. */
bool token_name_is_good(const char *name);

/* The SHA-256 of several pieces, in hexadecimal; the list ends with NULL. */
bool token_hash(char hash[TOKEN_HASH_SIZE], const char *piece, ...) __attribute__((sentinel));

#endif
