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

/* Of a request, name and value, that was taken from a specification. */
#define HOLDS_REQUEST(kv) do {                                          \
        const char *p_ = (kv)[1];                                       \
        HOLDS(libxl_device_config_key_valid((kv)[0]));                  \
        HOLDS(strncmp((kv)[0], "config-", 7));                          \
        HOLDS(p_ && *p_);                                               \
        for (; *p_; p_++)                                               \
            HOLDS(*p_ > ' ' && *p_ <= '~' && !strchr(",;=", *p_));      \
    } while (0)

#endif
