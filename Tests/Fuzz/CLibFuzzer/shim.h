#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop, for programs with a `main` of their own. It reads its flags from the arguments and returns an exit
/// code; a finding ends the process. libFuzzer ships without a header that says so.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
