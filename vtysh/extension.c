// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Teaches Debian's unmodified vtysh the peering commands.
 *
 * vtysh's grammar is compiled in. Its main() calls vty_init_vtysh(), which is empty in libfrr, after it has installed
 * its own commands and before it reads a line. This object is preloaded into vtysh and defines that function: it adds
 * our commands as vtysh's own are, a grammar without a function, marked for bgpd. vtysh then completes them, helps with
 * them and passes them to bgpd.
 *
 * It must never break vtysh, which boots the router's configuration. So it does nothing where libfrr is of another
 * version than the one it was compiled for (node numbers and structures differ), and loads into any process: what it
 * takes from libfrr is weak, the linker in a process without libfrr finds nothing missing. It carries no xref of FRR's,
 * which would ask for a section that libfrr walks.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/zebra.h"
#include "lib/version.h"
#include "lib/command.h"
#include "lib/module.h"
#include "lib/vty.h"
#include "vtysh/vtysh.h"

#include <dlfcn.h>

#include "vtysh/own_variables.h"
#include "vtysh/preload.h"

#pragma weak frrmod_list
#pragma weak _install_element

struct extension_command {
	enum node_type node;
	struct cmd_element element;
};

/* Without a function the command is the daemon's business, with `daemon` of bgpd alone it is sent to no other. */
#define PEERING_COMMAND(node_, function_, string_, help_)                                                              \
	{                                                                                                              \
		.node = node_,                                                                                         \
		.element = {                                                                                           \
			.string = string_,                                                                             \
			.doc = help_,                                                                                  \
			.daemon = VTYSH_BGPD,                                                                          \
			.name = #function_,                                                                            \
		},                                                                                                     \
	},
static struct extension_command commands[] = {
#include "vtysh/commands.def"
};
#undef PEERING_COMMAND

/* Whether this is the libfrr that the commands were compiled for. */
static bool fits(void)
{
	if (!&frrmod_list || !_install_element || !frrmod_list || !frrmod_list->info || !frrmod_list->info->version)
		return false;
	if (strcmp(frrmod_list->info->version, FRR_VERSION) == 0)
		return true;
	/* A script that reads vtysh's output gets none of our words. */
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		fprintf(stderr,
			"The peering commands are unknown here: frr-peering was built for FRR %s, this is %s. Install the frr-peering of this version.\n",
			FRR_VERSION, frrmod_list->info->version);
	return false;
}

/* vtysh's pager, its shells and whatever else it starts must not load this. */
static void leave_environment(void)
{
	Dl_info self;

	if (dladdr((void *)vty_init_vtysh, &self) && self.dli_fname)
		preload_forget(self.dli_fname);
}

/* vtysh calls this once. Another preloaded object, or a later libfrr, may have one as well. */
__attribute__((visibility("default"))) void vty_init_vtysh(void)
{
	void (*next)(void) = NULL;

	leave_environment();
	*(void **)&next = dlsym(RTLD_NEXT, "vty_init_vtysh");
	if (next)
		next();

	if (!fits())
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		commands[i].element.string = own_variables(commands[i].element.string);
		_install_element(commands[i].node, &commands[i].element);
	}
}
