/* SPDX-License-Identifier: GPL-2.0-only */
/* usage: fuzz-... FILE... - gives each to the fuzzer, without libFuzzer. */

#include "fuzz.h"

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        uint8_t *data;
        long size;

        HOLDS(f && !fseek(f, 0, SEEK_END));
        size = ftell(f);
        rewind(f);
        /* Of its size, so that a sanitizer sees each step beyond it. */
        data = malloc(size);
        HOLDS(size >= 0 && (data || !size) && fread(data, 1, size, f) == size);
        fclose(f);
        fprintf(stderr, "%s\n", argv[i]);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
