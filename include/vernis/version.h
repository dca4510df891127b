/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Version. meson reads the numbers from here.
 */
#ifndef VERNIS_VERSION_H
#define VERNIS_VERSION_H

#include <vernis/error.h>

#define VERNIS_VERSION_MAJOR 0
#define VERNIS_VERSION_MINOR 1
#define VERNIS_VERSION_PATCH 0
#define VERNIS_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** @return the version of the library that is running, "0.1.0". Static storage. */
VERNIS_API const char *vernis_version(void);

#ifdef __cplusplus
}
#endif
#endif
