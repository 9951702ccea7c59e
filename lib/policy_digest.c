// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/policy_digest.h"

#define BASE UINT64_C(14695981039346656037)
#define PRIME UINT64_C(1099511628211)

/* What is packed is counted in, and kept nowhere. */
struct digest {
	ProtobufCBuffer base; /* first: protobuf-c hands it back */
	uint64_t value;
};

static void append(ProtobufCBuffer *buffer, size_t length, const uint8_t *data)
{
	struct digest *digest = (struct digest *)buffer;

	for (size_t i = 0; i < length; i++)
		digest->value = (digest->value ^ data[i]) * PRIME;
}

uint64_t policy_digest(const Peering__Policy *policy)
{
	struct digest digest = {.base.append = append, .value = BASE};

	protobuf_c_message_pack_to_buffer(&policy->base, &digest.base);
	return digest.value ? digest.value : 1;
}
