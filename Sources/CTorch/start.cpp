// Looks at the limit on memory before libtorch does.
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

/// MiB of address space below which libtorch's or Swift's own initializers, which run before `main`, end the
/// process with a crash. Measured with libtorch 2.13: crashes below 520, wants of memory seen up to 550.
constexpr rlim_t least_memory = 600;

/// Ends a process that would crash before `main`, with a sentence.
void require_memory() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= least_memory << 20) return;
  char text[160];
  const int length = snprintf(
      text, sizeof text,
      "Error: this program needs %llu MiB of address space, and may have %llu: raise `ulimit -v`\n",
      static_cast<unsigned long long>(least_memory),
      static_cast<unsigned long long>(limit.rlim_cur >> 20));
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, size_t(length));
  _exit(1);
}

/// Called by the loader before the initializers of shared libraries.
__attribute__((used,
               section(".preinit_array"))) void (*const before_initializers)() = require_memory;

}  // namespace
