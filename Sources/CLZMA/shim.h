#pragma once
#include <lzma.h>

// Macros that Swift cannot import.
static inline lzma_stream clzma_stream(void) {
  lzma_stream stream = LZMA_STREAM_INIT;
  return stream;
}
static inline uint32_t clzma_concatenated(void) { return LZMA_CONCATENATED; }
