// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/thread_capabilities.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static void set(bool effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	const unsigned int wanted[] = {CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_ADMIN};

	if (syscall(SYS_capget, &header, data) != 0)
		return;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct __user_cap_data_struct *of = &data[CAP_TO_INDEX(wanted[i])];

		if (effective)
			of->effective |= of->permitted & CAP_TO_MASK(wanted[i]);
		else
			of->effective &= ~CAP_TO_MASK(wanted[i]);
	}
	(void)syscall(SYS_capset, &header, data);
}

void thread_capabilities_raise(void)
{
	set(true);
}

void thread_capabilities_lower(void)
{
	set(false);
}
