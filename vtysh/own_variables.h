/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FRR completes a variable by its name alone, and WORD$name is the name of other commands' variables, too. So WORD$name of
 * commands.def is WORD$peering_name in the grammar that bgpd and vtysh get: vtysh then asks bgpd for names of connections
 * there, and nowhere else.
 */
#ifndef PEERING_OWN_VARIABLES_H
#define PEERING_OWN_VARIABLES_H

#include <stdlib.h>
#include <string.h>

#define OWN_VARIABLE_PREFIX "peering_"

/* The grammar of a command with the prefix in front of the name of each WORD. For ever: never freed. */
static inline const char *own_variables(const char *grammar)
{
	static const char begin[] = "WORD$";
	size_t count = 0;
	char *copy, *to;

	for (const char *at = grammar; (at = strstr(at, begin)); at += sizeof(begin) - 1)
		count++;
	copy = count ? malloc(strlen(grammar) + count * strlen(OWN_VARIABLE_PREFIX) + 1) : NULL;
	if (!copy)
		return grammar;
	to = copy;
	for (const char *at; (at = strstr(grammar, begin)); grammar = at) {
		at += sizeof(begin) - 1;
		to = (char *)memcpy(to, grammar, (size_t)(at - grammar)) + (at - grammar);
		to = (char *)memcpy(to, OWN_VARIABLE_PREFIX, strlen(OWN_VARIABLE_PREFIX)) + strlen(OWN_VARIABLE_PREFIX);
	}
	strcpy(to, grammar);
	return copy;
}

#endif
