/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When it is time to say that a certificate, a CA or a revocation list ends. Pure: the caller has the clock, says what it
 * has to say once for each step, and never refuses anything for it. All times are Unix seconds.
 */
#ifndef PEERING_EXPIRY_H
#define PEERING_EXPIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum expiry {
	EXPIRY_FAR,   /* more than 30 days to go, or no end is known */
	EXPIRY_MONTH, /* at most 30 days */
	EXPIRY_WEEK,  /* at most 7 */
	EXPIRY_DAY,   /* at most 1 */
	EXPIRY_OVER,
};

#define EXPIRY_SENTENCE_MAX 512

/* `ends` 0: not known. */
enum expiry expiry_of(uint64_t ends, uint64_t now);

/* What was said of one thing. Zeroed: nothing. */
struct expiry_said {
	uint64_t ends;
	enum expiry step;
};

/* Whether a step has come that was not said yet; it is then taken for said. Another `ends` begins anew. */
bool expiry_is_news(struct expiry_said *said, uint64_t ends, uint64_t now);

/* "WHAT ends in 6 days, at 2026-12-06 10:00 UTC"; "WHAT ended 2 hours ago, at …". */
void expiry_sentence(char *text, size_t size, const char *what, uint64_t ends, uint64_t now);

#endif
