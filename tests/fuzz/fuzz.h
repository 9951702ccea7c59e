/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a harness offers: one input, judged. It aborts where a property does not hold. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
