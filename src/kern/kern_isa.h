/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled once per instruction set (kern_scalar.c, kern_avx2.c, kern_avx512.c, kern_amx.c): defines all kernels as static
 * functions and exports one table. No include guard needed: each file includes it once, after defining VN_ISA. */
#include "kern/kern.h"

#include "kern/kern_direct.h"
#include "kern/kern_loop.h"
#include "kern/kern_nn.h"
#include "kern/kern_norm.h"
#include "kern/kern_pixel.h"
#include "kern/kern_tiles.h"
#include "kern/kern_winograd.h"

#define VN_TABLE_(isa) vn_kern_table_##isa
#define VN_TABLE(isa) VN_TABLE_(isa)
extern const VnKern VN_TABLE(VN_ISA);
const VnKern VN_TABLE(VN_ISA) = {
#define VN_KERNEL(name, arguments) .name = name,
#include "kern/kern_list.h"
#undef VN_KERNEL
};
