/* SPDX-License-Identifier: Apache-2.0 */
#define VN_ISA avx512
#include "kern/kern_isa.h"
