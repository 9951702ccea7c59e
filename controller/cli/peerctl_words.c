// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_words.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *key, *option;
} words[] = {
	{"name", "NAME"},
	{"peerAsn", "--asn"},
	{"kind", "--kind"},
	{"activation", "--activation"},
	{"validationWindow", "--validation-window"},
	{"receivedLimit", "--limit"},
	{"importPolicy", "--import"},
	{"exportPolicy", "--export"},
	{"description", "--description"},
	{"onViolation", "--on-violation"},
	{"reopenMode", "--reopen-mode"},
	{"reopenHoldDown", "--reopen-hold-down"},
	{"profile", "--profile"},
	{"checks", "--check"},
	{"timers", "--timer"},
	{"neighbors", "--neighbor"},
	{"address", "--neighbor"},
	{"password", "the password of --password-file"},
	{"ttlSecurityHops", "--ttl-security"},
	{"bfdProfile", "--bfd-profile"},
	{"holdTime", "--hold-time"},
	{"keepalive", "--keepalive"},
	{"connectRetry", "--connect-retry"},
	{"role", "--role"},
	{"roleStrict", "--role-strict"},
	{"localAddress", "--local-address"},
};

static const char *option_of(const char *key, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].key) == length && memcmp(words[i].key, key, length) == 0)
			return words[i].option;
	return NULL;
}

/* Behind "neighbors[0]." and "families[1]." */
static const char *without_place(const char *sentence)
{
	const char *end;

	while (strncmp(sentence, "neighbors[", 10) == 0 || strncmp(sentence, "families[", 9) == 0) {
		end = strstr(sentence, "].");
		if (!end)
			break;
		sentence = end + 2;
	}
	return sentence;
}

/* What stands there is written to `out`; returns what is behind it. */
static const char *write_word(FILE *out, const char *word, size_t length, const char *option)
{
	if (!option) {
		fwrite(word, 1, length, out);
		return word + length;
	}
	fputs(option, out);
	/* "timers.drain" is `--timer drain=S`. */
	if (word[length] != '.' || !strchr(LETTERS, word[length + 1]) || !word[length + 1])
		return word + length;
	putc(' ', out);
	return word + length + 1;
}

char *words_of_options(const char *sentence)
{
	char *text = NULL;
	size_t size, length;
	FILE *out = open_memstream(&text, &size);
	const char *rest = without_place(sentence);

	if (!out)
		return NULL;
	length = strspn(rest, LETTERS);
	if (!option_of(rest, length))
		rest = sentence;
	else
		rest = write_word(out, rest, length, option_of(rest, length));
	while (*rest) {
		length = strspn(rest, LETTERS);
		if (length == 0)
			putc(*rest++, out);
		else
			rest = write_word(out, rest, length,
					  strcspn(rest, CAPITALS) < length ? option_of(rest, length) : NULL);
	}
	fclose(out);
	return text;
}
