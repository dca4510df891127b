/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Time for limits and reports.
 */
#ifndef VN_BASE_CLOCK_H
#define VN_BASE_CLOCK_H

double vn_now(void); /**< seconds of a clock that never goes back; the origin means nothing */

#endif
