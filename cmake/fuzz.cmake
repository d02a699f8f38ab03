# Fuzzers: tests/fuzz/fuzz_NAME.c, libFuzzer with ASan and UBSan.
