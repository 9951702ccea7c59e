// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/link_plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static const struct link_functions *functions;
static char load_error[PATH_MAX + 256] = "peering_link.so is not loaded";

/* Beside the module, wherever that was loaded from. */
static bool plugin_path(char *path, size_t size)
{
	const char *slash;
	Dl_info self;

	if (!dladdr((void *)link_load, &self) || !self.dli_fname || !(slash = strrchr(self.dli_fname, '/')))
		return false;
	return snprintf(path, size, "%.*s/%s", (int)(slash - self.dli_fname), self.dli_fname, LINK_PLUGIN_FILE) <
	       (int)size;
}

static int is_libcrypto(struct dl_phdr_info *object, size_t size, void *context)
{
	return object->dlpi_name && strstr(object->dlpi_name, "/libcrypto.so") != NULL;
}

/* Somebody was there first, and what libcrypto calls is settled: not its own functions, where another object has them. */
static bool libcrypto_is_spoilt(void)
{
	void *first = dlsym(RTLD_DEFAULT, "SHA256_Init");
	Dl_info owner;

	return dl_iterate_phdr(is_libcrypto, NULL) && first && dladdr(first, &owner) && owner.dli_fname &&
	       !strstr(owner.dli_fname, "/libcrypto.so");
}

void link_load(void)
{
	const struct link_functions *found;
	char path[PATH_MAX];
	void *handle;

	if (!plugin_path(path, sizeof(path))) {
		snprintf(load_error, sizeof(load_error), "the module's own folder is not known");
		return;
	}
	if (libcrypto_is_spoilt()) {
		snprintf(load_error, sizeof(load_error),
			 "another module has loaded OpenSSL first, which spoils it; in bgpd_options put `-M peering` in front of every other -M and restart bgpd");
		return;
	}
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	found = handle ? dlsym(handle, LINK_PLUGIN_SYMBOL) : NULL;
	if (!found) {
		snprintf(load_error, sizeof(load_error), "%s cannot be loaded: %s", path, dlerror());
	} else if (strcmp(found->package_version, PEERING_PACKAGE_VERSION) != 0) {
		snprintf(load_error, sizeof(load_error), "%s is of version %s, this module is of version %s; install both anew",
			 path, found->package_version, PEERING_PACKAGE_VERSION);
	} else {
		functions = found;
	}
}

const char *link_load_error(void)
{
	return functions ? NULL : load_error;
}

struct link *link_new(const struct link_settings *settings, struct mailbox *events)
{
	if (!functions) {
		errno = ELIBACC;
		return NULL;
	}
	return functions->make(settings, events);
}

bool link_start(struct link *link)
{
	return functions->start(link);
}

enum link_taken link_transition(struct link *link, const Peering__Transition *transition)
{
	return functions->transition(link, transition);
}

bool link_feed(struct link *link, uint64_t behind)
{
	return functions->feed(link, behind);
}

void link_fed(struct link *link)
{
	functions->fed(link);
}

void link_pushed(struct link *link, const char *push, uint64_t revision)
{
	functions->pushed(link, push, revision);
}

enum link_sent link_send(struct link *link, const Peering__Envelope *envelope)
{
	return functions->send(link, envelope);
}

bool link_has_room(struct link *link)
{
	return functions->has_room(link);
}

void link_figures(struct link *link, struct link_figures *figures)
{
	functions->figures(link, figures);
}

uint64_t link_stop(struct link *link)
{
	return functions->stop(link);
}

void link_event_free(struct mail *mail)
{
	functions->event_free(mail);
}

struct secret_key *secret_key_load(const char *path, char *error, size_t error_size)
{
	if (functions)
		return functions->secret_key_load(path, error, error_size);
	snprintf(error, error_size, "%s", load_error);
	return NULL;
}

bool secret_seal(const struct secret_key *key, const char *place, const char *text, char sealed[SECRET_SEALED_SIZE])
{
	return functions->secret_seal(key, place, text, sealed);
}

bool secret_open(const struct secret_key *key, const char *place, const char *sealed, char text[SECRET_TEXT_MAX + 1])
{
	return functions->secret_open(key, place, sealed, text);
}
