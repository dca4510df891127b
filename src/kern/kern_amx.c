/* SPDX-License-Identifier: Apache-2.0 */
#define VN_ISA amx
#include "kern/kern_isa.h"
