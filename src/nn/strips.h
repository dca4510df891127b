/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Which operations of a program run together, depth-first: a strip of rows of the first, then what the second can make of
 * it, and so on. What only they use is then never there as a whole: a window of rows is, which moves down
 * (Alwani et al., "Fused-layer CNN accelerators", 2016; nothing is computed twice). Private to nn.
 */
#ifndef VN_NN_STRIPS_H
#define VN_NN_STRIPS_H

#include "nn/program.h"

/** Where in a section its operations are. */
typedef struct VnStrips {
    const VnProgram *program;
    const VnSection *section;
    unsigned next;             /**< operation that comes next, counted from the section's first */
    uint32_t done[VN_MAX_OPS]; /**< rows that each has made */
} VnStrips;

/** Some rows of one operation. */
typedef struct VnStrip {
    unsigned op;
    uint32_t y0, y1;
    uint32_t keep; /**< rows of `to` above this one are not needed any more, where `to` has a window */
} VnStrip;

/** Find the sections of a program that is made and not yet laid out, and give the values inside them windows.
 * @param threads of the pool; @param narrow as low strips as there can be: less memory, and less for each thread to do */
void vn_strips_find(VnProgram *program, unsigned threads, bool narrow);

/** At the start of a section. */
VnStrips vn_strips_start(const VnProgram *program, const VnSection *section);

/** Take the next piece of work; what came before is done. @return false: there is none left */
bool vn_strips_next(VnStrips *strips, VnStrip *out);

#endif
