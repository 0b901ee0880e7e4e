// Starting kernels: NVRTC and the driver on a device, fibers on the host.
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <ucontext.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "CTorch.h"
#include "ctorch_bridge.hpp"
#include "ctorch_device.hpp"
#include "ctorch_emulation.hpp"

namespace {

thread_local bool emulates = false;

// MARK: NVRTC and the driver

/// The functions of NVRTC and of the driver that are used, found when the program runs. Their handles
/// are pointers, their statuses integers with 0 for success.
struct Driver {
  int (*create)(void **, const char *, const char *, int, const char *const *, const char *const *);
  int (*compile)(void *, int, const char *const *);
  int (*ptx_size)(void *, size_t *);
  int (*ptx)(void *, char *);
  int (*log_size)(void *, size_t *);
  int (*log)(void *, char *);
  int (*destroy)(void **);
  int (*device)(int *, int);
  int (*attribute)(int *, int, int);
  int (*device_name)(char *, int, int);
  int (*retain_context)(void **, int);
  int (*set_context)(void *);
  int (*load_module)(void **, const void *);
  int (*function)(void **, void *, const char *);
  int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                void *, void **, void **);
  int (*error)(int, const char **);

  Driver() {
    // libtorch's own stub is linked against both, and knows where they are.
    const char *library = "libcaffe2_nvrtc.so";
    void *handle = dlopen(library, RTLD_NOW);
    if (!handle) {
      const char *reason = dlerror();
      TORCH_CHECK(false, "NVRTC cannot be loaded: ", reason ? reason : library);
    }
    find(handle, "nvrtcCreateProgram", create);
    load_builtins();
    find(handle, "nvrtcCompileProgram", compile);
    find(handle, "nvrtcGetPTXSize", ptx_size), find(handle, "nvrtcGetPTX", ptx);
    find(handle, "nvrtcGetProgramLogSize", log_size), find(handle, "nvrtcGetProgramLog", log);
    find(handle, "nvrtcDestroyProgram", destroy), find(handle, "cuDeviceGet", device);
    find(handle, "cuDeviceGetAttribute", attribute);
    find(handle, "cuDeviceGetName", device_name);
    find(handle, "cuDevicePrimaryCtxRetain", retain_context);
    find(handle, "cuCtxSetCurrent", set_context), find(handle, "cuModuleLoadData", load_module);
    find(handle, "cuModuleGetFunction", function), find(handle, "cuLaunchKernel", launch);
    find(handle, "cuGetErrorString", error);
  }

  template <class Function>
  static void find(void *handle, const char *name, Function &function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    TORCH_CHECK(function, "the driver or NVRTC has no function ", name);
  }

  /// NVRTC looks for its second library by name alone; it lies beside the first, where nobody else looks.
  void load_builtins() const {
    Dl_info info;
    if (!dladdr(reinterpret_cast<void *>(create), &info) || !info.dli_fname) return;
    std::error_code error;
    const auto folder = std::filesystem::path(info.dli_fname).parent_path();
    for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("libnvrtc-builtins.so"))
        dlopen(entry.path().c_str(), RTLD_NOW | RTLD_GLOBAL);
    }
  }

  void check(int status, const char *what) const {
    if (status == 0) return;
    const char *message = nullptr;
    error(status, &message);
    TORCH_CHECK(false, what, ": ", message ? message : "error ", status);
  }
};

const Driver &driver() {
  static const Driver driver;
  return driver;
}

/// PTX of a source for a device of `architecture`, such as 90.
std::string compile(const ctorch::DeviceKernel &kernel, int architecture) {
  const Driver &d = driver();
  void *program = nullptr;
  const std::string file = std::string(kernel.name) + ".cu";
  const std::string source =
      std::string("#define KERNEL extern \"C\" __global__\n") + kernel.source;
  TORCH_CHECK(d.create(&program, source.c_str(), file.c_str(), 0, nullptr, nullptr) == 0,
              "NVRTC does not take ", file);
  const std::string target = "--gpu-architecture=compute_" + std::to_string(architecture);
  const std::string wanted = std::string("-DKERNEL_") + kernel.name;
  const char *const options[] = {target.c_str(), "--std=c++17", wanted.c_str()};
  const int status = d.compile(program, 3, options);
  std::string text;
  size_t size = 0;
  if (status != 0) {
    d.log_size(program, &size);
    text.resize(size);
    d.log(program, text.data());
    d.destroy(&program);
    TORCH_CHECK(false, "NVRTC cannot compile ", file, ": ", text);
  }
  d.ptx_size(program, &size);
  text.resize(size);
  d.ptx(program, text.data());
  d.destroy(&program);
  return text;
}

/// A device's context, and the functions that were compiled for it.
struct DeviceState {
  void *context = nullptr;
  int architecture = 0;
  std::map<std::string, void *> functions;

  explicit DeviceState(int index) {
    const Driver &d = driver();
    int device = 0, major = 0, minor = 0;
    d.check(d.device(&device, index), "cuDeviceGet");
    // 75 and 76: the compute capability.
    d.check(d.attribute(&major, 75, device), "cuDeviceGetAttribute");
    d.check(d.attribute(&minor, 76, device), "cuDeviceGetAttribute");
    architecture = 10 * major + minor;
    // The context that libtorch uses, too.
    d.check(d.retain_context(&context, device), "cuDevicePrimaryCtxRetain");
  }

  void *function(const ctorch::DeviceKernel &kernel) {
    void *&found = functions[kernel.name];
    if (!found) {
      const Driver &d = driver();
      void *module = nullptr;
      d.check(d.load_module(&module, compile(kernel, architecture).c_str()), "cuModuleLoadData");
      d.check(d.function(&found, module, kernel.name), "cuModuleGetFunction");
    }
    return found;
  }
};

void launch_on_device(const ctorch::DeviceKernel &kernel, int index, unsigned blocks_x,
                      unsigned blocks_y, unsigned threads, const void *parameters) {
  static std::mutex mutex;
  static std::map<int, DeviceState> states;
  const Driver &d = driver();
  void *function;
  {
    const std::lock_guard lock(mutex);
    DeviceState &state = states.try_emplace(index, index).first->second;
    // The thread may not have used the device before.
    d.check(d.set_context(state.context), "cuCtxSetCurrent");
    function = state.function(kernel);
  }
  void *arguments[] = {const_cast<void *>(parameters)};
  // Everything here runs on libtorch's default stream, which is the device's.
  d.check(d.launch(function, blocks_x, blocks_y, 1, threads, 1, 1, 0, nullptr, arguments, nullptr),
          kernel.name);
}

// MARK: Fibers

/// The threads of the block that is running.
struct Block {
  struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    bool is_done = false;
  };
  /// A barrier's generation, and how many have arrived for the next one.
  struct Barrier {
    unsigned generation = 0, arrived = 0;
  };

  std::vector<Fiber> fibers;
  ucontext_t scheduler;
  Barrier all;
  std::vector<Barrier> warps;
  std::vector<unsigned> slots;  // what a thread hands to its warp
  size_t running = 0;
  const ctorch::DeviceKernel *kernel = nullptr;
  const void *parameters = nullptr;

  void yield() {
    const size_t me = running;
    swapcontext(&fibers[me].context, &scheduler);
    running = me;
    ctorch::emulation::thread.x = unsigned(me);
  }

  void wait(Barrier &barrier, unsigned count) {
    const unsigned generation = barrier.generation;
    if (++barrier.arrived == count) {
      barrier.arrived = 0;
      ++barrier.generation;
    }
    while (barrier.generation == generation) yield();
  }
};
thread_local Block *current = nullptr;

void fiber() {
  Block &block = *current;
  const size_t me = block.running;
  block.kernel->on_host(block.parameters);
  block.fibers[me].is_done = true;
}

void run_block(Block &block, unsigned threads) {
  constexpr size_t stack = 64 << 10;
  block.fibers.resize(threads);
  block.all = {};
  block.warps.assign((threads + 31) / 32, {});
  block.slots.assign(threads, 0);
  for (auto &fiber_ : block.fibers) {
    if (!fiber_.stack) fiber_.stack = std::make_unique<char[]>(stack);
    fiber_.is_done = false;
    getcontext(&fiber_.context);
    fiber_.context.uc_stack.ss_sp = fiber_.stack.get();
    fiber_.context.uc_stack.ss_size = stack;
    fiber_.context.uc_link = &block.scheduler;
    makecontext(&fiber_.context, fiber, 0);
  }
  for (bool active = true; active;) {
    active = false;
    for (size_t i = 0; i < block.fibers.size(); ++i) {
      if (block.fibers[i].is_done) continue;
      active = true;
      block.running = i;
      ctorch::emulation::thread = {unsigned(i), 0, 0};
      swapcontext(&block.scheduler, &block.fibers[i].context);
    }
  }
}

void launch_on_host(const ctorch::DeviceKernel &kernel, unsigned blocks_x, unsigned blocks_y,
                    unsigned threads, const void *parameters) {
  namespace emulation = ctorch::emulation;
  Block block;
  block.kernel = &kernel, block.parameters = parameters;
  current = &block;
  emulation::threads = {threads, 1, 1};
  emulation::blocks = {blocks_x, blocks_y, 1};
  for (unsigned y = 0; y < blocks_y; ++y) {
    for (unsigned x = 0; x < blocks_x; ++x) {
      emulation::block = {x, y, 0};
      run_block(block, threads);
    }
  }
  current = nullptr;
}

}  // namespace

namespace ctorch {

namespace emulation {

thread_local Index thread, block, threads, blocks;

void wait_for_block() { current->wait(current->all, threads.x); }

unsigned exchange(unsigned bits, unsigned lane) {
  Block &all = *current;
  const size_t me = all.running, first = me / 32 * 32;
  const unsigned count = unsigned(std::min<size_t>(32, all.fibers.size() - first));
  all.slots[me] = bits;
  all.wait(all.warps[me / 32], count);
  const unsigned result = all.slots[first + lane];
  // Nobody hands out the next value before all have read this one.
  all.wait(all.warps[me / 32], count);
  return result;
}

unsigned ballot(bool yes) {
  Block &all = *current;
  const size_t me = all.running, first = me / 32 * 32;
  const unsigned count = unsigned(std::min<size_t>(32, all.fibers.size() - first));
  all.slots[me] = yes;
  all.wait(all.warps[me / 32], count);
  unsigned bits = 0;
  for (unsigned lane = 0; lane < count; ++lane) bits |= all.slots[first + lane] << lane;
  all.wait(all.warps[me / 32], count);
  return bits;
}

}  // namespace emulation

std::string device_name(c10::Device device) {
  const Driver &d = driver();
  int index = 0;
  char name[256] = {};
  d.check(d.device(&index, device.has_index() ? device.index() : 0), "cuDeviceGet");
  d.check(d.device_name(name, sizeof name, index), "cuDeviceGetName");
  return name;
}

bool emulates_device() noexcept { return emulates; }

void launch(const DeviceKernel &kernel, c10::Device device, unsigned blocks_x, unsigned blocks_y,
            unsigned threads, const void *parameters) {
  if (device.is_cpu()) {
    launch_on_host(kernel, blocks_x, blocks_y, threads, parameters);
  } else {
    TORCH_CHECK(device.is_cuda(), "kernels run on CUDA devices, not on ", device);
    launch_on_device(kernel, device.has_index() ? device.index() : 0, blocks_x, blocks_y, threads,
                     parameters);
  }
}

}  // namespace ctorch

int ct_emulate_device(int on) {
  const bool before = emulates;
  emulates = on != 0;
  return before;
}
