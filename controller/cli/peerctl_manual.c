// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_manual.h"

#include <stdio.h>

#include "peering-config.h"

static const char beginning[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".TH PEERCTL 1 \"\" \"frr-peering " PACKAGE_VERSION "\" \"User Commands\"\n"
	".SH NAME\n"
	"peerctl \\- ask a peering\\-controller\n"
	".SH SYNOPSIS\n"
	".B peerctl\n"
	".I COMMAND\n"
	".RI [ ARGUMENT ]...\n"
	".RI [ OPTION ]...\n"
	".SH DESCRIPTION\n"
	"The API of peering\\-controller for people and scripts: which routers report, which connections there are, what\n"
	"they wait for, and the verbs of their lifecycle. Tables are for people,\n"
	".B \\-o json\n"
	"is for scripts. Options may stand anywhere.\n"
	".SH COMMANDS\n";

static const char end[] =
	".SH ENVIRONMENT\n"
	"What an option says goes before the variable, the variable before the files.\n"
	".SH FILES\n"
	".TP\n"
	".I ~/.config/peerctl.conf\n"
	".TQ\n"
	".I /etc/peering\\-controller/peerctl.conf\n"
	"Lines\n"
	".IR \"KEY \" = \" VALUE\" ;\n"
	"# begins a comment.\n"
	".SH EXIT STATUS\n"
	"0 done, 1 refused (the reason is on standard error), 2 wrong usage, 3 the controller was not reached.\n"
	".SH EXAMPLES\n"
	".EX\n"
	"peerctl connections \\-\\-state Validating\n"
	"peerctl request edge1.example.net PNI\\-ACME \\-\\-asn 64510 \\-\\-neighbor 192.0.2.2\n"
	"peerctl export >peerings.json\n"
	"peerctl apply \\-f peerings.json \\-\\-dry\\-run\n"
	".EE\n"
	".SH SEE ALSO\n"
	".BR peering\\-controller (8),\n"
	"controller.md in the documentation of this package.\n";

/* As it stands: no character of it means anything to troff. */
static void print_plain(const char *text)
{
	for (const char *at = text; *at; at++) {
		if ((*at == '.' || *at == '\'') && (at == text || at[-1] == '\n'))
			fputs("\\&", stdout);
		if (*at == '\\')
			fputs("\\e", stdout);
		else if (*at == '-')
			fputs("\\-", stdout);
		else
			putchar(*at);
	}
}

static void print_block(const char *text)
{
	puts(".nf");
	print_plain(text);
	puts(".fi");
}

void manual_print(const struct command *commands, size_t count, const char *const *verb_options,
		  const char *common_options)
{
	fputs(beginning, stdout);
	for (size_t i = 0; i < count; i++) {
		fputs(".SS \"", stdout);
		print_plain(commands[i].usage);
		puts("\"");
		print_block(commands[i].help);
	}
	puts(".SH OPTIONS OF REQUESTS AND VERBS");
	for (; *verb_options; verb_options++)
		print_block(*verb_options);
	puts(".SH OPTIONS OF EVERY COMMAND");
	print_block(common_options);
	fputs(end, stdout);
}
