// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a harness without a fuzzer:
 *
 *   fuzz_NAME                            one input from standard input (afl++)
 *   fuzz_NAME FILE...                    each file
 *   fuzz_NAME --mutations N FILE...      each file, then N inputs made from them, the same ones at each run
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MOST (1u << 20)

struct input {
	uint8_t *bytes;
	size_t size;
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static struct input read_all(FILE *file, const char *name)
{
	struct input input = {.bytes = malloc(INPUT_MOST)};

	if (!input.bytes)
		die(name);
	input.size = fread(input.bytes, 1, INPUT_MOST, file);
	if (ferror(file))
		die(name);
	return input;
}

static struct input read_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	struct input input;

	if (!file)
		die(name);
	input = read_all(file, name);
	fclose(file);
	return input;
}

/* Each input in an allocation of just its size, for valgrind and the sanitizers. */
static void run(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		die("malloc");
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* xorshift64*: the same numbers everywhere, so that what failed once fails again. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t below(size_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (size_t)((random_state * 0x2545f4914f6cdd1d) >> 32) % limit;
}

static void mutate_once(struct input *input, const struct input *other)
{
	static const uint8_t telling[] = {0, 1, 2, 4, 0x0a, 0x10, 0x1a, 14, 15, 24, 32, 33, 64, 127, 128, 129, 254, 255};
	size_t at = input->size ? below(input->size) : 0;
	size_t from, count;

	switch (below(6)) {
	case 0: /* a bit */
		if (input->size)
			input->bytes[at] ^= (uint8_t)(1 << below(8));
		break;
	case 1: /* a byte that means something to some length or type */
		if (input->size)
			input->bytes[at] = telling[below(sizeof(telling))];
		break;
	case 2: /* cut the end */
		input->size = at;
		break;
	case 3: /* take some out */
		count = input->size ? below(input->size - at) : 0;
		memmove(input->bytes + at, input->bytes + at + count, input->size - at - count);
		input->size -= count;
		break;
	case 4: /* something of another input in its place */
	case 5: /* or put in between */
		if (!other->size)
			break;
		from = below(other->size);
		count = 1 + below(other->size - from);
		if (count > INPUT_MOST - input->size)
			break;
		memmove(input->bytes + at + count, input->bytes + at, input->size - at);
		memcpy(input->bytes + at, other->bytes + from, count);
		input->size += count;
		break;
	}
}

static void run_mutations(const struct input *inputs, size_t count, unsigned long mutations)
{
	struct input work = {.bytes = malloc(INPUT_MOST)};

	if (!work.bytes)
		die("malloc");
	for (unsigned long i = 0; i < mutations; i++) {
		const struct input *base = &inputs[below(count)];

		memcpy(work.bytes, base->bytes, base->size);
		work.size = base->size;
		for (size_t steps = 1 + below(6); steps > 0; steps--)
			mutate_once(&work, &inputs[below(count)]);
		run(work.bytes, work.size);
	}
	free(work.bytes);
}

int main(int argc, char **argv)
{
	unsigned long mutations = 0;
	struct input *inputs;
	size_t count;
	int first = 1;

	if (argc > 2 && strcmp(argv[1], "--mutations") == 0) {
		mutations = strtoul(argv[2], NULL, 10);
		first = 3;
	}
	count = (size_t)(argc - first);
	if (count == 0) {
		struct input input = read_all(stdin, "standard input");

		run(input.bytes, input.size);
		free(input.bytes);
		return EXIT_SUCCESS;
	}
	inputs = calloc(count, sizeof(*inputs));
	if (!inputs)
		die("calloc");
	for (size_t i = 0; i < count; i++) {
		inputs[i] = read_file(argv[first + (int)i]);
		run(inputs[i].bytes, inputs[i].size);
	}
	if (mutations)
		run_mutations(inputs, count, mutations);
	printf("%zu inputs and %lu mutations\n", count, mutations);
	for (size_t i = 0; i < count; i++)
		free(inputs[i].bytes);
	free(inputs);
	return EXIT_SUCCESS;
}
