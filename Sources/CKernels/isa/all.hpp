// Every kernel once, in the enclosing namespace, for the instruction set that CK_WIDTH and the
// target attribute in force describe.
#include "vector.hpp"
#include "philox.hpp"
#include "gemm.hpp"
#include "pack.hpp"
#include "full.hpp"
#include "edges.hpp"
#include "sparse.hpp"
#include "bernoulli.hpp"
#include "key_table.hpp"
#include "fastrg.hpp"
#include "graph_gradient.hpp"
