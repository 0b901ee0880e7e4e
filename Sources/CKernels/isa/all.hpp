// Every kernel once, in the enclosing namespace, for the instruction set that CK_WIDTH and the
// target attribute in force describe.
#include "vector.hpp"
#include "philox.hpp"
#include "gemm.hpp"
#include "pack.hpp"
#include "full.hpp"
#include "edges.hpp"
#include "dense_tiles.hpp"
#include "sparse.hpp"
#ifdef CK_VNNI
#include "screen.hpp"
#else
#include "pairs.hpp"
#endif
#include "bernoulli.hpp"
#include "key_table.hpp"
#include "fastrg.hpp"
#include "graph_gradient.hpp"
#include "rows.hpp"
#include "blocks.hpp"
#include "memberships.hpp"
#include "embedding.hpp"
