/* SPDX-License-Identifier: Apache-2.0 */
#define VN_ISA scalar
#include "kern/kern_isa.h"
