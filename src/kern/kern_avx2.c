/* SPDX-License-Identifier: Apache-2.0 */
#define VN_ISA avx2
#include "kern/kern_isa.h"
