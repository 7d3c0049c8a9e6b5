/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers have in common. */

#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry, or that of replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define HOLDS(condition) do {                                           \
        if (!(condition)) {                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,     \
                    __LINE__, #condition);                              \
            abort();                                                    \
        }                                                               \
    } while (0)

#endif
