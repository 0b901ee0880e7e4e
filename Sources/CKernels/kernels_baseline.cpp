// The baseline every machine of the architecture runs: SSE2 on x86-64, NEON on ARM.
#include "kernels.hpp"

#define CK_WIDTH 4
#define CK_REGISTERS 16
namespace kernels::baseline {
#include "isa/all.hpp"
}  // namespace kernels::baseline

namespace kernels {
static bool runs_here() { return true; }

const Table baseline_table = {
    .name = "baseline",
    .supported = runs_here,
#define CK_VARIANT baseline
#include "isa/table.hpp"
};
}  // namespace kernels
